"""The job engine: claims due jobs, runs them, gives back what could not end. It knows no type.

An acknowledged job is on the disk. Only the running attempt may finish a job. At start every
running job is an orphan of a dead daemon (the data directory is locked, so there is no other) and
is due at once. The engine is woken by inserts and by one timer for the next due time; while
nothing is due it does nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from noond.clock import Clock
from noond.errors import StorageError
from noond.models.job import Job, JobStatus
from noond.store import jobs
from noond.store.database import Database
from noond.store.rows import Transaction

log = structlog.get_logger(__name__)

_STORE_RETRY_SECONDS = 1.0
_STORAGE_PAUSE = timedelta(seconds=10)
_CANCEL_SECONDS = 3.0
"""How long a cancelled job may take to end before the daemon's stop goes on without it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snooze:
    """What a handler returns to be called again at that time, or when the job is made due.

    `unless` is asked once the job can be claimed again: when what it waits for has come in the
    meantime, the job is due at once.
    """

    until: datetime
    unless: Callable[[], bool] | None = None


class JobType(Protocol):
    """One kind of work. `queue` and `priority` (1 highest) order it among the others."""

    @property
    def name(self) -> str:
        """The type's stable name, as stored."""
        ...

    async def run(self, job: Job) -> Snooze | None:
        """Do the work. None: done. An exception fails the job, and only this job.

        Cancelled at the daemon's stop: what is not stored by then is done again.
        """
        ...


class JobEngine:
    """Runs at most `slots` jobs at once, from `start` to `stop`."""

    def __init__(
        self, database: Database, clock: Clock, *, types: Sequence[JobType], slots: int
    ) -> None:
        self._database = database
        self._clock = clock
        self._types = {job_type.name: job_type for job_type in types}
        self._slots = slots
        # By task, not by id: a job that was given back may be claimed again at once.
        self._running: dict[asyncio.Task[None], Job] = {}
        self._wake = asyncio.Event()
        self._stopping = False
        self._loop_task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Recover what a dead daemon left running, then claim."""
        recovered = await self._database.write(jobs.recover_all_users)
        if recovered:
            log.info("jobs_recovered", count=recovered)
        self._loop_task = asyncio.create_task(self._claim_on_and_on(), name="job-engine")

    def wake(self) -> None:
        """Jobs were inserted or made due: look at once."""
        self._wake.set()

    async def stop(self, *, grace_seconds: float) -> None:
        """Claim no more, wait, then cancel; a cancelled job is given back with its attempt.

        A job that does not end when it is cancelled is given back all the same: its attempt can
        no longer finish it.
        """
        self._stopping = True
        self._wake.set()
        if self._loop_task is not None:
            # Not cancelled: jobs of a claim that is just being committed must be given back.
            await self._loop_task
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=grace_seconds)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=_CANCEL_SECONDS)
        for job in self._running.values():
            log.error("job_stuck", job=job.id, type=job.job_type)
        await self._give_back(list(self._running.values()))

    async def _claim_on_and_on(self) -> None:
        while True:
            self._wake.clear()
            if self._stopping:
                return
            try:
                due_in = await self._claim()
            except StorageError as error:
                log.error("jobs_not_claimed", error=error.message)
                due_in = _STORE_RETRY_SECONDS
            except Exception:
                log.exception("jobs_not_claimed")
                due_in = _STORE_RETRY_SECONDS
            try:
                async with asyncio.timeout(due_in):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def _claim(self) -> float | None:
        """Start what is due; returns the seconds until something is, None if nothing will be."""
        free = self._slots - len(self._running)
        if free <= 0:
            return None
        now = self._clock.now()

        def claim(tx: Transaction) -> tuple[list[Job], datetime | None]:
            claimed = jobs.claim_all_users(tx, job_types=self._types, free=free, now=now)
            return claimed, jobs.next_due_all_users(tx, now=now)

        claimed, next_due = await self._database.write(claim)
        if self._stopping:
            await self._give_back(claimed)
            return None
        for job in claimed:
            task = asyncio.create_task(self._run(job), name=f"job-{job.job_type}-{job.id}")
            self._running[task] = job
            task.add_done_callback(self._ended)
        if next_due is None:
            return None
        return max(0.0, (next_due - self._clock.now()).total_seconds())

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._running[task]
        self._wake.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("job_task_failed", task=task.get_name(), exc_info=error)

    async def _run(self, job: Job) -> None:
        snooze, store = await self._outcome(job)
        await self._settle(job, store)
        if snooze is not None and snooze.unless is not None and snooze.unless():
            await self._settle(job, lambda tx: jobs.make_due(tx, job, now=self._clock.now()))

    async def _outcome(self, job: Job) -> tuple[Snooze | None, Callable[[Transaction], bool]]:
        """Run the handler; returns its wish to be called again, and what to store."""
        now = self._clock.now
        try:
            snooze = await self._types[job.job_type].run(job)
        except asyncio.CancelledError:
            if self._stopping:
                return None, lambda tx: jobs.give_back(tx, job, due=now())
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise  # the loop itself ends
            log.exception("job_failed", job=job.id, type=job.job_type)
            message = "the work was cancelled from within"
            return None, lambda tx: jobs.finish(tx, job, JobStatus.FAILED, error=message, now=now())
        except StorageError as error:
            # No fault of the job's: it goes on when the database does.
            log.error("job_not_stored", job=job.id, type=job.job_type, error=error.message)
            later = now() + _STORAGE_PAUSE
            return None, lambda tx: jobs.give_back(tx, job, due=later)
        except Exception as error:
            log.exception("job_failed", job=job.id, type=job.job_type)
            message = f"{type(error).__name__}: {error}"
            return None, lambda tx: jobs.finish(tx, job, JobStatus.FAILED, error=message, now=now())
        if snooze is not None:
            return snooze, lambda tx: jobs.give_back(tx, job, due=snooze.until)
        return None, lambda tx: jobs.finish(tx, job, JobStatus.COMPLETED, error=None, now=now())

    async def _settle(self, job: Job, store: Callable[[Transaction], bool]) -> None:
        while True:
            try:
                await self._database.write(store)
            except StorageError as error:
                log.error("job_not_stored", job=job.id, error=error.message)
                if self._stopping:
                    return  # recovered at the next start
                await asyncio.sleep(_STORE_RETRY_SECONDS)
            else:
                return

    async def _give_back(self, claimed: Sequence[Job]) -> None:
        """Make these jobs due for the next daemon; what can't be stored it recovers by itself."""
        if not claimed:
            return
        now = self._clock.now()

        def store(tx: Transaction) -> None:
            for job in claimed:
                jobs.give_back(tx, job, due=now)

        try:
            await self._database.write(store)
        except StorageError as error:
            log.error("jobs_not_given_back", count=len(claimed), error=error.message)
