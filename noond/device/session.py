"""One connection to the daemon, from hello to close: dispatches frames and answers calls."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Final

import aiohttp
import structlog
from aiohttp import ClientWebSocketResponse, WSMsgType

from noond.device.calls import apply_calls
from noond.device.errors import CannotConnect
from noond.device.folders import AllowedFolders
from noond.device.notices import Notice
from noond.device.outbox import Outbox
from noond.device.packing import encoded
from noond.device.review_sender import ReviewSender
from noond.device.store import DeviceStore
from noond.device.streams import RunStream
from noond.hub.frames import (
    AgentCancel,
    AgentComplete,
    AgentCredit,
    AgentRun,
    AgentWant,
    DeviceHello,
    ErrorFrame,
    EventFrame,
    InvalidFrame,
    ReviewAck,
    ToDevice,
    ToolCall,
    ToolResult,
    Welcome,
    parse_to_device,
)
from noond.tasks import Supervisor

log = structlog.get_logger(__name__)

_WELCOME_SECONDS: Final = 15.0
_MOST_CALLS_TOGETHER: Final = 256
_REVIEW_RESEND_SECONDS: Final = 30.0


class Session:
    """Serves one socket. `await serve()` returns when the connection ended or `stop` is set."""

    def __init__(
        self,
        socket: ClientWebSocketResponse,
        *,
        hello: DeviceHello,
        folders: AllowedFolders,
        store: DeviceStore,
        on_notice: Callable[[Notice], None],
        review_resend_seconds: float = _REVIEW_RESEND_SECONDS,
    ) -> None:
        self._socket = socket
        self._hello = hello
        self._folders = folders
        self._store = store
        self._on_notice = on_notice
        self._review_resend_seconds = review_resend_seconds
        self._outbox = Outbox()
        self._calls: asyncio.Queue[ToolCall] = asyncio.Queue()
        self._streams: dict[str, tuple[RunStream, asyncio.Task[None]]] = {}
        self._tasks = Supervisor()

    async def greet(self) -> Welcome | None:
        """Say hello and return the welcome, None when the daemon closed instead.

        Raises CannotConnect when it answers nothing, or something else.
        """
        await self._send(encoded(self._hello))
        try:
            async with asyncio.timeout(_WELCOME_SECONDS):
                async for message in self._socket:
                    frame = parse_to_device(message.data)
                    if isinstance(frame, Welcome):
                        return frame
                    # The close that follows says what to do; this says why.
                    log.warning("hello_answered", frame=frame.encode()[:2000])
        except TimeoutError:
            raise CannotConnect("the daemon did not answer the hello") from None
        except InvalidFrame as error:
            raise CannotConnect(f"the daemon answered the hello wrongly: {error}") from error
        return None

    async def serve(self, welcome: Welcome, stop: asyncio.Event) -> None:
        """Do what the daemon asks until the connection ends or `stop` is set."""
        self._welcome = welcome
        self._reviews = ReviewSender(
            store=self._store,
            outbox=self._outbox,
            frame_bytes=welcome.limits.frame_bytes,
            resend_seconds=self._review_resend_seconds,
        )
        async with self._tasks as tasks:
            lasting = {
                tasks.start(self._receive_all(), name="device-receive"),
                tasks.start(self._write_all(), name="device-write"),
                tasks.start(self._answer_calls(), name="device-calls"),
                tasks.start(self._reviews.run(), name="device-reviews"),
            }
            stopping = tasks.start(_wait(stop), name="device-stop")
            done, _ = await asyncio.wait({*lasting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()

    async def _receive_all(self) -> None:
        async for message in self._socket:
            if message.type is not WSMsgType.TEXT:
                log.warning("frame_ignored", reason="not text", kind=message.type.name)
                continue
            try:
                frame = parse_to_device(message.data)
            except InvalidFrame as error:
                self._refuse(message.data, error)
            else:
                self._dispatch(frame)

    async def _send(self, message: bytes) -> None:
        await self._socket.send_frame(message, WSMsgType.TEXT)

    async def _write_all(self) -> None:
        try:
            await self._outbox.write_all(self._send)
        except (aiohttp.ClientError, OSError) as error:
            log.info("connection_lost", reason=str(error))

    def _refuse(self, message: str, error: InvalidFrame) -> None:
        """A call that can't be read is still answered: the daemon waits for it."""
        log.warning("frame_ignored", reason=error.message)
        try:
            call = json.loads(message)
        except ValueError:
            return
        if isinstance(call, dict) and call.get("type") == "tool_call":
            id_ = call.get("id")
            if isinstance(id_, str) and 1 <= len(id_) <= 200:
                self._outbox.control(ToolResult(id=id_, error=error.message))

    def _dispatch(self, frame: ToDevice) -> None:
        match frame:
            case ToolCall():
                self._calls.put_nowait(frame)
            case AgentRun():
                self._start_run(frame)
            case AgentWant() if frame.run_id in self._streams:
                self._streams[frame.run_id][0].want(frame)
            case AgentCredit() if frame.run_id in self._streams:
                self._streams[frame.run_id][0].grant(frame.bytes)
            case AgentCancel():
                self._end_run(frame.run_id, "cancelled")
            case ReviewAck():
                self._reviews.acknowledged(frame.ids)
            case ErrorFrame():
                log.warning("daemon_error", code=frame.code, message=frame.message, ref=frame.ref)
                if frame.ref in self._streams:
                    self._end_run(frame.ref, frame.message)
            case EventFrame():
                log.debug("daemon_event", topic=frame.topic)
            case _:
                log.debug("frame_ignored", reason="nothing waits for it", kind=frame.type)

    def _start_run(self, asked: AgentRun) -> None:
        """Stream a run; one that is asked for again starts anew."""
        older = self._streams.pop(asked.run_id, None)
        if older is not None:
            older[1].cancel()
        stream = RunStream(
            asked,
            folders=self._folders,
            store=self._store,
            outbox=self._outbox,
            limits=self._welcome.limits,
        )
        task = self._tasks.start(stream.run(), name=f"device-run-{asked.run_id}")
        self._streams[asked.run_id] = stream, task
        task.add_done_callback(lambda _: self._forget_run(asked.run_id, task))

    def _forget_run(self, run_id: str, task: asyncio.Task[None]) -> None:
        if (present := self._streams.get(run_id)) is not None and present[1] is task:
            del self._streams[run_id]

    def _end_run(self, run_id: str, reason: str) -> None:
        """Stop a run's stream and say so; also for one that is unknown here."""
        present = self._streams.pop(run_id, None)
        ending = AgentComplete(run_id=run_id, error=reason)
        if present is not None:
            stream, task = present
            task.cancel()
            ending = stream.ending(reason)
        self._tasks.start(self._outbox.bulk(encoded(ending)), name=f"device-end-{run_id}")

    async def _answer_calls(self) -> None:
        """Apply calls in the order they came; those that wait together share a transaction."""
        while True:
            batch = [await self._calls.get()]
            while len(batch) < _MOST_CALLS_TOGETHER and not self._calls.empty():
                batch.append(self._calls.get_nowait())
            for applied in await apply_calls(self._store, batch):
                self._outbox.control(applied.answer)
                call = applied.call
                if call.action == "notify" and applied.fresh:
                    self._on_notice(
                        Notice(title=call.title or "", body=call.body or "", url=call.url)
                    )


async def _wait(stop: asyncio.Event) -> None:
    await stop.wait()
