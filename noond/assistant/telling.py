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
from noond.tasks import Supervisor


class Wakes:
    """Wakes those who wait for news of a task; what is new they read for themselves.

    It is a JobListener: a task's end is news.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, set[asyncio.Event]] = {}

    def wake(self, task_id: str) -> None:
        """There may be news."""
        for waiting in self._waiting.get(task_id, ()):
            waiting.set()

    def started(self, job: Job) -> None:
        """See JobListener."""

    def progressed(self, job: Job, progress: JobProgress) -> None:
        """See JobListener."""

    def ended(self, job: Job) -> None:
        """See JobListener."""
        self.wake(job.id)

    def watch(self, task_id: str) -> Watch:
        """A watch over a task; `with` it."""
        return Watch(self._waiting, task_id)


class Watch:
    """Hears of a task's news while the block runs."""

    def __init__(self, waiting: dict[str, set[asyncio.Event]], task_id: str) -> None:
        self._waiting = waiting
        self._task_id = task_id
        self._news = asyncio.Event()

    def __enter__(self) -> Watch:
        self._waiting.setdefault(self._task_id, set()).add(self._news)
        return self

    def __exit__(self, *_: object) -> None:
        watching = self._waiting[self._task_id]
        watching.discard(self._news)
        if not watching:
            del self._waiting[self._task_id]

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
    """What one attempt tells, in order. `content` is the answer as far as it is written."""

    def __init__(
        self,
        context: JobContext,
        *,
        tasks: Supervisor,
        wake: Callable[[str], None],
        last_seq: int,
    ) -> None:
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
        while self._storing is not None:
            await self._storing
        if self._failure is not None:
            raise self._failure

    def _tell(self, name: TaskEventName, data: dict[str, Any]) -> None:
        if self._failure is not None:
            return  # a later event must not stand where one is missing
        self._waiting.append((name, data))
        if self._storing is None:
            self._storing = self._tasks.start(
                self._store(), name=f"task-events-{self._context.job.id}"
            )

    async def _store(self) -> None:
        job = self._context.job
        try:
            while self._waiting:
                waiting, self._waiting = self._waiting, []
                events = [
                    TaskEvent(seq=self._seq + number, name=name, data=data)
                    for number, (name, data) in enumerate(waiting, 1)
                ]
                self._seq += len(events)
                await self._context.store(lambda tx, e=events: task_events.insert(tx, job, e))  # type: ignore[misc]
                self._wake(job.id)
        except Exception as error:  # noqa: BLE001 - raised by `told`
            self._failure = error
        finally:
            self._storing = None
