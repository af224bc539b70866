"""The job that deletes findings that were closed long ago."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any, Final

from noond.clock import Clock
from noond.config import Settings
from noond.jobs.context import JobContext
from noond.models.job import Job
from noond.store import findings
from noond.store.database import Database
from noond.work.cleanup import cleanup_policy, reported

_AT_ONCE: Final = 200


class FindingPurgeJob:
    """What is open stays, however old it is."""

    name: Final = "purge_findings"
    purpose: Final = "Deletes findings that were closed longer ago than `findings.keep_days`."
    cron: Final = "45 2 * * *"

    def __init__(self, database: Database, clock: Clock, settings: Settings) -> None:
        self._database = database
        self._clock = clock
        self._kept = timedelta(days=settings.findings.keep_days)
        self.policy = cleanup_policy(settings.jobs)

    async def run(self, job: Job, context: JobContext) -> dict[str, Any]:  # noqa: ARG002
        """See JobType."""
        cutoff = self._clock.now() - self._kept

        async def purge() -> dict[str, int]:
            purged = 0
            while some := await self._database.write(
                partial(findings.purge_all_users, closed_before=cutoff, limit=_AT_ONCE)
            ):
                purged += some
            return {"findings": purged}

        return await reported(self._clock, cutoff, purge())
