"""The job that deletes old activities and interactions."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from noond.accounts.activities import Activities
from noond.clock import Clock
from noond.config import JobSettings
from noond.jobs.context import JobContext
from noond.models.job import Job
from noond.store import activities, interactions, quota_usage
from noond.store.database import Database
from noond.work.cleanup import cleanup_policy, reported

_AT_ONCE: Final = 1000


class ActivityPurgeJob:
    """Past days' counts of quotas go with them: nobody asks for them."""

    name: Final = "purge_activities"
    purpose: Final = "Deletes activities and interactions older than `accounts.activity_days`."
    cron: Final = "40 2 * * *"

    def __init__(
        self, log: Activities, database: Database, clock: Clock, settings: JobSettings
    ) -> None:
        self._log = log
        self._database = database
        self._clock = clock
        self.policy = cleanup_policy(settings)

    async def run(self, job: Job, context: JobContext) -> dict[str, Any]:  # noqa: ARG002
        """See JobType."""
        cutoff = self._log.oldest_kept()
        tables = {
            "activities": partial(activities.purge_all_users, before=cutoff, limit=_AT_ONCE),
            "interactions": partial(interactions.purge_all_users, before=cutoff, limit=_AT_ONCE),
            "quota_days": partial(
                quota_usage.purge_all_users, before=cutoff.date(), limit=_AT_ONCE
            ),
        }

        async def purge() -> dict[str, int]:
            counts = dict.fromkeys(tables, 0)
            for table, purge_some in tables.items():
                while some := await self._database.write(purge_some):
                    counts[table] += some
            return counts

        return await reported(self._clock, cutoff, purge())
