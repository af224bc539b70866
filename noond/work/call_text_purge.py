"""The job that forgets what models were asked and answered; the figures stay."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from noond.clock import Clock
from noond.config import Settings
from noond.jobs.context import JobContext
from noond.models.job import Job
from noond.store import observability
from noond.store.database import Database
from noond.work.cleanup import cleanup_policy, reported

_BATCH = 200


class CallTextPurgeJob:
    """Also when texts are kept no more: there may be old ones."""

    name: Final = "purge_call_texts"
    purpose: Final = "Forgets the texts of calls to models older than `llm.text_days`."
    cron: Final = "20 2 * * *"

    def __init__(self, database: Database, clock: Clock, settings: Settings) -> None:
        self._database = database
        self._clock = clock
        self._kept = timedelta(days=settings.llm.text_days)
        self.policy = cleanup_policy(settings.jobs)

    async def run(self, job: Job, context: JobContext) -> dict[str, Any]:  # noqa: ARG002
        """See JobType."""
        cutoff = self._clock.now() - self._kept

        async def purge() -> dict[str, int]:
            emptied = 0
            while some := await self._database.write(
                lambda tx: observability.empty_texts_all_users(tx, before=cutoff, limit=_BATCH)
            ):
                emptied += some
            return {"calls": emptied}

        return await reported(self._clock, cutoff, purge())
