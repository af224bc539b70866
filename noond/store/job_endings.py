"""How attempts and jobs end: fenced by the attempt, with everything that hangs on a job's end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from noond.clock import to_ms
from noond.errors import JobExists
from noond.models.job import CancelAnswer, Job, JobStatus, NewJob, Reason
from noond.store import job_batches, job_holds, jobs
from noond.store.job_rows import COLUMNS, job_of
from noond.store.rows import Transaction, dump, ms_or_none

_FENCE = " WHERE user_id = ? AND id = ? AND attempt = ? AND status = 'running'"
_FINISH = (
    "UPDATE jobs SET status = ?, reason = ?, error_message = ?, completed_at = ?, crashes = 0"
    + _FENCE
)
_COMPLETE = (
    "UPDATE jobs SET status = 'completed', reason = NULL, error_message = NULL,"
    " completed_at = json_extract(ended.value, '$[0]'), crashes = 0 FROM json_each(?) AS ended"
    " WHERE jobs.user_id = json_extract(ended.value, '$[1]')"
    " AND jobs.id = json_extract(ended.value, '$[2]')"
    " AND jobs.attempt = json_extract(ended.value, '$[3]') AND jobs.status = 'running'"
)


def is_plain(job: Job) -> bool:
    """Whether nothing hangs on the job's end: it can be completed together with others."""
    return job.concurrency_key is None and job.batch_id is None and not job.chained


def complete_all_users(tx: Transaction, ends: Sequence[tuple[int, str, str, int]]) -> None:
    """Complete plain jobs without a result: (now in ms, user, id, attempt) each.

    Fenced like `finish`: an attempt that does not run any more changes nothing.
    """
    # One statement for all: each of its own would give the interpreter away and wait for it.
    tx.execute(_COMPLETE, (dump(ends),))


def finish(
    tx: Transaction,
    job: Job,
    status: JobStatus,
    *,
    error: str | None,
    now: datetime,
    reason: Reason | None = None,
    result: str | None = None,
    children: Sequence[NewJob] = (),
) -> bool:
    """Give the job its final status; False when this attempt does not run any more.

    In the same transaction its result (JSON text) is kept, its children are queued and the next of
    its chain (when it completes), its batch is counted, and who waited for its key comes forward.
    """
    cursor = tx.execute(
        _FINISH,
        (status, reason, error, to_ms(now), job.user_id, job.id, job.attempt),
    )
    if cursor.rowcount != 1:
        return False
    if reason is not None:
        keep_attempt(tx, job, reason, error or reason, now=now, next_at=None)
    if result is not None:
        tx.execute(
            "INSERT OR REPLACE INTO job_results (job_id, result, created_at) VALUES (?, ?, ?)",
            (job.id, result, to_ms(now)),
        )
    for child in children:
        jobs.insert(tx, replace(child, parent_id=job.id), now=now)
    _ended(tx, job, status, now=now)
    return True


def _ended(tx: Transaction, job: Job, status: JobStatus, *, now: datetime) -> None:
    """What hangs on a job's end, whichever way it came."""
    if job.concurrency_key is not None:
        job_holds.release_key_all_users(tx, job.concurrency_key)
    if job.chained and status is JobStatus.COMPLETED:
        if job.batch_id is not None:
            job_batches.count_more(tx, job)
        jobs.insert_next(tx, job, now=now)
    if job.batch_id is not None:
        job_batches.count_end(tx, job, status, now=now)
    if status is JobStatus.CANCELLED:
        _cancel_children(tx, job, now=now)


def retry(
    tx: Transaction, job: Job, *, due: datetime, reason: Reason, error: str, now: datetime
) -> bool:
    """Let the job be tried again at that time; False when this attempt does not run.

    A cancel that was asked for wins: the job is cancelled.
    """
    cursor = tx.execute(
        "UPDATE jobs SET status = 'pending', hold = 1, scheduled_at = ?, started_at = NULL,"
        " retry_count = retry_count + 1, error_message = ?, crashes = 0"
        + _FENCE
        + " AND cancel_requested_at IS NULL",
        (to_ms(due), error, job.user_id, job.id, job.attempt),
    )
    if cursor.rowcount != 1:
        return finish(tx, job, JobStatus.CANCELLED, error=error, now=now)
    keep_attempt(tx, job, reason, error, now=now, next_at=due)
    _left_its_place(tx, job)
    return True


