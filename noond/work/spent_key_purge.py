"""The job that deletes idempotency keys and pairing codes that count no more."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from noond.accounts.pairing import KEPT_AFTER_EXPIRY
from noond.clock import Clock
from noond.config import JobSettings
from noond.jobs.context import JobContext
from noond.models.job import Job
from noond.store import idempotency, pairing
from noond.store.database import Database
from noond.work.cleanup import cleanup_policy, reported

_AT_ONCE: Final = 200


class SpentKeyPurgeJob:
    """Neither counts any more; how many are made in between is limited by the rates of requests."""

    name: Final = "purge_spent_keys"
    purpose: Final = "Deletes idempotency keys and pairing codes that are over."
    cron: Final = "15 */6 * * *"

    def __init__(self, database: Database, clock: Clock, settings: JobSettings) -> None:
        self._database = database
        self._clock = clock
        self.policy = cleanup_policy(settings)

    async def run(self, job: Job, context: JobContext) -> dict[str, Any]:  # noqa: ARG002
        """See JobType."""
        now = self._clock.now()
        cutoff = now - idempotency.KEPT

        async def purge() -> dict[str, int]:
            keys = codes = 0
            while some := await self._database.write(
                partial(idempotency.purge_all_users, before=cutoff, limit=_AT_ONCE)
            ):
                keys += some
            while some := await self._database.write(
                partial(
                    pairing.purge_all_users,
                    expired_before=now - KEPT_AFTER_EXPIRY,
                    limit=_AT_ONCE,
                )
            ):
                codes += some
            return {"idempotency_keys": keys, "pairing_codes": codes}

        return await reported(self._clock, cutoff, purge())
