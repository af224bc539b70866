"""The daemon as a program: it says when it is ready, and ends when it is told to."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable

import structlog

from noond import sd_notify
from noond.app.collecting import leave_out_what_stays
from noond.app.daemon import open_daemon
from noond.config import Settings

log = structlog.get_logger(__name__)


async def serve(settings: Settings, *, on_ready: Callable[[str], None] | None = None) -> None:
    """Run a daemon until SIGTERM or SIGINT; `on_ready` is called with its URL."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with open_daemon(settings) as daemon:
        leave_out_what_stays()
        daemon.warm.add_done_callback(lambda _: leave_out_what_stays())
        sd_notify.notify("READY=1")
        log.info("ready", url=daemon.url)
        if on_ready is not None:
            on_ready(daemon.url)
        await stop.wait()
        log.info("stopping")
        sd_notify.notify("STOPPING=1")
    log.info("stopped")
