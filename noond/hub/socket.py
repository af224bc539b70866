"""A WebSocket that the daemon keeps: one reader, one writer, and an end that is always told.

Devices' and apps' sockets are both of this kind. Closing is polite for a second, then the
transport is cut: a peer that is gone would hold a polite close up for a minute.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import Callable
from typing import Final

from aiohttp import EofStream, WebSocketError, WSMsgType, web
from aiohttp.http import WSMessage, WSMessageTextBytes

from noond.hub.calls import Call
from noond.hub.sending import SendQueue

CLOSE_GOING_AWAY: Final = 1001
CLOSE_TOO_LARGE: Final = 1009
CLOSE_RESTART: Final = 1012
CLOSE_SLOW_CONSUMER: Final = 4000
CLOSE_NO_PONG: Final = 4001
CLOSE_TOKEN: Final = 4101
CLOSE_BAD_FRAMES: Final = 4102

_NORMAL: Final = 1000
_ABNORMAL: Final = 1006
"""RFC 6455, section 7.4.1: the connection broke without a close frame."""
_CLOSE_SECONDS: Final = 1.0


class Socket:
    """A socket after its upgrade.

    The response must be prepared with `autoping=False`, `decode_text=False`, no heartbeat.
    """

    __slots__ = (
        "_closing",
        "_outgoing",
        "_reader",
        "_transport",
        "_ws",
        "close_code",
        "gone",
    )

    def __init__(
        self,
        ws: web.WebSocketResponse,
        transport: asyncio.Transport,
        *,
        queue_bytes: int,
        more: Callable[[], bool] | None = None,
    ) -> None:
        """`more` is asked for messages when all were sent; see SendQueue."""
        self.close_code: int | None = None
        """Why the socket was closed, by either side; None while it is open."""
        self.gone = asyncio.Event()
        """Set when every frame received was dispatched and nothing more will come."""
        assert ws._reader is not None, "the response must be prepared"
        # Not ws.receive(): that drops what was received when the connection breaks, and cuts the
        # connection when a message is too large, before the peer can read why.
        self._reader = ws._reader
        self._ws = ws
        self._transport = transport
        self._outgoing = SendQueue(ws, transport, cap_bytes=queue_bytes, more=more)
        self._closing: asyncio.Task[None] | None = None

    @property
    def open(self) -> bool:
        """Whether frames can be sent."""
        return self.close_code is None

    async def _next_message(self) -> WSMessage | WSMessageTextBytes | None:
        """The next message that is no close frame; None when there will be no further one."""
        try:
            message = await self._reader.read()
        except WebSocketError as error:
            # The rest of what the peer is sending is thrown away until it has read why.
            self._unreadable()
            await asyncio.wait([self.close(int(error.code), str(error))])
            return None
        except (EofStream, OSError):
            self._note_close(_ABNORMAL)
            return None
        if message.type is WSMsgType.CLOSE:
            self.close(message.data or _NORMAL, "")
            return None
        return message

    def _put(
        self, message: bytes, kind: WSMsgType, *, bulk: bool = False, call: Call | None = None
    ) -> None:
        if self.open and not self._outgoing.put(message, kind, bulk=bulk, call=call):
            self.close(CLOSE_SLOW_CONSUMER, "what is sent is read too slowly")

    def close(self, code: int, reason: str) -> asyncio.Task[None]:
        """Begin to close: politely, and after a second the transport is cut. Returns the task.

        What the peer had sent by then still arrives.
        """
        if self._closing is None:
            self._note_close(code)
            self._closing = asyncio.create_task(self._close(code, reason), name="socket-close")
        return self._closing

    def _note_close(self, code: int) -> None:
        if self.close_code is None:
            self.close_code = code
        self._outgoing.clear()

    def _unreadable(self) -> None:
        """What the peer sends can't be understood any more."""

    async def _close(self, code: int, reason: str) -> None:
        # Not with aiohttp's close(), which reads no further: the kernel answers bytes under way
        # with a reset then, and the peer may never see why it was closed.
        message = struct.pack("!H", code) + reason[:120].encode("ascii", "replace")
        with contextlib.suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._outgoing.stop()
                await self._ws.send_frame(message, WSMsgType.CLOSE)
                await self.gone.wait()
        if self.gone.is_set():
            self._transport.close()
            asyncio.get_running_loop().call_later(_CLOSE_SECONDS, self._transport.abort)
        else:
            self._transport.abort()

    def ended(self) -> None:
        """Nothing more will be received. Called once, by whoever reads."""
        self._note_close(_ABNORMAL)
        self.gone.set()

    async def finish(self) -> None:
        """Wait for the socket's tasks, once it has ended."""
        await self._outgoing.stop()
        if self._closing is not None:
            await asyncio.wait([self._closing])
