"""From an application to a server: TLS, the address it listens on, and its end."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web

from noond.config import ServerSettings
from noond.errors import ConfigError

_CLOSE_SECONDS: Final = 1.0
"""How long an open HTTP request may take to end at stop."""


def tls_context(server: ServerSettings) -> ssl.SSLContext | None:
    """The context of `server.tls_cert`; None without one. Raises ConfigError."""
    if server.tls_cert is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(server.tls_cert, server.tls_key)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"server.tls_cert {server.tls_cert} and server.tls_key {server.tls_key} "
            f"can't be used: {error}"
        ) from None
    return context


@asynccontextmanager
async def handling(application: web.Application) -> AsyncIterator[web.AppRunner]:
    """Ready to handle requests; at the end those that are open get a second."""
    runner = web.AppRunner(
        application,
        auto_decompress=False,
        access_log=None,
        handle_signals=False,
        shutdown_timeout=_CLOSE_SECONDS,
    )
    await runner.setup()
    try:
        yield runner
    finally:
        await runner.cleanup()


@asynccontextmanager
async def listening(
    runner: web.AppRunner, server: ServerSettings, tls: ssl.SSLContext | None
) -> AsyncIterator[str]:
    """Take connections; gives the URL. Raises ConfigError for an address that can't be had."""
    site = web.TCPSite(runner, server.host, server.port, ssl_context=tls, reuse_address=True)
    try:
        await site.start()
    except OSError as error:
        raise ConfigError(
            f"can't listen on {server.host} port {server.port}: {error.strerror}; "
            "choose another with server.host and server.port, or stop what uses it"
        ) from None
    try:
        port = runner.addresses[0][1]
        yield f"{'https' if tls else 'http'}://{_reachable(server.host)}:{port}"
    finally:
        await site.stop()


def _reachable(host: str) -> str:
    """The host under which this machine reaches an address to listen on."""
    if host in ("0.0.0.0", "::"):  # noqa: S104 - the addresses that mean every interface
        return "localhost"
    return f"[{host}]" if ":" in host else host
