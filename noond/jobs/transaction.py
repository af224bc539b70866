"""The engine's transaction: what waits to be stored, and then the next claim."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from noond.clock import Clock
from noond.config import JobSettings
from noond.jobs import schedules
from noond.jobs.operations import Batch
from noond.jobs.policy import JobType
from noond.jobs.rates import Admission
from noond.models.job import Job
from noond.models.rate import RateLimit
from noond.store import job_claims, job_endings, job_lanes, job_recovery, job_starts
from noond.store.rows import Connection, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What one transaction has done."""

    claimed: Sequence[Job]
    cancelling: Sequence[str]
    next_due: datetime | None


def admission_for(clock: Clock, settings: JobSettings, types: Sequence[JobType]) -> Admission:
    """The limits of settings and types."""
    policies = {job_type.name: job_type.policy for job_type in types}
    return Admission(
        clock.monotonic,
        queues={name: RateLimit.parse(text) for name, text in settings.rates.items()},
        types={name: policy.rate for name, policy in policies.items() if policy.rate},
        keys={name: policy.key_rate for name, policy in policies.items() if policy.key_rate},
        concurrent={
            name: policy.concurrent for name, policy in policies.items() if policy.concurrent
        },
    )


class EngineTransaction:
    """Runs in the writer's thread; the loop waits for it."""

    def __init__(
        self,
        clock: Clock,
        settings: JobSettings,
        types: Mapping[str, JobType],
        admission: Admission,
    ) -> None:
        self._clock = clock
        self._settings = settings
        self._types = types
        self._admission = admission

    def recover(self, tx: Transaction) -> int:
        """At start: what a dead daemon left running. Returns how many there were."""
        return job_recovery.recover_all_users(
            tx,
            now=self._clock.now(),
            on_crash={name: each.policy.on_crash for name, each in self._types.items()},
            never_quarantined=[n for n, each in self._types.items() if not each.policy.quarantine],
            max_crashes=self._settings.max_crashes,
        )

    def restore_rates(self, connection: Connection) -> None:
        """Count the starts of the last span, which the daemon before this one made."""
        longest = self._admission.longest_seconds()
        if longest == 0:
            return
        now, monotonic = self._clock.now(), self._clock.monotonic()
        starts = job_starts.list_since_all_users(
            connection, list(self._types), since=now - timedelta(seconds=longest)
        )
        for start in starts:
            ago = max(0.0, (now - start.at).total_seconds())
            self._admission.started(start.job_type, start.queue, start.rate_key, monotonic - ago)

    def run(
        self,
        tx: Transaction,
        batch: Batch,
        *,
        free: int,
        running: Mapping[str, int],
        cancelling: bool,
    ) -> Stored:
        """Store the batch, then claim for so many free slots."""
        batch.store(tx)
        now = self._clock.now()
        job_recovery.expire_all_users(tx, now=now)
        schedules.fire_due(tx, now=now)
        self._admission.begin(running)
        claimed = job_claims.claim_all_users(
            tx,
            job_types=self._types,
            free=free,
            now=now,
            queues=self._settings.queues,
            rates=self._admission,
        )
        return Stored(
            claimed=claimed,
            cancelling=job_endings.cancelling_all_users(tx) if cancelling else (),
            next_due=job_lanes.next_due_all_users(tx, now=now),
        )

    def started(self, claimed: Sequence[Job]) -> None:
        """The claim is on the disk: its starts count."""
        at = self._clock.monotonic()
        for job in claimed:
            self._admission.started(job.job_type, job.queue, job.rate_key, at)

    def forget_idle_keys(self) -> None:
        """Forget rate keys of which nothing was started lately. Not while `run` is under way."""
        self._admission.forget_idle()

    def next_room_in(self) -> float | None:
        """Seconds until a limit that the claim has met has room again."""
        return self._admission.next_room_in()
