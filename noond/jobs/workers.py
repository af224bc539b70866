"""The jobs that run: each a task with its context, its limits and its end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, Protocol

import structlog

from noond.clock import Clock
from noond.config import JobSettings
from noond.jobs.attempts import Attempt, Halt, Running
from noond.jobs.context import JobContext
from noond.jobs.endings import Ending, Endings
from noond.jobs.operations import Operations
from noond.jobs.policy import JobType
from noond.jobs.telemetry import Telemetry
from noond.models.job import Job, JobProgress
from noond.store import job_states
from noond.store.database import Database
from noond.store.rows import Transaction

log = structlog.get_logger(__name__)

PROGRESS_SECONDS = 0.5
"""Between two stored states of one job's progress."""


class JobListener(Protocol):
    """Hears of jobs as they go on, in the loop: it must be quick and must not raise."""

    def started(self, job: Job) -> None:
        """An attempt has begun."""
        ...

    def progressed(self, job: Job, progress: JobProgress) -> None:
        """The attempt says how far it has come; that may be stored later."""
        ...

    def ended(self, job: Job) -> None:
        """What became of the attempt is on the disk: the row says it."""
        ...


class Workers:
    """Runs claimed jobs and hands over how they end. It is the recorder of their contexts."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        settings: JobSettings,
        *,
        types: Mapping[str, JobType],
        operations: Operations,
        telemetry: Telemetry,
        listener: JobListener | None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self._types = types
        self._operations = operations
        self._telemetry = telemetry
        self._listener = listener
        self._endings = Endings(clock.now)
        self._dirty: dict[Attempt, None] = {}
        self.running = Running(
            clock.monotonic,
            cancel_seconds=settings.cancel_seconds,
            max_stuck=settings.max_stuck,
            given_up=lambda attempt: self._ended(attempt, self._endings.of_stuck(attempt)),
        )

    def begin(self, job: Job) -> None:
        """Run a claimed job."""
        job_type, now = self._types[job.job_type], self._clock.monotonic()
        context = JobContext(job, self)
        attempt = Attempt(job=job, job_type=job_type, context=context, began=now)
        context.attempt = attempt
        policy = job_type.policy
        if policy.soft_seconds is not None:
            attempt.soft_at = now + policy.soft_seconds
        if policy.hard_seconds is not None:
            attempt.hard_at = now + policy.hard_seconds
        started = job.started_at or self._clock.now()
        if job.deadline_at is not None:
            deadline = now + (job.deadline_at - started).total_seconds()
            if attempt.hard_at is None or deadline < attempt.hard_at:
                attempt.hard_at, attempt.deadline = deadline, True
        self._telemetry.started((started - job.scheduled_at).total_seconds())
        self.running.add(attempt)
        if self._listener is not None:
            self._listener.started(job)
        name = f"job-{job.job_type}-{job.id}"
        attempt.task = asyncio.create_task(self._run(attempt), name=name)

    def give_back(self, job: Job) -> None:
        """A job that was claimed while the daemon began to stop."""
        attempt = Attempt(
            job=job, job_type=self._types[job.job_type], context=JobContext(job, self), began=0
        )
        self._operations.end(self._endings.given_back(attempt, self._clock.now()))

    def unstorable(self, ending: Ending, cause: Exception) -> Ending:
        """The ending in place of one that the database refuses for ever."""
        return self._endings.of_unstorable(ending.attempt, cause)

    async def stop(self, *, grace_seconds: float) -> None:
        """Wait, then cancel; what does not end is given back without its consent."""
        tasks = [attempt.task for attempt in self.running if attempt.task is not None]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=grace_seconds)
            for attempt in self.running:
                self.running.halt(attempt, Halt.STOPPING)
            if late:
                await asyncio.wait(late, timeout=self._settings.cancel_seconds)
        for attempt in self.running:
            log.error("job_stuck", job=attempt.job.id, type=attempt.job.job_type)
            attempt.over = True
            self._operations.end(self._endings.given_back(attempt, self._clock.now()))
        self.running.close()

    async def _run(self, attempt: Attempt) -> None:
        ending: Ending | None
        try:
            value = await attempt.job_type.run(attempt.job, attempt.context)
            ending = self._endings.of_value(attempt, value)
        except asyncio.CancelledError:
            ending = self._endings.of_cancel(attempt)
            if ending is None:
                raise
        except Exception as error:  # noqa: BLE001 - a job's failure is its own
            ending = self._endings.of_error(attempt, error)
        was_over = attempt.over
        self.running.remove(attempt)
        if not was_over:
            attempt.over = True
            self._ended(attempt, ending)

    def _ended(self, attempt: Attempt, ending: Ending) -> None:
        self._dirty.pop(attempt, None)
        seconds = self._clock.monotonic() - attempt.began
        self._telemetry.ended(attempt.job.job_type, ending.word, seconds)
        self._operations.end(ending)

    # --- the recorder -----------------------------------------------------------------------------

    def now(self) -> datetime:
        """See Recorder."""
        return self._clock.now()

    def progressed(self, context: JobContext, progress: JobProgress) -> None:
        """See Recorder."""
        attempt = context.attempt
        if attempt is None or attempt.over:
            return
        attempt.progress = progress
        self._dirty[attempt] = None
        if self._listener is not None:
            self._listener.progressed(attempt.job, progress)
        if len(self._dirty) == 1:
            self._operations.wake_in(PROGRESS_SECONDS)

    def take_progress(self) -> list[Callable[[Transaction], bool]]:
        """The progress that is to be stored now; the rest is asked for again in time."""
        if not self._dirty:
            return []
        now = self._clock.monotonic()
        taken: list[Callable[[Transaction], bool]] = []
        for attempt in list(self._dirty):
            progress = attempt.progress
            if progress is not None and attempt.progress_stored <= now - PROGRESS_SECONDS:
                attempt.progress_stored = now
                del self._dirty[attempt]
                taken.append(partial(job_states.put_progress, job=attempt.job, progress=progress))
        if self._dirty:
            self._operations.wake_in(PROGRESS_SECONDS)
        return taken

    async def record(self, work: Callable[[Transaction], Any]) -> Any:
        """See Recorder."""
        return await self._operations.work(work)

    async def steps(self, job: Job) -> dict[str, Any]:
        """See Recorder."""
        return await self._database.read(lambda c: job_states.steps_of(c, job.user_id, job.id))
