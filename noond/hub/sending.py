"""What waits to be sent on a socket: a byte-capped queue, control before bulk."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections import deque
from collections.abc import Callable
from typing import Final

from aiohttp import WSMsgType, web

from noond.hub.calls import Call

_FRAME_OVERHEAD: Final = 128
"""Bytes that a queued frame costs besides its message."""

_WRITE_BYTES: Final = 65_536
"""Frames leave together up to about this size."""

_Queued = tuple[bytes, WSMsgType, Call | None]


class SendQueue:
    """Takes messages without waiting and sends them as the peer reads them.

    `more` is called when all were sent; it may put others, and says whether it did.
    """

    __slots__ = (
        "_bulk",
        "_bytes",
        "_cap_bytes",
        "_control",
        "_flushing",
        "_more",
        "_transport",
        "_writer",
        "_ws",
    )

    def __init__(
        self,
        ws: web.WebSocketResponse,
        transport: asyncio.Transport,
        *,
        cap_bytes: int,
        more: Callable[[], bool] | None = None,
    ) -> None:
        self._ws = ws
        self._transport = transport
        self._cap_bytes = cap_bytes
        self._more = more
        self._bytes = 0
        self._control: deque[_Queued] = deque()
        self._bulk: deque[_Queued] = deque()
        self._flushing: asyncio.Handle | None = None
        self._writer: asyncio.Task[None] | None = None

    @property
    def queued_bytes(self) -> int:
        """What waits to be sent, overhead included."""
        return self._bytes

    def write_through(self, message: bytes, kind: WSMsgType) -> bool:
        """Send a message at once; False when others wait or the peer has not read them yet."""
        transport = self._transport
        if self._bytes or transport.get_write_buffer_size() or transport.is_closing():
            return False
        transport.write(_header(kind, len(message)) + message)
        return True

    def put(
        self, message: bytes, kind: WSMsgType, *, bulk: bool = False, call: Call | None = None
    ) -> bool:
        """Queue a message; False when it no longer fits: the peer reads too slowly."""
        size = len(message) + _FRAME_OVERHEAD
        if self._bytes + size > self._cap_bytes:
            return False
        self._bytes += size
        (self._bulk if bulk else self._control).append((message, kind, call))
        if self._flushing is None and self._writer is None:
            self._flushing = asyncio.get_running_loop().call_soon(self._flush)
        return True

    def clear(self) -> None:
        """Drop what waits."""
        self._control.clear()
        self._bulk.clear()

    async def stop(self) -> None:
        """Wait until nothing more is written; what was begun is written as a whole."""
        if self._flushing is not None:
            self._flushing.cancel()
            self._flushing = None
        if self._writer is not None:
            self._writer.cancel()
            await asyncio.wait([self._writer])

    def _flush(self) -> None:
        """Send what was queued in this turn of the loop; a task takes over if that is too much.

        For a peer that keeps up, which is nearly every one at nearly all times, a task would
        cost as much as the sending.
        """
        self._flushing = None
        transport = self._transport
        behind = transport.is_closing() or transport.get_write_buffer_size()
        if behind or self._bytes > _WRITE_BYTES:
            self._writer = asyncio.create_task(self._write(), name="socket-writer")
            return
        together: list[bytes] = []
        for message, kind, call in (*self._control, *self._bulk):
            if call is not None:
                call.sent = True
            together += (_header(kind, len(message)), message)
        self.clear()
        self._bytes = 0
        transport.write(b"".join(together))
        if self._more is not None:
            self._more()

    async def _write(self) -> None:
        """Send what is queued, then end: an idle socket needs no task.

        While the peer keeps up, frames leave together: one system call instead of one for each.
        """
        control, bulk, transport = self._control, self._bulk, self._transport
        # A connection that breaks is noticed by its reader, which ends it.
        with contextlib.suppress(ConnectionError):
            try:
                while control or bulk or (self._more is not None and self._more()):
                    keeps_up = not (transport.is_closing() or transport.get_write_buffer_size())
                    together: list[bytes] = []
                    size = 0
                    while True:
                        message, kind, call = (control or bulk).popleft()
                        if call is not None:
                            call.sent = True
                        size += len(message) + _FRAME_OVERHEAD
                        if not keeps_up or size > _WRITE_BYTES or not (control or bulk):
                            break
                        together += (_header(kind, len(message)), message)
                    if together:
                        transport.write(b"".join(together))
                    await self._ws.send_frame(message, kind)
                    self._bytes -= size
            finally:
                self._writer = None


def _header(kind: WSMsgType, length: int) -> bytes:
    """What stands before a server's message (RFC 6455, section 5.2)."""
    if length < 126:
        return struct.pack("!BB", 0x80 | kind, length)
    if length < 65_536:
        return struct.pack("!BBH", 0x80 | kind, 126, length)
    return struct.pack("!BBQ", 0x80 | kind, 127, length)
