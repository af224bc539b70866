"""What stands beside a job: progress, checkpoint, named steps, result, attempts that went wrong."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from noond.clock import from_ms, to_ms
from noond.errors import AttemptEnded, Conflict, JobExpired
from noond.models.job import AttemptEnd, Job, JobAttempt, JobProgress, JobStatus, Reason
from noond.store import jobs
from noond.store.rows import Connection, Transaction, dump, load, time_or_none


def require_running(tx: Transaction, job: Job) -> None:
    """Raise AttemptEnded unless this attempt of the job runs."""
    row = tx.execute(
        "SELECT 1 FROM jobs WHERE user_id = ? AND id = ? AND attempt = ? AND status = 'running'",
        (job.user_id, job.id, job.attempt),
    ).fetchone()
    if row is None:
        raise AttemptEnded


def put_progress(tx: Transaction, job: Job, progress: JobProgress) -> bool:
    """Store how far the job has come; False when this attempt does not run."""
    cursor = tx.execute(
        "INSERT INTO job_states (job_id, progress, message, progress_at)"
        " SELECT id, ?, ?, ? FROM jobs"
        " WHERE user_id = ? AND id = ? AND attempt = ? AND status = 'running'"
        " ON CONFLICT (job_id) DO UPDATE SET progress = excluded.progress,"
        " message = excluded.message, progress_at = excluded.progress_at",
        (
            progress.percent, progress.message, to_ms(progress.at), job.user_id, job.id,
            job.attempt,
        ),
    )  # fmt: skip
    return cursor.rowcount == 1


def find_progress(connection: Connection, user_id: str, job_id: str) -> JobProgress | None:
    """What was last stored of the job's progress."""
    row = connection.execute(
        "SELECT progress, message, progress_at FROM job_states JOIN jobs ON jobs.id = job_id"
        " WHERE user_id = ? AND job_id = ? AND progress IS NOT NULL",
        (user_id, job_id),
    ).fetchone()
    if row is None:
        return None
    return JobProgress(
        percent=row["progress"], message=row["message"], at=from_ms(row["progress_at"])
    )


def put_checkpoint(tx: Transaction, job: Job, checkpoint: Any, *, now: datetime) -> None:
    """Keep what the next attempt begins with; crashes are counted anew from here.

    Raises AttemptEnded.
    """
    require_running(tx, job)
    tx.execute(
        "INSERT INTO job_states (job_id, checkpoint, checkpoint_at) VALUES (?, ?, ?)"
        " ON CONFLICT (job_id) DO UPDATE SET checkpoint = excluded.checkpoint,"
        " checkpoint_at = excluded.checkpoint_at",
        (job.id, dump(checkpoint), to_ms(now)),
    )
    tx.execute(
        "UPDATE jobs SET crashes = 0 WHERE user_id = ? AND id = ? AND crashes > 0",
        (job.user_id, job.id),
    )


def find_checkpoint(connection: Connection, user_id: str, job_id: str) -> Any:
    """The job's last checkpoint, or None."""
    row = connection.execute(
        "SELECT checkpoint FROM job_states JOIN jobs ON jobs.id = job_id"
        " WHERE user_id = ? AND job_id = ? AND checkpoint IS NOT NULL",
        (user_id, job_id),
    ).fetchone()
    return None if row is None else load(row["checkpoint"])


def put_step(tx: Transaction, job: Job, name: str, result: Any, *, now: datetime) -> None:
    """Keep the result of a named step as long as the job. Raises AttemptEnded, Conflict."""
    require_running(tx, job)
    if tx.execute(
        "SELECT 1 FROM job_steps WHERE job_id = ? AND name = ?", (job.id, name)
    ).fetchone():
        raise Conflict(f"two steps of the job are named {name!r} and run at once")
    tx.execute(
        "INSERT INTO job_steps (job_id, name, result, created_at) VALUES (?, ?, ?, ?)",
        (job.id, name, dump(result), to_ms(now)),
    )


def steps_of(connection: Connection, user_id: str, job_id: str) -> dict[str, Any]:
    """The results of the job's steps, by name, in the order they were run."""
    rows = connection.execute(
        "SELECT name, result FROM job_steps JOIN jobs ON jobs.id = job_id"
        " WHERE user_id = ? AND job_id = ? ORDER BY job_steps.created_at, name",
        (user_id, job_id),
    )
    return {row["name"]: load(row["result"]) for row in rows}


def find_result(connection: Connection, user_id: str, job_id: str) -> Any:
    """What the completed job gave back, or None when it gave nothing, or has not completed.

    Raises NotFound, and JobExpired once the result is not kept any more.
    """
    job = jobs.get(connection, user_id, job_id)
    row = connection.execute(
        "SELECT result FROM job_results JOIN jobs ON jobs.id = job_id"
        " WHERE user_id = ? AND job_id = ?",
        (user_id, job_id),
    ).fetchone()
    if row is None:
        return None
    if row["result"] == "":
        raise JobExpired(f"the result of the job {job.id} is not kept any more")
    return load(row["result"])


def end_of_attempt(connection: Connection, job: Job) -> AttemptEnd | None:
    """What became of an attempt that is over; None when the job is gone."""
    now = jobs.find(connection, job.user_id, job.id)
    if now is None:
        return None
    row = connection.execute(
        "SELECT job_attempts.* FROM job_attempts JOIN jobs ON jobs.id = job_id"
        " WHERE user_id = ? AND job_id = ? AND job_attempts.attempt = ?",
        (job.user_id, job.id, job.attempt),
    ).fetchone()
    if now.status.final and now.attempt == job.attempt:
        return AttemptEnd(
            status=now.status, reason=now.reason, error=now.error_message, next_at=None
        )
    if row is None:  # given back: nothing went wrong
        waits = now.status is JobStatus.PENDING
        return AttemptEnd(
            status=JobStatus.PENDING,
            reason=None,
            error=None,
            next_at=now.scheduled_at if waits else None,
        )
    return AttemptEnd(
        status=JobStatus.PENDING,
        reason=Reason(row["reason"]),
        error=row["error"],
        next_at=time_or_none(row["next_at"]),
    )


def list_attempts(connection: Connection, user_id: str, job_id: str) -> list[JobAttempt]:
    """The attempts of the job that did not end well, oldest first."""
    rows = connection.execute(
        "SELECT job_attempts.* FROM job_attempts JOIN jobs ON jobs.id = job_id"
        " WHERE user_id = ? AND job_id = ? ORDER BY job_attempts.attempt",
        (user_id, job_id),
    )
    return [
        JobAttempt(
            attempt=row["attempt"],
            started_at=from_ms(row["started_at"]),
            ended_at=from_ms(row["ended_at"]),
            reason=Reason(row["reason"]),
            error=row["error"],
            next_at=time_or_none(row["next_at"]),
        )
        for row in rows
    ]
