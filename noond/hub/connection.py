"""One socket of a device: what it says, what it is told, whether it lives, how it ends.

Sending never waits: a frame is queued, control before bulk, and a device that reads so slowly
that its queue passes the cap is cut. The socket can be held back while a run has too much waiting;
that time counts as life and suspends the deadlines of calls.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
import time
from dataclasses import dataclass
from typing import Final

from aiohttp import WSMsgType, web

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
from noond.hub.socket import CLOSE_BAD_FRAMES, CLOSE_NO_PONG, CLOSE_TOKEN, Socket

CLOSE_REPLACED: Final = 4100
CLOSE_NO_HELLO: Final = 4103
CLOSE_VERSION: Final = 4104

_BAD_FRAMES: Final = 20
_BAD_FRAMES_SECONDS: Final = 60.0
# Linux: struct tcp_info begins with 8 bytes; tcpi_last_data_recv is the 12th u32 (linux/tcp.h).
_LAST_DATA_RECV_OFFSET: Final = 8 + 4 * 11


@dataclass(slots=True)
class FrameCount:
    """Valid frames of all connections of a hub, since its start."""

    received: int = 0
    sent: int = 0


class Connection(Socket):
    """A device's socket, after its upgrade."""

    __slots__ = (
        "_bad",
        "_frames",
        "_last_ping",
        "_last_seen",
        "_paused_before",
        "_paused_since",
        "_pausers",
        "calls",
        "capabilities",
        "device_id",
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
        frames: FrameCount,
    ) -> None:
        super().__init__(ws, transport, queue_bytes=queue_bytes)
        self.id = new_id()
        """Sorts in the order in which connections were made."""
        self.user_id = user_id
        self.device_id = device_id
        self.capabilities: frozenset[str] = frozenset()
        self.calls = PendingCalls(seconds=call_seconds)
        self._frames = frames
        self._bad: list[float] = []
        self._pausers: set[str] = set()
        self._paused_since: float | None = None
        self._paused_before = 0.0
        self._last_seen = self._last_ping = time.monotonic()

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
                        self._frames.received += 1
                        return frame, len(message.data)
            elif message.type is WSMsgType.PING:
                self._put(bytes(message.data), WSMsgType.PONG)
            elif message.type is WSMsgType.BINARY:
                self.refuse(InvalidFrame("a frame is a text message, this one was binary"))

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
            self._frames.sent += 1
            self._put(frame.to_bytes(), WSMsgType.TEXT, bulk=frame.bulk, call=call)

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

    def _note_close(self, code: int) -> None:
        super()._note_close(code)
        self._pausers.clear()
        self._read_on()
        if self._deaf:
            self.calls.disconnect()

    def _unreadable(self) -> None:
        self.calls.disconnect()

    def ended(self) -> None:
        """See Socket; ends the calls."""
        super().ended()
        self.calls.disconnect()
