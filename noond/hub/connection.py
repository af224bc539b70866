"""One socket of a device: a reader, one writer task, a byte-capped queue, a life sign.

Sending never waits: a frame is queued, control before bulk, and a device that reads so slowly
that its queue passes the cap is cut. Reading can be held back while a run has too much waiting;
that time counts as life and suspends the deadlines of calls.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import sys
import time
from collections import deque
from typing import Final

import structlog
from aiohttp import WSMsgType, web

from noond.clock import new_id
from noond.hub.calls import Call, PendingCalls
from noond.hub.frames import ErrorFrame, Frame, FromDevice, InvalidFrame, parse_from_device

log = structlog.get_logger(__name__)

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

_BAD_FRAMES: Final = 20
_BAD_FRAMES_SECONDS: Final = 60.0
_CLOSE_SECONDS: Final = 1.0

# Linux: struct tcp_info begins with 8 bytes; tcpi_last_data_recv is the 12th u32 (linux/tcp.h).
_LAST_DATA_RECV_OFFSET: Final = 8 + 4 * 11


class Connection:
    """A device's socket, after its upgrade."""

    def __init__(
        self,
        ws: web.WebSocketResponse,
        transport: asyncio.Transport | None,
        *,
        user_id: str,
        device_id: str,
        queue_bytes: int,
        call_seconds: float,
    ) -> None:
        self.id = new_id()
        self.user_id = user_id
        self.device_id = device_id
        self.capabilities: frozenset[str] = frozenset()
        self.calls = PendingCalls(seconds=call_seconds)
        self.close_code: int | None = None
        """Why the socket was closed, by either side; None while it is open."""
        self.gone = asyncio.Event()
        """Set when every frame received was dispatched and nothing more will come."""
        self._ws = ws
        self._transport = transport
        self._queue_bytes = queue_bytes
        self._control: deque[tuple[bytes, WSMsgType, Call | None]] = deque()
        self._bulk: deque[tuple[bytes, WSMsgType, Call | None]] = deque()
        self._queued = 0
        self._wake = asyncio.Event()
        self._closing: asyncio.Task[None] | None = None
        self._writer = asyncio.create_task(self._write(), name=f"device-writer-{self.id}")
        self._bad: deque[float] = deque(maxlen=_BAD_FRAMES)
        self._pausers: set[str] = set()
        self._may_read = asyncio.Event()
        self._may_read.set()
        self._paused_since: float | None = None
        self._paused_before = 0.0
        self._last_seen = self._last_ping = time.monotonic()

    @property
    def open(self) -> bool:
        """Whether frames can be sent."""
        return self._closing is None and not self._ws.closed

    # --- reading --------------------------------------------------------------------------------

    async def receive(self) -> tuple[FromDevice, int] | None:
        """The next valid frame and its size in bytes; None when the socket has closed.

        What is not a frame is answered with an error frame; too many of these close the socket.
        """
        while True:
            if not self._may_read.is_set():
                await self._may_read.wait()
            message = await self._ws.receive()
            self._last_seen = time.monotonic()
            if message.type is WSMsgType.TEXT:
                try:
                    return parse_from_device(message.data), len(message.data)
                except InvalidFrame as error:
                    self._count_bad(error)
            elif message.type is WSMsgType.PING:
                with contextlib.suppress(ConnectionError):
                    await self._ws.pong(message.data)
            elif message.type is WSMsgType.BINARY:
                self._count_bad(InvalidFrame("a frame is a text message, this one was binary"))
            elif message.type is not WSMsgType.PONG:
                if self.close_code is None:
                    self.close_code = self._ws.close_code or 1006
                return None

    def _count_bad(self, error: InvalidFrame) -> None:
        self.send(ErrorFrame(code=error.code, message=error.message[:500], ref=error.ref))
        now = time.monotonic()
        self._bad.append(now)
        if len(self._bad) == _BAD_FRAMES and now - self._bad[0] <= _BAD_FRAMES_SECONDS:
            self.close(CLOSE_BAD_FRAMES, "too many invalid frames")

    def pause(self, run_id: str) -> None:
        """Stop reading the socket until `resume` for this run."""
        self._pausers.add(run_id)
        if self._may_read.is_set() and self._closing is None:
            self._may_read.clear()
            self._paused_since = time.monotonic()

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
        self._may_read.set()

    # --- writing --------------------------------------------------------------------------------

    def send(self, frame: Frame, call: Call | None = None) -> None:
        """Queue a frame; never waits. On a closed socket it is dropped: its calls end with it."""
        if not self.open:
            return
        message = frame.encode().encode()
        self._queued += len(message)
        if self._queued > self._queue_bytes:
            self.close(CLOSE_SLOW_CONSUMER, "this device reads too slowly")
            return
        (self._bulk if frame.bulk else self._control).append((message, WSMsgType.TEXT, call))
        self._wake.set()

    async def _write(self) -> None:
        control, bulk, send = self._control, self._bulk, self._ws.send_frame
        with contextlib.suppress(ConnectionError):
            while True:
                if control:
                    message, kind, call = control.popleft()
                elif bulk:
                    message, kind, call = bulk.popleft()
                else:
                    self._wake.clear()
                    await self._wake.wait()
                    continue
                if call is not None:
                    call.sent = True
                await send(message, kind)
                self._queued -= len(message)

    @property
    def paused_seconds(self) -> float:
        """How long the socket was held back in all, so far."""
        if self._paused_since is None:
            return self._paused_before
        return self._paused_before + time.monotonic() - self._paused_since

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
        if now - self._last_ping >= heartbeat_seconds and self.open:
            self._last_ping = now
            self._control.appendleft((b"", WSMsgType.PING, None))
            self._wake.set()

    def _socket_silence(self) -> float | None:
        """Seconds since the last byte arrived, also of a frame that is not complete yet.

        The kernel knows (Linux); None elsewhere.
        """
        if not sys.platform.startswith("linux") or self._transport is None:
            return None
        sock = self._transport.get_extra_info("socket")
        try:
            info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _LAST_DATA_RECV_OFFSET + 4)
            (milliseconds,) = struct.unpack_from("=I", info, _LAST_DATA_RECV_OFFSET)
        except (OSError, AttributeError, struct.error):
            return None
        return float(milliseconds) / 1000

    def close(self, code: int, reason: str) -> asyncio.Task[None]:
        """Begin to close; politely for a second, then the transport is cut. Returns the task."""
        if self._closing is None:
            if self.close_code is None:
                self.close_code = code
            self._closing = asyncio.create_task(self._close(code, reason), name="device-close")
            self._pausers.clear()
            self._read_on()
        return self._closing

    async def _close(self, code: int, reason: str) -> None:
        self._writer.cancel()
        with contextlib.suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._ws.close(code=code, message=reason.encode()[:120], drain=False)
                await self.gone.wait()
        if self._transport is not None:
            self._transport.abort()

    def ended(self) -> None:
        """Nothing more will be received: end the calls and the writer. Called once, by the hub."""
        self._writer.cancel()
        self.calls.disconnect()
        self.gone.set()
