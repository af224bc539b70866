"""The hub by itself, served as the daemon serves it; nothing is behind it."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import structlog
from aiohttp import web

from noond.config import HubSettings
from noond.hub.frames import SUBPROTOCOL, DeviceHello
from noond.hub.hub import Hub
from noond.tasks import Supervisor

HOST = "127.0.0.1"
USER = "ana"
PING = b"\x89\0"
PONG = b"\x8a\x80\0\0\0\0"
"""RFC 6455, section 5.5, both without a message; the client's mask is four zeros."""
SETTINGS = HubSettings()


async def socket_of(request: web.Request) -> web.WebSocketResponse:
    """A device's WebSocket with the daemon's options."""
    ws = web.WebSocketResponse(
        protocols=(SUBPROTOCOL,),
        autoping=False,
        compress=False,
        decode_text=False,
        max_msg_size=SETTINGS.frame_bytes + 1,
    )
    await ws.prepare(request)
    return ws


@asynccontextmanager
async def application_served(
    connect: Callable[[web.Request], Awaitable[web.StreamResponse]],
) -> AsyncIterator[int]:
    """An aiohttp server with that one route; its port."""
    application = web.Application()
    application.router.add_get("/ws/device", connect)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, HOST, 0, backlog=1024).start()
    yield runner.addresses[0][1]
    await runner.cleanup()


@asynccontextmanager
async def hub_served(
    on_online: Callable[[str, str], None] = lambda *_: None,
) -> AsyncIterator[tuple[Hub, int]]:
    """A hub and the port it listens on; a device names itself in the query, as `?device=`.

    Only errors are logged: a benchmark's standard output is its report.
    """
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))

    async def greet(_user_id: str, _hello: DeviceHello) -> int:
        return 0

    async with Supervisor() as tasks:
        hub = Hub(
            SETTINGS,
            file_bytes=SETTINGS.frame_bytes,
            tasks=tasks,
            greet=greet,
            on_online=on_online,
            on_offline=lambda *_: None,
            on_review=lambda *_: None,
        )

        async def connect(request: web.Request) -> web.StreamResponse:
            ws = await socket_of(request)
            device_id = request.query["device"]
            await hub.serve(ws, request.transport, user_id=USER, device_id=device_id)
            return ws

        async with application_served(connect) as port:
            yield hub, port
            await hub.close()
