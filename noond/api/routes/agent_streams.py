"""Answers of chat agents as server-sent events, from the first piece or from where one left off."""

from __future__ import annotations

import contextlib
from typing import Any, Final

from aiohttp import web
from aiohttp_sse import EventSourceResponse

from noond.api.routes.invocations import (
    ERRORS,
    NewMessage,
    Submission,
    agent_id_of,
    invocation_of,
)
from noond.api.routing import Answer, Call, Rate, Reply, Route
from noond.api.streams import Stream, StreamEnd, Streams
from noond.assistant.tasks import Reading, Tasks
from noond.errors import Invalid, NotFound, RateLimited
from noond.models.account import Scope
from noond.models.invocation import TaskEventName
from noond.store.rows import dump

_LOOK_SECONDS: Final = 1.0
"""How soon it is noticed that the reader of a silent stream has gone."""


class TaskEventReply(Reply):
    """One event of the stream. Its `id` is the task's, a colon, and its number."""

    event: TaskEventName
    data: dict[str, Any]


class _Teller:
    """Tells tasks to those who ask."""

    def __init__(self, tasks: Tasks, *, heartbeat_seconds: float) -> None:
        self._tasks = tasks
        self._heartbeat_seconds = heartbeat_seconds

    async def tell(
        self, call: Call, stream: Stream, task_id: str, after: int
    ) -> web.StreamResponse:
        """What the task tells after this number, until its end or the reader's."""
        view = await self._tasks.get(call.user_id, task_id)
        if view.job.status.final and after > view.last_seq:
            # It was told to the end. This answer keeps a browser from asking again.
            return web.Response(status=204)
        response = EventSourceResponse(
            ping_interval=self._heartbeat_seconds, allow_all_methods=True
        )
        response.headers["X-Task-ID"] = task_id
        with contextlib.ExitStack() as stack:
            # Who may not cancel a task does not do it by leaving either.
            if view.streams and Scope.AGENTS_EXECUTE in call.principal.scopes:
                reading = stack.enter_context(self._tasks.reading(call.user_id, task_id))
                _note_stop(stream, reading)
            with contextlib.suppress(ConnectionResetError):
                await response.prepare(call.request)
                async with response:
                    await self._send_all(call, response, task_id, after)
        return response

    async def _send_all(
        self, call: Call, response: EventSourceResponse, task_id: str, after: int
    ) -> None:
        """Raises ConnectionResetError when the reader has gone."""
        events = self._tasks.listen(
            call.user_id, task_id, after=after, patience_seconds=_LOOK_SECONDS
        )
        async with contextlib.aclosing(events):
            async for event in events:
                if event is not None:
                    await response.send(
                        dump(event.data), id=f"{task_id}:{event.seq}", event=event.name
                    )
                elif _has_gone(call.request):
                    raise ConnectionResetError


def routes(
    submission: Submission,
    tasks: Tasks,
    streams: Streams,
    *,
    heartbeat_seconds: float,
) -> tuple[Route, ...]:
    """The routes of streams."""
    teller = _Teller(tasks, heartbeat_seconds=heartbeat_seconds)

    async def stream(call: Call) -> Answer:
        body = call.body(NewMessage)
        with streams.open(call.principal) as opened:
            place = _place(call.request)
            if place is None:
                invocation = invocation_of(call, agent_id_of(call), body)
                task_id, _ = await submission.submit(call, invocation, streams=True)
                return await teller.tell(call, opened, task_id, 0)
            heard_of, after = place
            if heard_of is None:
                raise Invalid.field("Last-Event-ID", "is not one that this stream has given")
            return await teller.tell(call, opened, heard_of, after)

    async def watch(call: Call) -> Answer:
        task_id = call.path["task_id"]
        place = _place(call.request)
        if place is not None and place[0] not in (None, task_id):
            raise Invalid.field("Last-Event-ID", "is that of another task")
        with streams.open(call.principal) as opened:
            return await teller.tell(call, opened, task_id, 0 if place is None else place[1])

    described = (
        "Server-sent events `run_started`, `message_delta`, `tool_call`, `tool_result`, `usage`, "
        "`error`, and at last `run_finished`. Comments keep the stream alive. Sent again with "
        "`Last-Event-ID`, the stream goes on after that event, and nothing is asked twice. "
    )
    posts: dict[str, Any] = {
        "method": "POST",
        "tag": "Invocations",
        "access": Scope.AGENTS_EXECUTE,
        "rate": Rate.STREAM,
        "handler": stream,
        "body": NewMessage,
        "reply": TaskEventReply,
        "errors": ERRORS,
        "idempotent": True,
        "resource": "task",
        "media_type": "text/event-stream",
        "other_replies": ((204, None),),
    }
    return (
        Route(
            **posts,
            path="/api/v1/agents/stream",
            summary="Ask the assistant, and hear the answer as it comes",
            description=described + "When its reader leaves and does not come back within "
            "`assistant.reconnect_seconds`, the answer is cancelled.",
            operation_id="stream",
        ),
        Route(
            **posts,
            path="/api/v1/agents/{agent_id}/stream",
            summary="Ask an agent, and hear the answer as it comes",
            description=described,
            operation_id="stream_agent",
        ),
        Route(
            method="GET",
            path="/api/v1/agents/tasks/{task_id}/events",
            tag="Tasks",
            summary="Hear a task",
            description=described + "204 when it was told to its end.",
            access=Scope.AGENTS_READ,
            rate=Rate.READ,
            handler=watch,
            reply=TaskEventReply,
            errors=(NotFound, RateLimited),
            media_type="text/event-stream",
            other_replies=((204, None),),
            resource="task",
            operation_id="watch_task",
        ),
    )


def _place(request: web.Request) -> tuple[str | None, int] | None:
    """Task and number of the header Last-Event-ID; None without one. Raises Invalid."""
    text = request.headers.get("Last-Event-ID", "")
    if not text:
        return None
    task_id, colon, number = text.rpartition(":")
    if not (number.isascii() and number.isdecimal() and len(number) <= 12):
        raise Invalid.field("Last-Event-ID", "must be the id of an event, such as 019a…:12")
    return (task_id if colon else None), int(number)


def _note_stop(stream: Stream, reading: Reading) -> None:
    end = stream.end

    def noted(why: StreamEnd) -> None:
        reading.interrupted = why is StreamEnd.STOP
        end(why)

    stream.end = noted


def _has_gone(request: web.Request) -> bool:
    transport = request.transport
    return transport is None or transport.is_closing()