def give_back(tx: Transaction, job: Job, *, due: datetime, now: datetime) -> bool:
    """Make the job pending again, due at that time; False when this attempt does not run.

    Nothing went wrong: it counts as no retry. A cancel that was asked for wins.
    """
    cursor = tx.execute(
        "UPDATE jobs SET status = 'pending', hold = 1, scheduled_at = ?, started_at = NULL,"
        " crashes = 0" + _FENCE + " AND cancel_requested_at IS NULL",
        (to_ms(due), job.user_id, job.id, job.attempt),
    )
    if cursor.rowcount != 1:
        return finish(tx, job, JobStatus.CANCELLED, error=None, now=now)
    _left_its_place(tx, job)
    return True


def _left_its_place(tx: Transaction, job: Job) -> None:
    if job.concurrency_key is not None:
        job_holds.release_key_all_users(tx, job.concurrency_key)


def keep_attempt(
    tx: Transaction,
    job: Job,
    reason: Reason,
    error: str,
    *,
    now: datetime,
    next_at: datetime | None,
) -> None:
    """Remember an attempt that did not end well, and when the next one is to be."""
    tx.execute(
        "INSERT OR REPLACE INTO job_attempts"
        " (job_id, attempt, started_at, ended_at, reason, error, next_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            job.id, job.attempt, to_ms(job.started_at or now), to_ms(now), reason, error,
            ms_or_none(next_at),
        ),
    )  # fmt: skip


def cancel(tx: Transaction, user_id: str, job_id: str, *, now: datetime) -> CancelAnswer:
    """Cancel a job and what it has queued.

    A waiting job is final at once. For a running one the request is kept, so that it outlives a
    restart; the engine must then ask `cancelling_all_users` whom to stop.
    """
    job = jobs.find(tx, user_id, job_id)
    if job is None:
        return "unknown"
    if job.status.final:
        return "already_final"
    _cancel(tx, job, now=now)
    return "requested"


def cancelling_all_users(tx: Transaction) -> list[str]:
    """The running jobs that are to be stopped."""
    rows = tx.execute(
        "SELECT id FROM jobs WHERE status = 'running' AND cancel_requested_at IS NOT NULL"
    )
    return [row["id"] for row in rows]


def _cancel(tx: Transaction, job: Job, *, now: datetime) -> None:
    if job.status is JobStatus.PENDING:
        end_waiting(tx, job, JobStatus.CANCELLED, reason=None, error=None, now=now)
        return
    tx.execute(
        "UPDATE jobs SET cancel_requested_at = coalesce(cancel_requested_at, ?)"
        " WHERE user_id = ? AND id = ?",
        (to_ms(now), job.user_id, job.id),
    )
    _cancel_children(tx, job, now=now)


def end_waiting(
    tx: Transaction,
    job: Job,
    status: JobStatus,
    *,
    reason: Reason | None,
    error: str | None,
    now: datetime,
) -> None:
    """Give a job its final status that waits; nothing happens when it does not."""
    tx.execute(
        "UPDATE jobs SET status = ?, reason = ?, error_message = coalesce(?, error_message),"
        " completed_at = ? WHERE user_id = ? AND id = ? AND status = 'pending'",
        (status, reason, error, to_ms(now), job.user_id, job.id),
    )
    _ended(tx, job, status, now=now)


def _cancel_children(tx: Transaction, job: Job, *, now: datetime) -> None:
    rows = tx.execute(
        f"SELECT {COLUMNS} FROM jobs WHERE user_id = ? AND parent_id = ?"
        " AND status IN ('pending', 'running') ORDER BY id",
        (job.user_id, job.id),
    ).fetchall()
    for row in rows:
        _cancel(tx, job_of(row), now=now)


def revive(tx: Transaction, user_id: str, job_id: str, *, now: datetime) -> bool:
    """Queue a failed or cancelled job anew, with all its retries; False for any other.

    Raises JobExists when its unique key is taken by now.
    """
    job = jobs.find(tx, user_id, job_id)
    if job is None or job.status not in (JobStatus.FAILED, JobStatus.CANCELLED):
        return False
    taken = tx.execute(
        "SELECT other.id FROM jobs AS other JOIN jobs AS mine ON mine.id = ?"
        " WHERE other.user_id = ? AND other.job_type = mine.job_type"
        " AND other.unique_key = mine.unique_key AND other.status IN ('pending', 'running')",
        (job_id, user_id),
    ).fetchone()
    if taken is not None:
        raise JobExists(taken["id"])
    tx.execute(
        "UPDATE jobs SET status = 'pending', hold = 1, scheduled_at = ?, started_at = NULL,"
        " completed_at = NULL, cancel_requested_at = NULL, retry_count = 0, crashes = 0,"
        " reason = NULL, deadline_at = NULL, batch_id = NULL WHERE user_id = ? AND id = ?",
        (to_ms(now), user_id, job_id),
    )
    return True
