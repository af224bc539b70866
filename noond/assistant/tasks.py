"""Tasks as people see them: looked at, waited for, listened to, cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Literal

from noond.assistant.telling import Wakes
from noond.errors import TaskFailed
from noond.jobs.requests import JobRequests
from noond.models.invocation import TaskEvent, TaskEventName, TaskView
from noond.models.job import Job, JobBatch, JobStatus
from noond.store import agent_tasks, job_batches, task_events
from noond.store.database import Database
from noond.store.rows import Connection
from noond.tasks import Supervisor

_EVENTS: Final = 200
_LOOK_SECONDS: Final = 15.0
"""How long it is waited for news before the task is looked at all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What a task has told since; `ended` is its last word, once it has ended."""

    events: Sequence[TaskEvent]
    ended: TaskEvent | None


@dataclass(slots=True, kw_only=True)
class Reading:
    """A reader's time with a task; `interrupted`: the daemon stops, the reader has not left."""

    interrupted: bool = False


class Tasks:
    """The tasks of all users; every call is one user's."""

    def __init__(
        self,
        database: Database,
        requests: JobRequests,
        wakes: Wakes,
        tasks: Supervisor,
        *,
        reconnect_seconds: float,
    ) -> None:
        self._database = database
        self._requests = requests
        self._wakes = wakes
        self._tasks = tasks
        self._reconnect_seconds = reconnect_seconds
        self._readers: dict[str, int] = {}
        self._leaving: dict[str, asyncio.Task[None]] = {}

    async def get(self, user_id: str, task_id: str) -> TaskView:
        """The task; raises NotFound."""
        return await self._database.read(lambda c: agent_tasks.get(c, user_id, task_id))

    async def list(
        self,
        user_id: str,
        *,
        status: JobStatus | None = None,
        limit: int,
        before: str | None = None,
    ) -> Sequence[TaskView]:
        """Newest first, ids below `before`."""
        return await self._database.read(
            lambda c: agent_tasks.list_page(c, user_id, status=status, limit=limit, before=before)
        )

    async def batch(self, user_id: str, batch_id: str) -> tuple[JobBatch, Sequence[TaskView]]:
        """A batch or chain with its tasks; raises NotFound."""

        def read(connection: Connection) -> tuple[JobBatch, Sequence[TaskView]]:
            return (
                job_batches.get(connection, user_id, batch_id),
                agent_tasks.list_of_batch(connection, user_id, batch_id),
            )

        return await self._database.read(read)

    async def cancel(
        self, user_id: str, task_id: str
    ) -> tuple[JobStatus, Literal["requested", "already_final"]]:
        """End the task: at once while it waits, as soon as it has stopped while it runs.

        Raises NotFound.
        """
        before = await self._job(user_id, task_id)
        if before.status.final:
            return before.status, "already_final"
        answer = await self._requests.cancel(user_id, task_id)
        self._wakes.wake(task_id, end=True)
        after = await self._job(user_id, task_id)
        return after.status, "requested" if answer == "requested" else "already_final"

    async def finished(self, user_id: str, task_id: str) -> TaskView:
        """Wait until the task has ended. Raises NotFound."""
        with self._wakes.watch(task_id, ends_only=True) as watch:
            while not (await self._job(user_id, task_id)).status.final:
                await watch.news(seconds=_LOOK_SECONDS)
        return await self.get(user_id, task_id)

    async def news(self, user_id: str, task_id: str, *, after: int) -> News:
        """What the task has told with numbers above `after`. Raises NotFound."""

        def read(connection: Connection) -> News:
            job = agent_tasks.get_job(connection, user_id, task_id)
            events = task_events.list_after(
                connection, user_id, task_id, after=after, limit=_EVENTS
            )
            if len(events) == _EVENTS or not job.status.final:
                return News(events=events, ended=None)
            return News(
                events=events, ended=last_word(agent_tasks.get(connection, user_id, task_id))
            )

        return await self._database.read(read)

    async def story(self, user_id: str, task_id: str) -> Sequence[TaskEvent]:
        """All that the task has told, without the pieces of its answer. Raises NotFound."""

        def read(connection: Connection) -> Sequence[TaskEvent]:
            agent_tasks.get_job(connection, user_id, task_id)
            return task_events.list_story(connection, user_id, task_id)

        return await self._database.read(read)

    async def listen(
        self, user_id: str, task_id: str, *, after: int, patience_seconds: float
    ) -> AsyncGenerator[TaskEvent | None]:
        """What the task tells, from the number after `after` on, until its last word.

        None now and then, when there was nothing for that long. Raises NotFound.
        """
        with self._wakes.watch(task_id) as watch:
            while True:
                news = await self.news(user_id, task_id, after=after)
                for event in news.events:
                    after = event.seq
                    yield event
                if news.ended is not None:
                    if news.ended.seq > after:
                        yield news.ended
                    return
                if not news.events and not await watch.news(seconds=patience_seconds):
                    yield None

    @contextmanager
    def reading(self, user_id: str, task_id: str) -> Iterator[Reading]:
        """Somebody reads a streamed answer while the block runs.

        With its last reader the task ends, unless one comes back in time: nobody is to pay for
        what nobody reads.
        """
        reading = Reading()
        leaving = self._leaving.pop(task_id, None)
        if leaving is not None:
            leaving.cancel()
        self._readers[task_id] = self._readers.get(task_id, 0) + 1
        try:
            yield reading
        finally:
            self._readers[task_id] -= 1
            if not self._readers[task_id]:
                del self._readers[task_id]
                if not reading.interrupted:
                    self._leaving[task_id] = self._tasks.start(
                        self._end_unread(user_id, task_id), name=f"unread-{task_id}"
                    )

    async def _job(self, user_id: str, task_id: str) -> Job:
        return await self._database.read(lambda c: agent_tasks.get_job(c, user_id, task_id))

    async def _end_unread(self, user_id: str, task_id: str) -> None:
        await asyncio.sleep(self._reconnect_seconds)
        del self._leaving[task_id]
        await self.cancel(user_id, task_id)


def last_word(view: TaskView) -> TaskEvent:
    """What a task that has ended says at last: it follows from how it ended."""
    result = view.result or {}
    return TaskEvent(
        seq=view.last_seq + 1,
        name=TaskEventName.RUN_FINISHED,
        data={
            "task_id": view.job.id,
            "state": state_of(view.job),
            "status": view.job.status.value,
            "response": view.content,
            "metadata": result.get("metadata"),
            "error": error_of(view),
        },
    )


def state_of(job: Job) -> str:
    """The task's state in the words of task queues; one that waits for another try is RETRY."""
    if job.status is JobStatus.PENDING:
        return "RETRY" if job.retry_count else "PENDING"
    return _STATES[job.status]


_STATES: Final = {
    JobStatus.RUNNING: "STARTED",
    JobStatus.COMPLETED: "SUCCESS",
    JobStatus.FAILED: "FAILURE",
    JobStatus.CANCELLED: "REVOKED",
}


def error_of(view: TaskView) -> dict[str, Any] | None:
    """Code and message of what went wrong last; None when nothing did, or it was overcome."""
    job = view.job
    if job.status is JobStatus.FAILED:
        reason = None if job.reason is None else job.reason.value
        told = view.error if reason in ("error", "permanent") else None
        return told or {
            "code": reason or TaskFailed.code,
            "message": job.error_message or TaskFailed().message,
        }
    return view.error if job.status is JobStatus.PENDING and job.retry_count else None
