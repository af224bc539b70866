"""A hub behind a real server, without the rest of the daemon. A device's token is its id."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import hdrs, web
from scripted_device import WAIT_SECONDS

from noond.config import HubSettings
from noond.hub.connection import Connection
from noond.hub.frames import SUBPROTOCOL, DeviceHello, Review, ToolCall
from noond.hub.hub import Hub
from noond.tasks import Supervisor

USER = "ana"


class RunningHub:
    """The hub and what it told those above it."""

    def __init__(self, settings: HubSettings) -> None:
        self.hub: Hub
        self.url: str
        self.settings = settings
        self.told: list[tuple[str, str]] = []
        """`online` or `offline` and the device's id, in order."""
        self.reviews: list[Review] = []
        self._changed = asyncio.Event()

    def tell(self, what: str, device_id: str) -> None:
        """Note what the hub said."""
        self.told.append((what, device_id))
        self._changed.set()

    async def until(self, what: str, device_id: str = "laptop") -> None:
        """Wait until the hub has said so."""
        while (what, device_id) not in self.told:
            await self.changed()

    async def changed(self) -> None:
        """Wait for the hub to say something new."""
        self._changed.clear()
        async with asyncio.timeout(WAIT_SECONDS):
            await self._changed.wait()

    def call(
        self, call_id: str, *, device_id: str = "laptop", body: str = "b"
    ) -> asyncio.Task[dict[str, Any]]:
        """Begin a call."""
        frame = ToolCall(id=call_id, action="notify", title="t", body=body, deadline_ms=1000)
        return asyncio.ensure_future(self.hub.call(USER, device_id, frame))


async def known(_user_id: str, _hello: DeviceHello) -> int:
    """A greeting that lets everybody in."""
    return 0


@asynccontextmanager
async def running_hub(
    *, greet: Callable[[str, DeviceHello], Awaitable[int | None]] = known, **settings: Any
) -> AsyncIterator[RunningHub]:
    """Serve a hub with these settings on a free port of the loopback."""
    running = RunningHub(HubSettings(**settings))

    def review(_connection: Connection, frame: Review) -> None:
        running.reviews.append(frame)

    async def connect(request: web.Request) -> web.StreamResponse:
        ws = web.WebSocketResponse(
            protocols=(SUBPROTOCOL,),
            autoping=False,
            compress=False,
            decode_text=False,
            max_msg_size=running.settings.frame_bytes + 1,
        )
        await ws.prepare(request)
        device_id = request.headers[hdrs.AUTHORIZATION].removeprefix("Bearer ")
        await running.hub.serve(ws, request.transport, user_id=USER, device_id=device_id)
        return ws

    async with Supervisor() as tasks:
        running.hub = Hub(
            running.settings,
            file_bytes=16_777_216,
            tasks=tasks,
            greet=greet,
            on_online=lambda _, device_id: running.tell("online", device_id),
            on_offline=lambda _, device_id: running.tell("offline", device_id),
            on_review=review,
        )
        application = web.Application()
        application.router.add_get("/ws/device", connect)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            running.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            yield running
        finally:
            await running.hub.close()
            await runner.cleanup()
