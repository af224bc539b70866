"""What waits to be sent: one writer per socket, answers before files."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from noond.device.packing import encoded
from noond.hub.frames import Frame


class Outbox:
    """Queues of one connection. Control frames never wait behind more than one bulk frame."""

    def __init__(self) -> None:
        self._control: deque[bytes] = deque()
        self._bulk: deque[tuple[bytes, asyncio.Future[None]]] = deque()
        self._filled = asyncio.Event()

    def control(self, frame: Frame) -> None:
        """Queue an answer; never waits. There are as few as the daemon has calls open."""
        self._control.append(encoded(frame))
        self._filled.set()

    async def bulk(self, message: bytes) -> None:
        """Send an encoded frame in turn and return when the socket took it.

        Cancelling before that withdraws the frame.
        """
        taken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._bulk.append((message, taken))
        self._filled.set()
        await taken

    async def write_all(self, send: Callable[[bytes], Awaitable[None]]) -> None:
        """The writer task: runs until cancelled, or raises what `send` raises."""
        while True:
            if self._control:
                await send(self._control.popleft())
            elif self._bulk:
                message, taken = self._bulk.popleft()
                if taken.done():
                    continue  # withdrawn
                await send(message)
                if not taken.done():
                    taken.set_result(None)
            else:
                self._filled.clear()
                await self._filled.wait()
