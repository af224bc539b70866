"""The job that moves old rows of the audit log to the archive."""

from __future__ import annotations

from typing import Any, Final

from noond.accounts.audit import AuditLog
from noond.clock import Clock
from noond.config import JobSettings
from noond.jobs.context import JobContext
from noond.models.job import Job
from noond.work.cleanup import cleanup_policy, reported


class AuditArchiveJob:
    """A row is deleted once its line in the archive is on the disk."""

    name: Final = "archive_audit_log"
    purpose: Final = "Moves entries older than `audit.keep_days` to the archive's files."
    cron: Final = "0 2 * * *"

    def __init__(self, audit: AuditLog, clock: Clock, settings: JobSettings) -> None:
        self._audit = audit
        self._clock = clock
        self.policy = cleanup_policy(settings)

    async def run(self, job: Job, context: JobContext) -> dict[str, Any]:  # noqa: ARG002
        """See JobType."""
        cutoff = self._audit.oldest_kept()

        async def archive() -> dict[str, int]:
            return {"archived": await self._audit.archive_old(cutoff)}

        return await reported(self._clock, cutoff, archive())
