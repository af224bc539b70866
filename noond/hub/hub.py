"""The hub: which device is connected, and how frames find their way.

Dispatch never awaits a consumer. Of two sockets of one device the newest wins, and what the older
one does afterwards touches nothing of the newer. What flows up goes through the callbacks given
at construction.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from aiohttp import web

from noond import __version__
from noond.config import HubSettings
from noond.errors import DeviceOffline, NoondError
from noond.hub.connection import (
    CLOSE_NO_HELLO,
    CLOSE_REPLACED,
    CLOSE_VERSION,
    Connection,
    FrameCount,
)
from noond.hub.frames import (
    CAPABILITIES,
    PROTOCOL,
    AgentComplete,
    AgentContext,
    AgentData,
    AgentManifest,
    DeviceHello,
    Frame,
    FromDevice,
    InvalidFrame,
    Limits,
    Review,
    ToolCall,
    ToolResult,
    Welcome,
)
from noond.hub.socket import CLOSE_RESTART, CLOSE_TOKEN
from noond.hub.streams import RunFrame, RunStream, StreamDisconnected
from noond.tasks import Supervisor

log = structlog.get_logger(__name__)

Greet = Callable[[str, DeviceHello], Awaitable[int | None]]
"""Stores what the device says of itself; returns how many deliveries wait for it, or None when
it was shut out in the meantime."""

OnDevice = Callable[[str, str], None]
"""Called with user and device id; must not wait."""

OnReview = Callable[[Connection, Review], None]
"""Called with a person's decisions; must not wait."""

_SWEEP_SECONDS = 1.0


