"""What a running job can say to the engine, and hear from it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Protocol

from noond.models.job import Enqueued, Job, JobProgress, NewJob
from noond.store import job_states, jobs
from noond.store.rows import Transaction, all_or_nothing


class Recorder(Protocol):
    """What a context needs of the engine."""

    def now(self) -> datetime:
        """The present."""
        ...

    def progressed(self, context: JobContext, progress: JobProgress) -> None:
        """Tell it now, store it with a later commit."""
        ...

    async def record(self, work: Callable[[Transaction], Any]) -> Any:
        """Run in the engine's next transaction; returns when that is on the disk."""
        ...

    async def steps(self, job: Job) -> dict[str, Any]:
        """The results of the job's steps so far."""
        ...


class JobContext:
    """One attempt's line to the engine. Everything durable is refused once the attempt is over."""

    __slots__ = (
        "_engine",
        "_signal",
        "_steps",
        "attempt",
        "cancelled",
        "job",
        "soft_limit_reached",
    )

    def __init__(self, job: Job, engine: Recorder) -> None:
        self.job = job
        self.cancelled = False
        """Whether the attempt is to end: cancelled by somebody, its hard limit, or the stop."""
        self.soft_limit_reached = False
        self.attempt: Any = None
        """The engine's own note of this attempt."""
        self._engine = engine
        self._signal: asyncio.Event | None = None
        self._steps: dict[str, Any] | None = {} if job.attempt == 1 else None

    def progress(self, percent: int, message: str | None = None) -> None:
        """Say how far it has come, 0 to 100: shown at once, stored at most twice a second."""
        if not 0 <= percent <= 100:
            raise ValueError("progress goes from 0 to 100")
        progress = JobProgress(percent=percent, message=message, at=self._engine.now())
        self._engine.progressed(self, progress)

    async def checkpoint(self, state: Any) -> None:
        """Keep `state` (JSON) for the next attempt, which finds it in `job.checkpoint`.

        On the disk when this returns. Raises AttemptEnded.
        """
        now = self._engine.now()
        await self._engine.record(
            lambda tx: job_states.put_checkpoint(tx, self.job, state, now=now)
        )

    async def step(
        self,
        name: str,
        work: Callable[[], Awaitable[Any]],
        *,
        also: Callable[[Transaction, Any], None] | None = None,
    ) -> Any:
        """Do the named work unless an attempt has done it: then its result (JSON) of that time.

        The result is on the disk when this returns, and with it what `also` stores of it. Raises
        what `work` and `also` raise, and AttemptEnded.
        """
        steps = await self.steps()
        if name not in steps:
            result = await work()

            def keep(tx: Transaction) -> None:
                with all_or_nothing(tx):
                    job_states.put_step(tx, self.job, name, result, now=self._engine.now())
                    if also is not None:
                        also(tx, result)

            await self._engine.record(keep)
            steps[name] = result
        return steps[name]

    async def step_in_transaction(self, name: str, work: Callable[[Transaction], Any]) -> Any:
        """As `step`, for work that is done in the transaction that keeps its result: never twice.

        Raises what `work` raises, which then has done nothing, and AttemptEnded.
        """
        steps = await self.steps()
        if name not in steps:

            def do(tx: Transaction) -> Any:
                with all_or_nothing(tx):
                    result = work(tx)
                    job_states.put_step(tx, self.job, name, result, now=self._engine.now())
                return result

            steps[name] = await self._engine.record(do)
        return steps[name]

    async def steps(self) -> dict[str, Any]:
        """The results of the steps so far, by name."""
        if self._steps is None:
            self._steps = await self._engine.steps(self.job)
        return self._steps

    async def store(self, work: Callable[[Transaction], Any]) -> Any:
        """Do this in the engine's next transaction; on the disk when this returns.

        If `work` raises a NoondError, then before it changes anything.
        """
        return await self._engine.record(work)

    async def enqueue(self, job: NewJob) -> Enqueued:
        """Queue a child: cancelled when this job is. Raises AttemptEnded."""
        now = self._engine.now()
        queued: Enqueued = await self._engine.record(
            lambda tx: jobs.insert_child(tx, self.job, job, now=now)
        )
        return queued

    async def told_to_end(self) -> None:
        """Wait until the soft limit is reached or the attempt is to end."""
        if self._signal is None:
            self._signal = asyncio.Event()
            if self.cancelled or self.soft_limit_reached:
                self._signal.set()
        await self._signal.wait()

    def tell(self, *, cancelled: bool) -> None:
        """The engine's side: the soft limit is reached, or the attempt is cancelled."""
        if cancelled:
            self.cancelled = True
        else:
            self.soft_limit_reached = True
        if self._signal is not None:
            self._signal.set()
