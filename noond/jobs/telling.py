"""What watchers are told of jobs: that an attempt begins, how far it is, what became of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Final

from noond.clock import rfc3339
from noond.events import EventBus
from noond.models.job import AttemptEnd, Job, JobProgress
from noond.store import job_states
from noond.store.database import Database
from noond.store.rows import Connection
from noond.tasks import Supervisor

JOB_STARTED: Final = "job.started"
JOB_PROGRESS: Final = "job.progress"
JOB_ENDED: Final = "job.ended"

_EVERY_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    topic: str
    job: Job
    progress: JobProgress | None = None


class JobEvents:
    """A JobListener that publishes what it hears, at most ten times a second.

    In between only the latest progress of a job counts. How an attempt ended is read from the
    store, so what watchers see is what is true. Without a watcher nothing is done.
    """

    def __init__(self, database: Database, bus: EventBus, tasks: Supervisor) -> None:
        self._database = database
        self._bus = bus
        self._tasks = tasks
        self._waiting: dict[tuple[str, int, str], _Told] = {}
        self._publishing = False

    def started(self, job: Job) -> None:
        """See JobListener."""
        self._hear(_Told(topic=JOB_STARTED, job=job))

    def progressed(self, job: Job, progress: JobProgress) -> None:
        """See JobListener."""
        self._hear(_Told(topic=JOB_PROGRESS, job=job, progress=progress))

    def ended(self, job: Job) -> None:
        """See JobListener."""
        self._hear(_Told(topic=JOB_ENDED, job=job))

    def _hear(self, told: _Told) -> None:
        job = told.job
        if not self._bus.has_listener(job.user_id, told.topic, job.id):
            return
        self._waiting[job.id, job.attempt, told.topic] = told
        if not self._publishing:
            self._publishing = True
            self._tasks.start(self._publish(), name="job-events")

    async def _publish(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = list(self._waiting.values()), {}
                ends = await self._ends_in(batch)
                for told in batch:
                    job, end = told.job, ends.get((told.job.id, told.job.attempt))
                    if told.topic != JOB_ENDED or end is not None:
                        self._bus.publish(job.user_id, told.topic, job.id, _data(told, end))
                await asyncio.sleep(_EVERY_SECONDS)
        finally:
            self._publishing = False

    async def _ends_in(self, batch: list[_Told]) -> dict[tuple[str, int], AttemptEnd | None]:
        ended = [told.job for told in batch if told.topic == JOB_ENDED]
        if not ended:
            return {}

        def read(connection: Connection) -> dict[tuple[str, int], AttemptEnd | None]:
            return {
                (job.id, job.attempt): job_states.end_of_attempt(connection, job) for job in ended
            }

        return await self._database.read(read)


def _data(told: _Told, end: AttemptEnd | None) -> dict[str, Any]:
    job = told.job
    data: dict[str, Any] = {
        "job_id": job.id,
        "job_type": job.job_type,
        "queue": job.queue,
        "attempt": job.attempt,
    }
    if told.progress is not None:
        data |= {"percent": told.progress.percent, "message": told.progress.message}
    if told.topic == JOB_ENDED and end is not None:
        data |= {
            "status": end.status,
            "reason": end.reason,
            "error": end.error,
            "retry_at": None if end.next_at is None else rfc3339(end.next_at),
        }
    return data
