"""Jobs as they are shown, searched and counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from noond.models.job import Job, JobAttempt, JobBatch, JobProgress, JobStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    """Which jobs; None: any. Times are those of being queued, `until` itself is out."""

    status: JobStatus | None = None
    job_type: str | None = None
    queue: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedFilter:
    """Which jobs that have ended; None: any. `before` is the time of the end."""

    status: JobStatus | None = None
    job_type: str | None = None
    before: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobChild:
    """A job that another one has queued."""

    id: str
    job_type: str
    status: JobStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class JobDetail:
    """A job with all that stands beside it. `result_expired`: there was one, it is not kept."""

    job: Job
    progress: JobProgress | None
    checkpoint_at: datetime | None
    attempts: tuple[JobAttempt, ...]
    result: Any
    result_expired: bool
    children: tuple[JobChild, ...]
    """The first hundred."""
    batch: JobBatch | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobCount:
    """How many jobs of all users are in a state; the queue of those that have ended is not told."""

    job_type: str
    queue: str | None
    status: JobStatus
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStates:
    """The jobs of all users in numbers, and the last time each type ended."""

    counts: tuple[JobCount, ...]
    last_ended: Mapping[str, datetime]
