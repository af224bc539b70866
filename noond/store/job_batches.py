"""The job_batches table: jobs that belong together, counted where they end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from noond.clock import from_ms, new_id, to_ms
from noond.errors import Invalid, NotFound
from noond.models.job import Job, JobBatch, JobStatus, NewJob
from noond.store import jobs
from noond.store.rows import Connection, Transaction, dump, load, time_or_none


def insert(
    tx: Transaction,
    user_id: str,
    members: Sequence[NewJob],
    *,
    callback: NewJob | None,
    now: datetime,
) -> str:
    """Queue the user's jobs as a batch; returns its id.

    `callback` is queued once, in the transaction in which the last of them (and of what they
    queue into the batch) ends, whichever way; its payload gets `batch_id`. Raises Invalid for an
    empty batch, and for members with a unique key, which might not be new.
    """
    users = {member.user_id for member in members}
    if users != {user_id} or (callback is not None and callback.user_id != user_id):
        raise Invalid.field("members", "a batch has at least one job, all of one user")
    if any(member.unique_key is not None for member in members):
        raise Invalid.field("members", "jobs of a batch have no unique keys")
    batch_id = new_id()
    tx.execute(
        "INSERT INTO job_batches (id, user_id, total, pending, callback, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (
            batch_id, user_id, len(members), len(members),
            None if callback is None else dump(jobs.as_template(callback)), to_ms(now),
        ),
    )  # fmt: skip
    jobs.insert_rows_all_users(
        tx, [jobs.values_of(replace(member, batch_id=batch_id), now=now) for member in members]
    )
    return batch_id


def get(connection: Connection, user_id: str, batch_id: str) -> JobBatch:
    """The user's batch; raises NotFound."""
    row = connection.execute(
        "SELECT * FROM job_batches WHERE user_id = ? AND id = ?", (user_id, batch_id)
    ).fetchone()
    if row is None:
        raise NotFound("there is no such batch")
    return JobBatch(
        id=row["id"],
        total=row["total"],
        pending=row["pending"],
        failed=row["failed"],
        cancelled=row["cancelled"],
        callback_job_id=row["callback_job_id"],
        created_at=from_ms(row["created_at"]),
        completed_at=time_or_none(row["completed_at"]),
    )


def list_unfinished(connection: Connection, user_id: str, batch_id: str) -> list[str]:
    """The ids of the batch's jobs that are not final."""
    rows = connection.execute(
        "SELECT id FROM jobs WHERE user_id = ? AND batch_id = ?"
        " AND status IN ('pending', 'running') ORDER BY id",
        (user_id, batch_id),
    )
    return [row["id"] for row in rows]


def count_more(tx: Transaction, job: Job) -> None:
    """The next job of the job's chain belongs to the batch too."""
    tx.execute(
        "UPDATE job_batches SET total = total + 1, pending = pending + 1"
        " WHERE user_id = ? AND id = ?",
        (job.user_id, job.batch_id),
    )


def count_end(tx: Transaction, job: Job, status: JobStatus, *, now: datetime) -> None:
    """One job of the batch has ended; the last one queues the callback."""
    row = tx.execute(
        "UPDATE job_batches SET pending = pending - 1, failed = failed + ?,"
        " cancelled = cancelled + ?, completed_at = CASE pending WHEN 1 THEN ? END"
        " WHERE user_id = ? AND id = ? AND pending > 0 RETURNING pending, callback",
        (
            status is JobStatus.FAILED, status is JobStatus.CANCELLED, to_ms(now),
            job.user_id, job.batch_id,
        ),
    ).fetchone()  # fmt: skip
    if row is None or row["pending"] > 0 or row["callback"] is None:
        return
    template = load(row["callback"])
    callback = jobs.from_template(job.user_id, template)
    payload = {**callback.payload, "batch_id": job.batch_id}
    made = jobs.insert(tx, replace(callback, payload=payload), now=now)
    tx.execute(
        "UPDATE job_batches SET callback_job_id = ? WHERE user_id = ? AND id = ?",
        (made.id, job.user_id, job.batch_id),
    )
