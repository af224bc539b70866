"""What a task tells while it works: on the disk before anybody hears of it.

So whoever comes back after a cut hears exactly what they missed, also from a later daemon. While
one piece is being stored the next ones collect and become one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from noond.clock import rfc3339
from noond.errors import BudgetReached, NoondError
from noond.jobs.context import JobContext
from noond.models.invocation import TaskEvent, TaskEventName
from noond.models.job import Job, JobProgress
from noond.store import task_events
from noond.store.rows import Transaction
from noond.tasks import Supervisor


class Wakes:
    """Wakes those who wait for news of a task; what is new they read for themselves.

    It is a JobListener: the end of an attempt is news.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, set[Watch]] = {}

    def wake(self, task_id: str, *, end: bool = False) -> None:
        """There may be news; `end`: of how an attempt, or the task, has ended."""
        for watch in self._waiting.get(task_id, ()):
            watch.wake(end=end)

    def started(self, job: Job) -> None:
        """See JobListener."""

    def progressed(self, job: Job, progress: JobProgress) -> None:
        """See JobListener."""

    def ended(self, job: Job) -> None:
        """See JobListener."""
        self.wake(job.id, end=True)

    def watch(self, task_id: str, *, ends_only: bool = False) -> Watch:
        """A watch over a task, or over its ends only; `with` it."""
        return Watch(self._waiting, task_id, ends_only=ends_only)


class Watch:
    """Hears of a task's news while the block runs."""

    def __init__(self, waiting: dict[str, set[Watch]], task_id: str, *, ends_only: bool) -> None:
        self._waiting = waiting
        self._task_id = task_id
        self._ends_only = ends_only
        self._news = asyncio.Event()

    def __enter__(self) -> Watch:
        self._waiting.setdefault(self._task_id, set()).add(self)
        return self

    def __exit__(self, *_: object) -> None:
        watching = self._waiting[self._task_id]
        watching.discard(self)
        if not watching:
            del self._waiting[self._task_id]

    def wake(self, *, end: bool) -> None:
        """There may be news."""
        if end or not self._ends_only:
            self._news.set()

    async def news(self, *, seconds: float) -> bool:
        """Wait until there may be news, at most so long; whether there may be."""
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            return False
        self._news.clear()
        return True


class Telling:
    """What one attempt tells, in order. `content` is the answer as far as it is written.

    When the task streams, all is stored as soon as it is told. Else it waits for the next step,
    and is stored in that transaction (`store_in`), or when the attempt ends (`told`).
    """

    def __init__(
        self,
        context: JobContext,
        *,
        tasks: Supervisor,
        wake: Callable[[str], None],
        last_seq: int,
        streams: bool,
    ) -> None:
        self.streams = streams
        self._context = context
        self._tasks = tasks
        self._wake = wake
        self._seq = last_seq
        self._waiting: list[tuple[TaskEventName, dict[str, Any]]] = []
        self._storing: asyncio.Task[None] | None = None
        self._failure: Exception | None = None
        self._kept = ""
        self.content = ""
        self.pieces = 0

    def begin(self, content: str) -> None:
        """The attempt begins, with what still counts of the answer."""
        self.content = self._kept = content
        self._tell(
            TaskEventName.RUN_STARTED,
            {
                "task_id": self._context.job.id,
                "attempt": self._context.job.attempt,
                "content": content,
            },
        )

    def delta(self, text: str) -> None:
        """A piece of the answer."""
        if not text:
            return
        self.content += text
        self.pieces += 1
        if self._waiting and self._waiting[-1][0] is TaskEventName.MESSAGE_DELTA:
            self._waiting[-1][1]["delta"] += text
            return
        self._tell(TaskEventName.MESSAGE_DELTA, {"delta": text})

    def keep(self) -> None:
        """What is written so far stands, whatever becomes of the next utterance."""
        self._kept = self.content

    @property
    def at_kept(self) -> bool:
        """Whether nothing was written since `keep`."""
        return self.content == self._kept

    def restart(self) -> None:
        """What was written since `keep` is void: the model begins its utterance anew."""
        if not self.at_kept:
            self.begin(self._kept)

    def tool_call(self, tool_call_id: str, name: str, arguments: dict[str, Any] | None) -> None:
        """A tool is called."""
        self._tell(
            TaskEventName.TOOL_CALL,
            {"tool_call_id": tool_call_id, "name": name, "arguments": arguments},
        )

    def tool_result(self, tool_call_id: str, name: str, result: dict[str, Any]) -> None:
        """What the tool gave."""
        self._tell(
            TaskEventName.TOOL_RESULT,
            {"tool_call_id": tool_call_id, "name": name, "result": result},
        )

    def usage(self, usage: dict[str, Any]) -> None:
        """What the task's calls to models came to."""
        self._tell(TaskEventName.USAGE, usage)

    def error(self, error: NoondError) -> None:
        """The attempt has failed."""
        told: dict[str, Any] = {"code": error.code, "message": error.message}
        if isinstance(error, BudgetReached):
            told["retry_at"] = rfc3339(error.until)
        self._tell(TaskEventName.ERROR, told)

    async def told(self) -> None:
        """Return once everything is on the disk; raises what kept it from there."""
        if self._storing is None and self._waiting:
            await self._store()
        while self._storing is not None:
            await self._storing
        if self._failure is not None:
            raise self._failure

    def store_in(self, tx: Transaction) -> None:
        """Store what waits, in the transaction of a step: nothing if the task streams."""
        if not self.streams and self._waiting:
            task_events.insert(tx, self._context.job, self._take())

    def _tell(self, name: TaskEventName, data: dict[str, Any]) -> None:
        if self._failure is not None:
            return  # a later event must not stand where one is missing
        self._waiting.append((name, data))
        if self.streams and self._storing is None:
            self._storing = self._tasks.start(
                self._store(), name=f"task-events-{self._context.job.id}"
            )

    async def _store(self) -> None:
        job = self._context.job
        try:
            while self._waiting:
                events = self._take()
                await self._context.store(lambda tx, e=events: task_events.insert(tx, job, e))  # type: ignore[misc]
                self._wake(job.id)
        except Exception as error:  # noqa: BLE001 - raised by `told`
            self._failure = error
        finally:
            self._storing = None

    def _take(self) -> list[TaskEvent]:
        waiting, self._waiting = self._waiting, []
        first = self._seq + 1
        self._seq += len(waiting)
        return [
            TaskEvent(seq=seq, name=name, data=data)
            for seq, (name, data) in enumerate(waiting, first)
        ]
