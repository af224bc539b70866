"""The job engine: claims due jobs, runs them, stores how they ended. It knows no type.

An acknowledged job is on the disk. Only the running attempt may change a job. At start every
running job is an orphan of a dead daemon (the data directory is locked, so there is no other) and
is due at once. The engine is woken by operations and by one timer for the next due time; while
nothing is due it does nothing. Everything goes through one transaction at a time: what was queued
and what ended meanwhile, and the next claim.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import structlog

from noond.clock import Clock
from noond.config import JobSettings
from noond.errors import StorageError, StorageRefused
from noond.jobs.attempts import Halt
from noond.jobs.endings import Ending
from noond.jobs.operations import Batch
from noond.jobs.policy import JobType
from noond.jobs.requests import JobRequests
from noond.jobs.telemetry import Telemetry, TelemetrySnapshot
from noond.jobs.transaction import EngineTransaction, Stored, admission_for
from noond.jobs.workers import JobListener, Workers
from noond.store import job_backlog, jobs
from noond.store.database import Database
from noond.store.job_backlog import Backlog

log = structlog.get_logger(__name__)

_STORE_RETRY_SECONDS = 1.0
_JUMP_SECONDS = 1.0
_BEGIN_AT_ONCE = 16
_MADE_DUE = "made_due"
"""No end of an attempt, though it is stored as one."""


def _later(error: Exception) -> bool:
    """Whether the database itself is in trouble: the same may be stored later."""
    return isinstance(error, StorageError) and not isinstance(error, StorageRefused)


class JobEngine(JobRequests):
    """Runs jobs from `start` to `stop`; `listener` hears of them as they go on."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        settings: JobSettings,
        *,
        types: Sequence[JobType],
        listener: JobListener | None = None,
    ) -> None:
        super().__init__(database, clock, types)
        self._settings = settings
        self._telemetry = Telemetry()
        self._workers = Workers(
            database,
            clock,
            settings,
            types=self._types,
            operations=self._operations,
            telemetry=self._telemetry,
            listener=listener,
        )
        self._transaction = EngineTransaction(
            clock, settings, self._types, admission_for(clock, settings, types)
        )
        self._offset = self._clock_offset()
        self._listener = listener
        self._storing = asyncio.Lock()
        self._stopping = False
        self._closing = False
        self._loop_task: asyncio.Task[None] | None = None

    # --- from start to stop -----------------------------------------------------------------------

    async def start(self) -> None:
        """Recover what a dead daemon left running, then claim."""
        recovered = await self._database.write(self._transaction.recover)
        if recovered:
            log.info("jobs_recovered", count=recovered)
        await self._database.read(self._transaction.restore_rates)
        self._loop_task = asyncio.create_task(self._store_on_and_on(), name="job-engine")
        self.wake()

    async def stop(self, *, grace_seconds: float) -> None:
        """Claim no more, wait, then cancel; a cancelled job is given back with its attempt.

        A job that does not end when it is cancelled is given back all the same: its attempt can
        no longer finish it. What is to be stored is stored before this returns.
        """
        self._stopping = True
        async with self._storing:
            pass  # a claim that is just being committed gives its jobs back
        await self._workers.stop(grace_seconds=grace_seconds)
        self._closing = True
        self.wake()
        if self._loop_task is not None:
            await self._loop_task
        self._operations.close()

    async def tick(self) -> None:
        """Called now and then: when the wall clock was set, what is due is looked at anew."""
        offset = self._clock_offset()
        if abs(offset - self._offset) > _JUMP_SECONDS:
            log.info("clock_jumped", seconds=offset - self._offset)
            self._offset = offset
            self.wake()
        async with self._storing:
            self._transaction.forget_idle_keys()

    def _clock_offset(self) -> float:
        return self._clock.now().timestamp() - self._clock.monotonic()

    # --- what it tells of itself ------------------------------------------------------------------

    def telemetry(self) -> TelemetrySnapshot:
        """What the engine has counted since its start, and what it is doing."""
        running = self._workers.running
        return self._telemetry.snapshot(
            running=len(running), stuck=running.stuck, free=self._free()
        )

    async def backlog(self) -> Backlog:
        """What waits now, and since when."""
        return await self._database.read(job_backlog.backlog_all_users)

    # --- the loop ---------------------------------------------------------------------------------

    def _free(self) -> int:
        return max(0, self._settings.concurrent - len(self._workers.running))

    async def _store_on_and_on(self) -> None:
        while True:
            await self._operations.woken()
            try:
                async with self._storing:
                    due_in = await self._store()
            except Exception:
                # Whatever it is, the other jobs go on.
                log.exception("job_engine_failed")
                due_in = _STORE_RETRY_SECONDS
            if self._closing and not len(self._operations):
                return
            if due_in is not None:
                self._operations.wake_in(due_in)

    async def _store(self) -> float | None:
        """One transaction; returns the seconds until there is something to do anyway."""
        batch = self._operations.take()
        batch.progress = self._workers.take_progress()
        free = 0 if self._stopping else self._free()
        running = self._workers.running.by_type()
        cancels = batch.cancels
        began = self._clock.monotonic()
        try:
            stored = await self._database.write(
                lambda tx: self._transaction.run(
                    tx, batch, free=free, running=running, cancelling=cancels
                )
            )
        except Exception as error:  # noqa: BLE001 - told to whom it concerns
            return await self._not_stored(batch, error)
        self._telemetry.stored(len(batch), self._clock.monotonic() - began)
        batch.resolve()
        if self._listener is not None:
            for ending in batch.endings:
                if ending.word != _MADE_DUE:
                    self._listener.ended(ending.attempt.job)
        await self._begin(stored)
        for ending in batch.endings:
            if ending.unless is not None:
                self._look_again(ending, ending.unless)
        return self._due_in(stored)

    async def _not_stored(self, batch: Batch, error: Exception) -> float | None:
        """Nothing of the batch is on the disk. Whose fault it is alone is refused alone."""
        log.error("jobs_not_stored", error=str(error), operations=len(batch))
        if _later(error) or not len(batch):
            batch.refuse(error)
            if self._closing:
                return None  # recovered at the next start
            self._operations.keep(batch.endings)
            return _STORE_RETRY_SECONDS
        for ending, cause in await batch.store_singly(self._database):
            if _later(cause) or ending.desperate:
                if not self._closing:
                    self._operations.keep([ending])
            else:
                self._operations.end(self._workers.unstorable(ending, cause))
        return _STORE_RETRY_SECONDS if len(self._operations) else 0.0

    async def _begin(self, stored: Stored) -> None:
        self._transaction.started(stored.claimed)
        for number, job in enumerate(stored.claimed, 1):
            if number % _BEGIN_AT_ONCE == 0:
                await asyncio.sleep(0)  # others have their turn between
            if self._stopping:
                self._workers.give_back(job)
            else:
                self._workers.begin(job)
        for job_id in stored.cancelling:
            self._workers.running.halt_job(job_id, Halt.ASKED)

    def _look_again(self, ending: Ending, unless: Callable[[], bool]) -> None:
        """What a snoozed job waits for may have come before it could be claimed again."""
        if self._stopping or not unless():
            return
        job, now = ending.attempt.job, self._clock.now()
        # As an ending, it is stored sooner or later: nobody else would wake the job.
        self._operations.end(
            Ending(ending.attempt, _MADE_DUE, lambda tx: jobs.make_due(tx, job, now=now))
        )

    def _due_in(self, stored: Stored) -> float | None:
        pauses = []
        if stored.next_due is not None:
            pauses.append((stored.next_due - self._clock.now()).total_seconds())
        room_in = self._transaction.next_room_in()
        if room_in is not None:
            pauses.append(room_in)
        return max(0.0, min(pauses)) if pauses else None
