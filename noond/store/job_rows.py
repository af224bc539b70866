"""From a row of the jobs table to a job."""

from __future__ import annotations

from datetime import datetime

from noond.clock import from_ms
from noond.models.job import Job, JobStatus, Reason
from noond.store.rows import Row, load, time_or_none

COLUMNS = (
    "id, user_id, job_type, queue, priority, status, payload, concurrency_key, rate_key,"
    " attempt, retry_count, max_retries, crashes, scheduled_at, created_at, started_at,"
    " deadline_at, cancel_requested_at, completed_at, reason, error_message, parent_id, batch_id,"
    " next_jobs IS NOT NULL, concurrency_limit"
)
"""What `job_of` takes."""


def job_of(row: Row, *, starts_at: datetime | None = None) -> Job:
    """The job of a row of `COLUMNS`; with `starts_at` as the attempt that starts now."""
    (
        job_id, user_id, job_type, queue, priority, status, payload, concurrency_key, rate_key,
        attempt, retry_count, max_retries, crashes, scheduled_at, created_at, started_at,
        deadline_at, cancel_requested_at, completed_at, reason, error_message, parent_id, batch_id,
        chained, concurrency_limit,
    ) = row  # fmt: skip
    starts = starts_at is not None
    return Job(
        id=job_id,
        user_id=user_id,
        job_type=job_type,
        queue=queue,
        priority=priority,
        status=JobStatus.RUNNING if starts else JobStatus(status),
        payload=load(payload),
        concurrency_key=concurrency_key,
        concurrency_limit=concurrency_limit,
        rate_key=rate_key,
        attempt=attempt + 1 if starts else attempt,
        retry_count=retry_count,
        max_retries=max_retries,
        crashes=crashes,
        scheduled_at=from_ms(scheduled_at),
        created_at=from_ms(created_at),
        started_at=starts_at or time_or_none(started_at),
        deadline_at=time_or_none(deadline_at),
        cancel_requested=cancel_requested_at is not None,
        completed_at=time_or_none(completed_at),
        reason=None if reason is None else Reason(reason),
        error_message=error_message,
        parent_id=parent_id,
        batch_id=batch_id,
        chained=bool(chained),
    )
