"""What the rest of noond asks of the engine: queue, cancel, revive, pause."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from noond.clock import Clock
from noond.errors import Invalid
from noond.jobs.operations import Operations
from noond.jobs.policy import JobType
from noond.models.job import CancelAnswer, Enqueued, NewJob
from noond.store import job_batches, job_endings, job_queues, jobs
from noond.store.database import Database


class JobRequests:
    """The side of the engine that others use; each call is on the disk when it returns."""

    def __init__(self, database: Database, clock: Clock, types: Sequence[JobType]) -> None:
        self._database = database
        self._clock = clock
        self._types = {job_type.name: job_type for job_type in types}
        self._operations = Operations()

    def wake(self) -> None:
        """Jobs were inserted or made due, or the clock has moved: look at once."""
        self._operations.wake()

    def new_job(
        self, job_type: str, user_id: str, payload: dict[str, Any], **changes: Any
    ) -> NewJob:
        """A job as its type's policy says; `changes` are fields of NewJob. Raises Invalid."""
        known = self._types.get(job_type)
        if known is None:
            raise Invalid.field("job_type", f"there is no job type {job_type!r}")
        return known.policy.new_job(job_type, user_id, payload, self._clock, **changes)

    async def enqueue(self, job: NewJob) -> Enqueued:
        """Queue a job; it is on the disk when this returns. Raises JobExists, StorageError.

        To queue within a transaction of your own: `store.jobs.insert`, then `wake`.
        """
        now = self._clock.now()
        if job.unique_key is None:
            return await self._operations.insert(jobs.values_of(job, now=now))
        unique: Enqueued = await self._operations.work(lambda tx: jobs.insert(tx, job, now=now))
        return unique

    async def enqueue_many(self, new_jobs: Sequence[NewJob]) -> list[Enqueued]:
        """Queue jobs, all or none. Raises JobExists, StorageError."""
        now = self._clock.now()
        made = await self._database.write(lambda tx: jobs.insert_many(tx, new_jobs, now=now))
        self.wake()
        return made

    async def enqueue_batch(
        self, user_id: str, members: Sequence[NewJob], *, callback: NewJob | None = None
    ) -> str:
        """Queue a batch; returns its id. `callback` is queued when the last job has ended."""
        now = self._clock.now()
        batch_id = await self._database.write(
            lambda tx: job_batches.insert(tx, user_id, members, callback=callback, now=now)
        )
        self.wake()
        return batch_id

    async def cancel(self, user_id: str, job_id: str) -> CancelAnswer:
        """Cancel a job and what it has queued: at once while it waits, else as soon as it ends."""
        now = self._clock.now()
        answer: CancelAnswer = await self._operations.work(
            lambda tx: job_endings.cancel(tx, user_id, job_id, now=now), cancels=True
        )
        return answer

    async def revive(self, user_id: str, job_id: str) -> bool:
        """Queue a failed or cancelled job anew; False for any other. Raises JobExists."""
        now = self._clock.now()
        return bool(
            await self._operations.work(lambda tx: job_endings.revive(tx, user_id, job_id, now=now))
        )

    async def pause(self, queue: str) -> None:
        """Start nothing of this queue until it is resumed, restarts included."""
        now = self._clock.now()
        await self._operations.work(lambda tx: job_queues.pause(tx, queue, now=now))

    async def resume(self, queue: str) -> None:
        """The queue is paused no more."""
        await self._operations.work(lambda tx: job_queues.resume(tx, queue))

    async def set_concurrency(self, queue: str, concurrency: int | None) -> None:
        """So many jobs of the queue run at once; None: as many as there is room for."""
        await self._operations.work(lambda tx: job_queues.set_concurrency(tx, queue, concurrency))
