"""The job that deletes sign-ins and revocations of tokens that have expired."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from noond.clock import Clock
from noond.config import JobSettings
from noond.jobs.context import JobContext
from noond.models.job import Job
from noond.store import sign_ins
from noond.store.database import Database
from noond.work.cleanup import cleanup_policy, reported

_AT_ONCE: Final = 200


class SignInPurgeJob:
    """A revocation is needed until the token that it revokes would have expired by itself."""

    name: Final = "purge_sign_ins"
    purpose: Final = "Deletes sign-ins and revoked tokens that have expired."
    cron: Final = "0 */6 * * *"

    def __init__(self, database: Database, clock: Clock, settings: JobSettings) -> None:
        self._database = database
        self._clock = clock
        self.policy = cleanup_policy(settings)

    async def run(self, job: Job, context: JobContext) -> dict[str, Any]:  # noqa: ARG002
        """See JobType."""
        cutoff = self._clock.now()

        async def purge() -> dict[str, int]:
            purged = 0
            while some := await self._database.write(
                partial(sign_ins.purge_all_users, expired_before=cutoff, limit=_AT_ONCE)
            ):
                purged += some
            return {"sign_ins_and_tokens": purged}

        return await reported(self._clock, cutoff, purge())
