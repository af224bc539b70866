"""The job that deletes jobs which ended long ago, and results that are kept no longer."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Any, Final

from noond.clock import Clock
from noond.config import JobSettings
from noond.jobs.context import JobContext
from noond.jobs.retention import Retention
from noond.models.job import Job
from noond.store.database import Database
from noond.work.cleanup import cleanup_policy, reported


class JobPurgeJob:
    """Also gives the space back to the file system. The cut-off told is that of completed jobs."""

    name: Final = "purge_jobs"
    purpose: Final = "Deletes ended jobs and old results, and gives their space back."
    cron: Final = "45 * * * *"

    def __init__(self, database: Database, clock: Clock, settings: JobSettings) -> None:
        self._retention = Retention(database, clock, settings)
        self._clock = clock
        self._kept = timedelta(days=settings.keep_completed_days)
        self.policy = cleanup_policy(settings)

    async def run(self, job: Job, context: JobContext) -> dict[str, Any]:  # noqa: ARG002
        """See JobType."""

        async def sweep() -> dict[str, int]:
            return asdict(await self._retention.sweep())

        return await reported(self._clock, self._clock.now() - self._kept, sweep())
