"""A webhook's other side: a real HTTP server on loopback that answers as the test says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(slots=True, kw_only=True)
class Receiver:
    """Keeps what it was sent. `answers` are the next statuses; after them it is 204."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    requests: list[Received] = field(default_factory=list)
    arrived: asyncio.Queue[Received] = field(default_factory=asyncio.Queue)

    async def handle(self, request: web.Request) -> web.Response:
        received = Received(
            path=request.path, headers=dict(request.headers), body=await request.read()
        )
        self.requests.append(received)
        self.arrived.put_nowait(received)
        status = self.answers.pop(0) if self.answers else 204
        headers = {"Location": f"{self.url}/elsewhere"} if 300 <= status < 400 else {}
        return web.Response(status=status, headers=headers)

    async def next(self) -> Received:
        """The next request."""
        async with asyncio.timeout(10):
            return await self.arrived.get()


@asynccontextmanager
async def webhook_receiver(answers: Sequence[int] = ()) -> AsyncIterator[Receiver]:
    """Runs while the block does."""
    receiver = Receiver(answers=list(answers))
    application = web.Application(client_max_size=10 * 1024 * 1024)
    application.router.add_route("*", "/{path:.*}", receiver.handle)
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield receiver
    finally:
        await runner.cleanup()