class Hub:
    """The devices' sockets, by user and device."""

    def __init__(
        self,
        settings: HubSettings,
        *,
        file_bytes: int,
        tasks: Supervisor,
        greet: Greet,
        on_online: OnDevice,
        on_offline: OnDevice,
        on_review: OnReview,
    ) -> None:
        self._settings = settings
        self._limits = Limits(
            frame_bytes=settings.frame_bytes,
            file_bytes=file_bytes,
            credit_bytes=settings.credit_bytes,
        )
        self._greet = greet
        self._on_online = on_online
        self._on_offline = on_offline
        self._on_review = on_review
        self._connections: dict[tuple[str, str], Connection] = {}
        self._sockets: set[Connection] = set()
        self._streams: dict[str, RunStream] = {}
        self._stopping = False
        self._someone = asyncio.Event()
        self.dropped_frames = 0
        """Frames of runs nobody asked for."""
        self.late_results = 0
        """Answers to calls that nobody waited for."""
        self.frames = FrameCount()
        """Frames from and to devices."""
        tasks.start(self._sweep(), name="hub-sweep")

    # --- for those who talk to devices -----------------------------------------------------------

    def is_online(self, user_id: str, device_id: str) -> bool:
        """Whether the device has said hello on a socket that is open."""
        connection = self._connections.get((user_id, device_id))
        return connection is not None and connection.open

    def has_capability(self, user_id: str, device_id: str, capability: str) -> bool:
        """Whether the device is online and offered this."""
        return self.is_online(user_id, device_id) and (
            capability in self._connections[user_id, device_id].capabilities
        )

    def online_devices(self) -> tuple[tuple[str, str], ...]:
        """User and device id of every device that is online."""
        return tuple(key for key in self._connections if self.is_online(*key))

    @property
    def calls_pending(self) -> int:
        """Calls that devices owe an answer."""
        return sum(len(connection.calls) for connection in self._sockets)

    async def call(self, user_id: str, device_id: str, frame: ToolCall) -> dict[str, Any]:
        """Send a call and return the device's result.

        Raises DeviceOffline, CallRefused, CallUnanswered or CallDisconnected; CallError when a
        call with this id is under way.
        """
        connection = self._online(user_id, device_id)
        call = connection.calls.open(
            frame, now=time.monotonic(), paused_seconds=connection.paused_seconds
        )
        try:
            connection.send(frame, call)
            return await call.future
        finally:
            connection.calls.forget(call)

    def tell(self, user_id: str, device_id: str, frame: Frame) -> None:
        """Send a frame that needs no answer; dropped when the device is offline."""
        connection = self._connections.get((user_id, device_id))
        if connection is not None:
            connection.send(frame)

    def open_stream(self, user_id: str, device_id: str, run_id: str) -> RunStream:
        """Expect a run's frames from this device; close with `close_stream`.

        Raises DeviceOffline.
        """
        connection = self._online(user_id, device_id)
        stream = RunStream(run_id, connection, credit_bytes=self._settings.credit_bytes)
        self._streams[run_id] = stream
        return stream

    def close_stream(self, stream: RunStream) -> None:
        """Drop what still comes for this run."""
        stream.close()
        if self._streams.get(stream.run_id) is stream:
            del self._streams[stream.run_id]

    def disconnect(self, user_id: str, device_id: str, code: int, reason: str) -> None:
        """Close the device's sockets, also those that have not said hello."""
        for connection in self._sockets:
            if (connection.user_id, connection.device_id) == (user_id, device_id):
                connection.close(code, reason)

    async def close(self, code: int = CLOSE_RESTART) -> None:
        """Close every socket and take no new one; ends within about a second."""
        self._stopping = True
        closing = [each.close(code, "the daemon stops") for each in self._sockets]
        if closing:
            await asyncio.wait(closing)

    def _online(self, user_id: str, device_id: str) -> Connection:
        connection = self._connections.get((user_id, device_id))
        if connection is None or not connection.open:
            raise DeviceOffline()
        return connection

    # --- one socket -------------------------------------------------------------------------------

    async def serve(
        self,
        ws: web.WebSocketResponse,
        transport: asyncio.Transport | None,
        *,
        user_id: str,
        device_id: str,
    ) -> None:
        """Serve a socket whose token was checked, until it closes.

        The response must be prepared with `autoping=False`, `decode_text=False`, no heartbeat.
        """
        if transport is None:
            return  # the device left while it was let in
        connection = Connection(
            ws,
            transport,
            user_id=user_id,
            device_id=device_id,
            queue_bytes=self._settings.queue_bytes,
            call_seconds=self._settings.call_seconds,
            frames=self.frames,
        )
        self._sockets.add(connection)
        self._someone.set()
        try:
            if self._stopping:
                connection.close(CLOSE_RESTART, "the daemon stops")
            else:
                await self._welcome(connection)
            while (received := await connection.receive()) is not None:
                self._dispatch(connection, *received)
        finally:
            self._sockets.discard(connection)
            self._detach(connection)
            await connection.finish()

    async def _welcome(self, connection: Connection) -> None:
        """Hello and welcome, or the socket is closed for what is wrong."""
        try:
            async with asyncio.timeout(self._settings.hello_seconds):
                received = await connection.receive()
        except TimeoutError:
            connection.close(CLOSE_NO_HELLO, "no device_hello came in time")
            return
        if received is None:
            return
        hello, _ = received
        if not isinstance(hello, DeviceHello):
            connection.close(CLOSE_NO_HELLO, "the first frame must be device_hello")
            return
        if hello.device_id != connection.device_id:
            connection.close(CLOSE_TOKEN, "this token is another device's")
            return
        if hello.protocol != PROTOCOL:
            connection.close(CLOSE_VERSION, f"this daemon speaks version {PROTOCOL}")
            return
        connection.capabilities = CAPABILITIES.intersection(hello.capabilities)
        try:
            pending = await self._greet(connection.user_id, hello)
        except NoondError as error:
            log.error("device_not_greeted", device=connection.device_id, error=error.message)
            connection.close(CLOSE_RESTART, error.message)
            return
        if pending is None:
            connection.close(CLOSE_TOKEN, "the device's token has ended")
            return
        await self._attach(connection)
        if not connection.open:
            return
        connection.send(
            Welcome(
                connection_id=connection.id,
                server_version=__version__,
                heartbeat_seconds=self._settings.heartbeat_seconds,
                limits=self._limits,
                pending_calls=pending,
            )
        )
        self._on_online(connection.user_id, connection.device_id)

    async def _attach(self, connection: Connection) -> None:
        """Make this the device's connection, unless it was closed in the meantime."""
        key = (connection.user_id, connection.device_id)
        while connection.open and (other := self._connections.get(key)) is not None:
            replaced = "a newer connection of this device took over"
            if other.id > connection.id:
                connection.close(CLOSE_REPLACED, replaced)
                return
            # What the older socket received counts, so it is heard out (a second at most) before
            # its calls are sent again on the newer one.
            other.close(CLOSE_REPLACED, replaced)
            await other.gone.wait()
        if connection.open:
            self._connections[key] = connection

    def _detach(self, connection: Connection) -> None:
        key = (connection.user_id, connection.device_id)
        was_online = self._connections.get(key) is connection
        if was_online:
            del self._connections[key]
        connection.ended()
        for stream in [s for s in self._streams.values() if s.connection is connection]:
            stream.fail(StreamDisconnected(connection.close_code))
        if was_online:
            log.info("device_offline", device=connection.device_id, code=connection.close_code)
            self._on_offline(*key)

    def _dispatch(self, connection: Connection, frame: FromDevice, size: int) -> None:
        if isinstance(frame, ToolResult):
            self.late_results += not connection.calls.resolve(frame)
        elif isinstance(frame, AgentData | AgentManifest | AgentContext | AgentComplete):
            self._feed(connection, frame, size)
        elif isinstance(frame, Review):
            self._on_review(connection, frame)
        else:
            connection.refuse(InvalidFrame("device_hello was already said"))

    def _feed(self, connection: Connection, frame: RunFrame, size: int) -> None:
        stream = self._streams.get(frame.run_id)
        if stream is None or stream.connection is not connection:
            self.dropped_frames += 1
        else:
            stream.feed(frame, size)

    async def _sweep(self) -> None:
        settings = self._settings
        pause = min(_SWEEP_SECONDS, settings.heartbeat_seconds / 10, settings.call_seconds / 10)
        while True:
            if not self._sockets:
                self._someone.clear()
                await self._someone.wait()
            await asyncio.sleep(pause)
            now = time.monotonic()
            for connection in list(self._sockets):
                connection.sweep(now, settings.heartbeat_seconds)
