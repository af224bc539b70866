"""What a job type says about its jobs, and what the engine asks of a type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol

from noond.clock import Clock
from noond.config import JobSettings
from noond.errors import Forbidden, Invalid, NotFound, StorageRefused, Unauthenticated
from noond.jobs.context import JobContext
from noond.models.job import DEFAULT_QUEUE, Job, NewJob
from noond.models.rate import RateLimit
from noond.store.job_recovery import OnCrash

PERMANENT_ERRORS: Mapping[type[Exception], float | None] = {
    Invalid: None,
    NotFound: None,
    Forbidden: None,
    Unauthenticated: None,
    StorageRefused: None,
}
"""Errors that the same job would meet again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPolicy:
    """How jobs of a type are queued, tried, limited. Seconds throughout; None: no such limit."""

    queue: str = DEFAULT_QUEUE
    priority: int = 5
    max_retries: int = 3
    backoff_seconds: float = 60
    backoff_cap_seconds: float = 600
    jitter: float = 0.25
    """The part of a back-off that chance may take away."""
    errors: Mapping[type[Exception], float | None] = field(default_factory=lambda: PERMANENT_ERRORS)
    """By exception, its subclasses included: the first back-off of its own; None: no retry."""
    soft_seconds: float | None = 540
    """After this an attempt is told to come to an end."""
    hard_seconds: float | None = 600
    """After this an attempt is cancelled."""
    deadline_seconds: float | None = None
    """From being queued to the end, all attempts together."""
    on_crash: OnCrash = "retry"
    quarantine: bool = True
    """Whether a job that keeps bringing the daemon down is given up at last."""
    concurrent: int | None = None
    """Jobs of the type that run at once."""
    rate: RateLimit | None = None
    key_rate: RateLimit | None = None
    """Of jobs with the same `rate_key`."""

    def new_job(
        self, job_type: str, user_id: str, payload: dict[str, Any], clock: Clock, **changes: Any
    ) -> NewJob:
        """A job of the type as the policy says; `changes` are fields of NewJob."""
        values: dict[str, Any] = {
            "queue": self.queue, "priority": self.priority, "max_retries": self.max_retries,
        }  # fmt: skip
        if self.deadline_seconds is not None:
            values["deadline_at"] = clock.now() + timedelta(seconds=self.deadline_seconds)
        values.update(changes)
        return NewJob(user_id=user_id, job_type=job_type, payload=payload, **values)

    def retry_seconds(
        self, retry_count: int, chance: float, error: Exception | None = None
    ) -> float | None:
        """The pause before retry number `retry_count` + 1; None: this error is not retried.

        base · 2^retry_count, at most the cap; `chance` (0 to 1) takes a part of `jitter` away.
        """
        base: float | None = self.backoff_seconds
        if error is not None:
            for kind in type(error).__mro__:
                if kind in self.errors:
                    base = self.errors[kind]
                    break
        if base is None:
            return None
        # 2^retry_count would be beyond any float long before the cap matters no more.
        pause: float = min(self.backoff_cap_seconds, base * 2 ** min(retry_count, 64))
        return pause * (1 - self.jitter * chance)


def standard_policy(settings: JobSettings, **changes: Any) -> JobPolicy:
    """The policy that the settings say; `changes` are fields of JobPolicy."""
    values = {
        "max_retries": settings.max_retries,
        "backoff_seconds": settings.backoff_seconds,
        "backoff_cap_seconds": settings.backoff_cap_seconds,
        "soft_seconds": settings.soft_seconds,
        "hard_seconds": settings.hard_seconds,
        **changes,
    }
    return JobPolicy(**values)


class JobType(Protocol):
    """One kind of work."""

    @property
    def name(self) -> str:
        """The type's stable name, as stored."""
        ...

    @property
    def policy(self) -> JobPolicy:
        """How its jobs are queued, tried and limited."""
        ...

    async def run(self, job: Job, context: JobContext) -> Any:
        """Do the work; returns the result (JSON) or one of `jobs.outcomes`.

        An exception fails the attempt, and only this job's. Cancelled at the daemon's stop (the
        job goes on in the next daemon), at its hard limit, and when somebody cancels it: what is
        not stored by then is done again or lost.
        """
        ...
