"""A job: one persisted unit of background work."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal


class JobStatus(StrEnum):
    """pending → running → a final state; a job given back is pending again."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Whether nothing comes after it."""
        return self not in (JobStatus.PENDING, JobStatus.RUNNING)


class Reason(StrEnum):
    """Why an attempt did not end well; of a failed job, why it failed."""

    ERROR = "error"
    PERMANENT = "permanent"
    """An error that a retry would meet again."""
    TIMED_OUT = "timed_out"
    """The attempt reached its hard limit."""
    DEADLINE = "deadline"
    """All attempts together took longer than the job may take."""
    CRASHED = "crashed"
    """The daemon died while it ran, and the type says that this is the end, or too often."""
    STUCK = "stuck"
    """It reached its hard limit and did not end when it was cancelled."""
    DISCARDED = "discarded"
    """The handler gave it up."""


OnConflict = Literal["existing", "replace", "reject"]
CancelAnswer = Literal["requested", "already_final", "unknown"]

DEFAULT_QUEUE = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One unit of work. `attempt` fences: only the running attempt may change the job.

    Priority 1 is the highest, 10 the lowest. Of one `concurrency_key` only so many run at a time.
    """

    id: str
    user_id: str
    job_type: str
    queue: str
    priority: int
    status: JobStatus
    payload: dict[str, Any]
    concurrency_key: str | None
    concurrency_limit: int
    rate_key: str | None
    attempt: int
    retry_count: int
    max_retries: int
    crashes: int
    scheduled_at: datetime
    created_at: datetime
    started_at: datetime | None
    deadline_at: datetime | None
    cancel_requested: bool
    completed_at: datetime | None
    reason: Reason | None
    error_message: str | None
    parent_id: str | None
    batch_id: str | None
    chained: bool
    """Whether another job follows when this one completes."""
    checkpoint: Any = None
    """What an earlier attempt kept for this one; only claimed jobs carry it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """A job to be queued; without `scheduled_at` it is due at once.

    At most `concurrency_limit` jobs of a `concurrency_key` run at a time. Of one `unique_key` (per
    user and type) one job at most is not final; `on_conflict` says what a second one becomes.
    `then` is the chain that follows, each job queued when the one before has completed.
    """

    user_id: str
    job_type: str
    payload: dict[str, Any] = field(default_factory=dict)
    queue: str = DEFAULT_QUEUE
    priority: int = 5
    scheduled_at: datetime | None = None
    deadline_at: datetime | None = None
    max_retries: int = 3
    concurrency_key: str | None = None
    concurrency_limit: int = 1
    rate_key: str | None = None
    unique_key: str | None = None
    on_conflict: OnConflict = "existing"
    parent_id: str | None = None
    batch_id: str | None = None
    then: tuple[NewJob, ...] = ()


@dataclass(frozen=True, slots=True)
class Enqueued:
    """A job that is on the disk; `inserted` is False when it was there before."""

    id: str
    inserted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class JobProgress:
    """How far a job has come, 0 to 100."""

    percent: int
    message: str | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptEnd:
    """What became of an attempt. `status` is pending where another one comes, at `next_at`."""

    status: JobStatus
    reason: Reason | None
    error: str | None
    next_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobAttempt:
    """An attempt that did not end well; `next_at` is when the next one was to be."""

    attempt: int
    started_at: datetime
    ended_at: datetime
    reason: Reason
    error: str
    next_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobBatch:
    """Jobs that belong together, counted; `callback_job_id` came when the last had ended."""

    id: str
    total: int
    pending: int
    failed: int
    cancelled: int
    callback_job_id: str | None
    created_at: datetime
    completed_at: datetime | None
