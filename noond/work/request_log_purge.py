"""The job that deletes old rows of the request log."""

from __future__ import annotations

from typing import Any, Final

from noond.accounts.request_log import RequestLog
from noond.clock import Clock
from noond.config import JobSettings
from noond.jobs.context import JobContext
from noond.models.job import Job
from noond.work.cleanup import cleanup_policy, reported


class RequestLogPurgeJob:
    """Requests are of use for a while only."""

    name: Final = "purge_request_log"
    purpose: Final = "Deletes logged requests older than `log.request_days`."
    cron: Final = "30 2 * * *"

    def __init__(self, request_log: RequestLog, clock: Clock, settings: JobSettings) -> None:
        self._request_log = request_log
        self._clock = clock
        self.policy = cleanup_policy(settings)

    async def run(self, job: Job, context: JobContext) -> dict[str, Any]:  # noqa: ARG002
        """See JobType."""
        cutoff = self._request_log.oldest_kept()

        async def purge() -> dict[str, int]:
            return {"requests": await self._request_log.purge(cutoff)}

        return await reported(self._clock, cutoff, purge())
