"""One socket of a device: what it says, what it is told, whether it lives, how it ends.

Sending never waits: a frame is queued, control before bulk, and a device that reads so slowly
that its queue passes the cap is cut. The socket can be held back while a run has too much waiting;
that time counts as life and suspends the deadlines of calls.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import sys
import time
from typing import Final

from aiohttp import EofStream, WebSocketError, WSMsgType, web
from aiohttp.http import WSMessage, WSMessageTextBytes

from noond.clock import new_id
from noond.hub.calls import Call, PendingCalls
from noond.hub.frames import (
    ErrorFrame,
    Frame,
    FromDevice,
    InvalidFrame,
    ToolResult,
    parse_from_device,
)
from noond.hub.sending import SendQueue

CLOSE_GOING_AWAY: Final = 1001
CLOSE_RESTART: Final = 1012
CLOSE_TOO_LARGE: Final = 1009
CLOSE_SLOW_CONSUMER: Final = 4000
CLOSE_NO_PONG: Final = 4001
CLOSE_REPLACED: Final = 4100
CLOSE_TOKEN: Final = 4101
CLOSE_BAD_FRAMES: Final = 4102
CLOSE_NO_HELLO: Final = 4103
CLOSE_VERSION: Final = 4104

_NORMAL: Final = 1000
_ABNORMAL: Final = 1006
"""RFC 6455, section 7.4.1: the connection broke without a close frame."""
_BAD_FRAMES: Final = 20
_BAD_FRAMES_SECONDS: Final = 60.0
_CLOSE_SECONDS: Final = 1.0
# Linux: struct tcp_info begins with 8 bytes; tcpi_last_data_recv is the 12th u32 (linux/tcp.h).
_LAST_DATA_RECV_OFFSET: Final = 8 + 4 * 11


class Connection:
    """A device's socket, after its upgrade."""

    __slots__ = (
        "_bad",
        "_closing",
        "_last_ping",
        "_last_seen",
        "_outgoing",
        "_paused_before",
        "_paused_since",
        "_pausers",
        "_reader",
        "_transport",
        "_ws",
        "calls",
        "capabilities",
        "close_code",
        "device_id",
        "gone",
        "id",
        "user_id",
    )

    def __init__(
        self,
        ws: web.WebSocketResponse,
        transport: asyncio.Transport,
        *,
        user_id: str,
        device_id: str,
        queue_bytes: int,
        call_seconds: float,
    ) -> None:
        self.id = new_id()
        """Sorts in the order in which connections were made."""
        self.user_id = user_id
        self.device_id = device_id
        self.capabilities: frozenset[str] = frozenset()
        self.calls = PendingCalls(seconds=call_seconds)
        self.close_code: int | None = None
        """Why the socket was closed, by either side; None while it is open."""
        self.gone = asyncio.Event()
        """Set when every frame received was dispatched and nothing more will come."""
        assert ws._reader is not None, "the response must be prepared"
        # Not ws.receive(): that drops what was received when the connection breaks, and cuts the
        # connection when a message is too large, before the device can read why.
        self._reader = ws._reader
        self._ws = ws
        self._transport = transport
        self._outgoing = SendQueue(ws, transport, cap_bytes=queue_bytes)
        self._closing: asyncio.Task[None] | None = None
        self._bad: list[float] = []
        self._pausers: set[str] = set()
        self._paused_since: float | None = None
        self._paused_before = 0.0
        self._last_seen = self._last_ping = time.monotonic()

    @property
    def open(self) -> bool:
        """Whether frames can be sent."""
        return self.close_code is None

    # --- reading --------------------------------------------------------------------------------

    async def receive(self) -> tuple[FromDevice, int] | None:
        """The next valid frame and its size in bytes; None when the socket has closed.

        What is not a frame is answered with an error frame; too many of these close the socket.
        Once the daemon has begun to close, only answers to calls are still heard.
        """
        while True:
            message = await self._next_message()
            self._last_seen = time.monotonic()
            if message is None:
                return None
            if message.type is WSMsgType.TEXT:
                if self._deaf:
                    continue
                try:
                    frame = parse_from_device(message.data)
                except InvalidFrame as error:
                    self.refuse(error)
                else:
                    if self.open or isinstance(frame, ToolResult):
                        return frame, len(message.data)
            elif message.type is WSMsgType.PING:
                self._put(bytes(message.data), WSMsgType.PONG)
            elif message.type is WSMsgType.BINARY:
                self.refuse(InvalidFrame("a frame is a text message, this one was binary"))

    async def _next_message(self) -> WSMessage | WSMessageTextBytes | None:
        """The next message that is no close frame; None when there will be no further one."""
        try:
            message = await self._reader.read()
        except WebSocketError as error:
            # The rest of what the device is sending is thrown away until it has read why.
            self.calls.disconnect()
            await asyncio.wait([self.close(int(error.code), str(error))])
            return None
        except (EofStream, OSError):
            self._note_close(_ABNORMAL)
            return None
        if message.type is WSMsgType.CLOSE:
            self.close(message.data or _NORMAL, "")
            return None
        return message

    @property
    def _deaf(self) -> bool:
        """Whether the device has lost the right to be heard."""
        return self.close_code in (CLOSE_TOKEN, CLOSE_BAD_FRAMES)

    def refuse(self, error: InvalidFrame) -> None:
        """Answer what was no frame, or none that is expected; too many of them close the socket."""
        self.send(ErrorFrame(code=error.code, message=error.message[:500], ref=error.ref))
        now = time.monotonic()
        self._bad = [*(at for at in self._bad if now - at <= _BAD_FRAMES_SECONDS), now]
        if len(self._bad) >= _BAD_FRAMES:
            self.close(CLOSE_BAD_FRAMES, "too many invalid frames")

    def pause(self, run_id: str) -> None:
        """Stop reading the socket until `resume` for this run."""
        if self.open:
            self._pausers.add(run_id)
            if self._paused_since is None:
                self._paused_since = time.monotonic()
            # Also when it was paused before: aiohttp, too, stops and starts the transport.
            if not self._transport.is_closing():
                self._transport.pause_reading()

    def resume(self, run_id: str) -> None:
        """Read on, unless another run holds the socket back."""
        self._pausers.discard(run_id)
        if not self._pausers:
            self._read_on()

    def _read_on(self) -> None:
        if self._paused_since is not None:
            self._last_seen = time.monotonic()
            self._paused_before += self._last_seen - self._paused_since
            self._paused_since = None
            if not self._transport.is_closing():
                self._transport.resume_reading()

    @property
    def paused_seconds(self) -> float:
        """How long the socket was held back in all, so far."""
        if self._paused_since is None:
            return self._paused_before
        return self._paused_before + time.monotonic() - self._paused_since

    # --- writing --------------------------------------------------------------------------------

    def send(self, frame: Frame, call: Call | None = None) -> None:
        """Queue a frame; never waits. On a closed socket it is dropped: its calls end with it."""
        if self.open:
            self._put(frame.to_bytes(), WSMsgType.TEXT, bulk=frame.bulk, call=call)

    def _put(
        self, message: bytes, kind: WSMsgType, *, bulk: bool = False, call: Call | None = None
    ) -> None:
        if self.open and not self._outgoing.put(message, kind, bulk=bulk, call=call):
            self.close(CLOSE_SLOW_CONSUMER, "this device reads too slowly")

    # --- life and death -------------------------------------------------------------------------

    def sweep(self, now: float, heartbeat_seconds: float) -> None:
        """Expire calls, ping, and cut a device that has been silent for 1.5 heartbeats."""
        self.calls.expire(now=now, paused_seconds=self.paused_seconds)
        if self._paused_since is None and now - self._last_seen > 1.5 * heartbeat_seconds:
            silent = self._socket_silence()
            if silent is None or silent > 1.5 * heartbeat_seconds:
                self.close(CLOSE_NO_PONG, "no sign of life")
                return
            self._last_seen = now - silent
        if now - self._last_ping >= heartbeat_seconds:
            self._last_ping = now
            self._put(b"", WSMsgType.PING)

    def _socket_silence(self) -> float | None:
        """Seconds since the last byte arrived, also of a frame that is not complete yet.

        The kernel knows (Linux); None elsewhere.
        """
        if not sys.platform.startswith("linux"):
            return None
        sock = self._transport.get_extra_info("socket")
        try:
            info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _LAST_DATA_RECV_OFFSET + 4)
            (milliseconds,) = struct.unpack_from("=I", info, _LAST_DATA_RECV_OFFSET)
        except (OSError, AttributeError, struct.error):
            return None
        return float(milliseconds) / 1000

    def close(self, code: int, reason: str) -> asyncio.Task[None]:
        """Begin to close: politely, and after a second the transport is cut. Returns the task.

        What the device had sent by then still arrives; see `receive`.
        """
        if self._closing is None:
            self._note_close(code)
            self._closing = asyncio.create_task(self._close(code, reason), name="device-close")
        return self._closing

    def _note_close(self, code: int) -> None:
        if self.close_code is None:
            self.close_code = code
        self._outgoing.clear()
        self._pausers.clear()
        self._read_on()
        if self._deaf:
            self.calls.disconnect()

    async def _close(self, code: int, reason: str) -> None:
        # Not with aiohttp's close(), which reads no further: the kernel answers bytes under way
        # with a reset then, and the device may never see why it was closed.
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
        """Nothing more will be received: end the calls. Called once, by the hub."""
        self._note_close(_ABNORMAL)
        self.calls.disconnect()
        self.gone.set()

    async def finish(self) -> None:
        """Wait for the socket's tasks, once it has ended."""
        await self._outgoing.stop()
        if self._closing is not None:
            await asyncio.wait([self._closing])
