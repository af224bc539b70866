"""A job: one persisted unit of background work."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class JobStatus(StrEnum):
    """pending → running → a final state; a job given back is pending again."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One unit of work. `attempt` fences: only the running attempt may change the job.

    Priority 1 is the highest, 10 the lowest. Jobs of one `concurrency_key` run one at a time.
    """

    id: str
    user_id: str
    job_type: str
    queue: str
    priority: int
    status: JobStatus
    payload: dict[str, Any]
    concurrency_key: str | None
    attempt: int
    scheduled_at: datetime
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    error_message: str | None
