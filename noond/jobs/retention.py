"""Deletes what nobody needs any more, a little at a time, so that no other write waits long."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from noond.clock import Clock, from_ms
from noond.config import JobSettings
from noond.models.job import JobStatus
from noond.store import job_retention
from noond.store.database import Database
from noond.store.job_retention import Swept
from noond.store.rows import Transaction

_BATCH = 200
_PAGES = 256
_MILLISECOND = timedelta(milliseconds=1)


class Retention:
    """Sweeps when it is told to."""

    def __init__(self, database: Database, clock: Clock, settings: JobSettings) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings

    async def sweep(self) -> Swept:
        """Delete all that is over its time or number; returns how much that was."""
        settings, now = self._settings, self._clock.now()
        kept = timedelta(days=settings.keep_completed_days)
        results_before = now - timedelta(seconds=settings.result_seconds)
        results = await self._all_of(
            lambda tx: job_retention.empty_results(tx, before=results_before, limit=_BATCH)
        )
        await self._all_of(
            lambda tx: job_retention.forget_steps_all_users(tx, before=results_before, limit=_BATCH)
        )
        fires = await self._all_of(
            lambda tx: job_retention.delete_fires(tx, before=now - kept, limit=_BATCH)
        )
        batches = await self._all_of(
            lambda tx: job_retention.delete_batches_all_users(tx, before=now - kept, limit=_BATCH)
        )
        jobs = 0
        for job_type in await self._database.read(job_retention.job_types_all_users):
            for status in (JobStatus.COMPLETED, JobStatus.CANCELLED, JobStatus.FAILED):
                jobs += await self._sweep_jobs(job_type, status)
        if jobs or results or fires or batches:
            await self._give_space_back()
        return Swept(jobs=jobs, results=results, fires=fires, batches=batches)

    async def _give_space_back(self) -> None:
        left = -1
        # In a file that was not made for it the number of free pages stays as it is.
        while left != (
            left := await self._database.write(lambda tx: job_retention.vacuum(tx, _PAGES))
        ):
            continue

    async def _sweep_jobs(self, job_type: str, status: JobStatus) -> int:
        settings = self._settings
        days = settings.keep_completed_days
        if status is JobStatus.FAILED:
            days = settings.keep_failed_days
        before = self._clock.now() - timedelta(days=days)
        too_many = await self._database.read(
            lambda c: job_retention.newest_to_delete_all_users(
                c, job_type, status, keep=settings.keep_jobs
            )
        )
        if too_many is not None:
            before = max(before, from_ms(too_many) + _MILLISECOND)
        return await self._all_of(
            lambda tx: job_retention.delete_ended_all_users(
                tx, job_type, status, before=before, limit=_BATCH
            )
        )

    async def _all_of(self, delete: Callable[[Transaction], int]) -> int:
        total = 0
        while deleted := await self._database.write(delete):
            total += deleted
        return total
