"""The jobs table: queued, found, listed. Claims and ends stand in files of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from noond.clock import from_ms, new_id, to_ms
from noond.errors import AttemptEnded, JobExists, NotFound
from noond.models.job import Enqueued, Job, JobStatus, NewJob
from noond.store.job_holds import release_key_all_users
from noond.store.job_lanes import LATER, READY
from noond.store.job_rows import COLUMNS, job_of
from noond.store.rows import Connection, Transaction, dump, load, ms_or_none

_FIELDS = (
    "id", "user_id", "job_type", "queue", "priority", "status", "hold", "payload",
    "concurrency_key", "concurrency_limit", "rate_key", "unique_key", "max_retries",
    "scheduled_at", "created_at", "deadline_at", "parent_id", "batch_id", "next_jobs",
)  # fmt: skip
_INSERT = (
    f"INSERT INTO jobs ({', '.join(_FIELDS)})"
    f" VALUES ({', '.join('?' * len(_FIELDS))})"
)  # fmt: skip
_TEMPLATE = (
    "job_type", "payload", "queue", "priority", "max_retries", "concurrency_key",
    "concurrency_limit", "rate_key", "unique_key", "on_conflict",
)  # fmt: skip


def as_template(job: NewJob) -> dict[str, Any]:
    """What of a job is kept to queue it later, for the same user."""
    kept = {name: getattr(job, name) for name in _TEMPLATE}
    return kept | {"then": [as_template(following) for following in job.then]}


def from_template(user_id: str, template: dict[str, Any], **changes: Any) -> NewJob:
    """A new job after a template."""
    then = tuple(from_template(user_id, following) for following in template["then"])
    return NewJob(**{**template, "user_id": user_id, "then": then, **changes})


def values_of(job: NewJob, *, now: datetime) -> tuple[Any, ...]:
    """The row that `insert_rows_all_users` takes; its id comes first.

    Raises TypeError for a payload that is not JSON.
    """
    created = to_ms(now)
    due = created if job.scheduled_at is None else to_ms(job.scheduled_at)
    return (
        new_id(), job.user_id, job.job_type, job.queue, job.priority, "pending",
        LATER if due > created else READY, dump(job.payload), job.concurrency_key,
        job.concurrency_limit, job.rate_key, job.unique_key, job.max_retries, due, created,
        ms_or_none(job.deadline_at), job.parent_id, job.batch_id,
        dump([as_template(following) for following in job.then]) if job.then else None,
    )  # fmt: skip


def insert_rows_all_users(tx: Transaction, rows: Sequence[tuple[Any, ...]]) -> None:
    """Queue jobs without a unique key, by their values."""
    tx.executemany(_INSERT, rows)


def insert(tx: Transaction, job: NewJob, *, now: datetime) -> Enqueued:
    """Queue a job inside the caller's transaction; the engine must be woken after its commit.

    Raises JobExists when its unique key is taken and it says `reject`.
    """
    if job.unique_key is not None:
        taken = tx.execute(
            "SELECT id, status FROM jobs WHERE user_id = ? AND job_type = ? AND unique_key = ?"
            " AND status IN ('pending', 'running')",
            (job.user_id, job.job_type, job.unique_key),
        ).fetchone()
        if taken is not None:
            return _meet(tx, job, taken["id"], taken["status"], now)
    values = values_of(job, now=now)
    insert_rows_all_users(tx, [values])
    return Enqueued(values[0], True)


def _meet(tx: Transaction, job: NewJob, taken_id: str, status: str, now: datetime) -> Enqueued:
    if job.on_conflict == "reject":
        raise JobExists(taken_id)
    if job.on_conflict == "replace" and status == JobStatus.PENDING:
        due = to_ms(now if job.scheduled_at is None else job.scheduled_at)
        tx.execute(
            "UPDATE jobs SET payload = ?, priority = ?, queue = ?, scheduled_at = ?, hold = ?,"
            " max_retries = ?, deadline_at = ? WHERE user_id = ? AND id = ?",
            (
                dump(job.payload), job.priority, job.queue, due, LATER, job.max_retries,
                ms_or_none(job.deadline_at), job.user_id, taken_id,
            ),
        )  # fmt: skip
        if job.concurrency_key is not None:
            release_key_all_users(tx, job.concurrency_key)
    return Enqueued(taken_id, False)


def insert_many(tx: Transaction, jobs: Sequence[NewJob], *, now: datetime) -> list[Enqueued]:
    """Queue jobs, all or none, in their order."""
    return [insert(tx, job, now=now) for job in jobs]


def insert_child(tx: Transaction, parent: Job, child: NewJob, *, now: datetime) -> Enqueued:
    """Queue a child of a running job. Raises AttemptEnded when this attempt is to end or over."""
    runs = tx.execute(
        "SELECT 1 FROM jobs WHERE user_id = ? AND id = ? AND attempt = ? AND status = 'running'"
        " AND cancel_requested_at IS NULL",
        (parent.user_id, parent.id, parent.attempt),
    ).fetchone()
    if runs is None:
        raise AttemptEnded
    return insert(tx, replace(child, parent_id=parent.id), now=now)


def insert_next(tx: Transaction, job: Job, *, now: datetime) -> None:
    """The job has completed: queue what follows it in its chain."""
    row = tx.execute(
        "SELECT next_jobs FROM jobs WHERE user_id = ? AND id = ?", (job.user_id, job.id)
    ).fetchone()
    first, *rest = load(row["next_jobs"])
    following = from_template(job.user_id, first)
    then = following.then + tuple(from_template(job.user_id, each) for each in rest)
    insert(tx, replace(following, then=then, parent_id=job.id, batch_id=job.batch_id), now=now)


def find(connection: Connection, user_id: str, job_id: str) -> Job | None:
    """The user's job, or None."""
    row = connection.execute(
        f"SELECT {COLUMNS} FROM jobs WHERE user_id = ? AND id = ?", (user_id, job_id)
    ).fetchone()
    return None if row is None else job_of(row)


def get(connection: Connection, user_id: str, job_id: str) -> Job:
    """The user's job; raises NotFound."""
    job = find(connection, user_id, job_id)
    if job is None:
        raise NotFound("there is no such job")
    return job


def due_between(
    connection: Connection, user_id: str, job_type: str, *, first_key: str, end_key: str
) -> datetime | None:
    """When the first of these unique keys that has not ended is due; `end_key` itself is out."""
    row = connection.execute(
        "SELECT scheduled_at FROM jobs INDEXED BY jobs_unique WHERE user_id = ? AND job_type = ?"
        " AND unique_key >= ? AND unique_key < ? AND unique_key IS NOT NULL"
        " AND status IN ('pending', 'running') ORDER BY unique_key LIMIT 1",
        (user_id, job_type, first_key, end_key),
    ).fetchone()
    return None if row is None else from_ms(row["scheduled_at"])


def list_page(
    connection: Connection,
    user_id: str,
    *,
    status: JobStatus | None = None,
    job_type: str | None = None,
    limit: int,
    before: str | None = None,
) -> list[Job]:
    """The user's jobs, newest first, ids below `before`."""
    rows = connection.execute(
        f"SELECT {COLUMNS} FROM jobs WHERE user_id = :user AND (:before IS NULL OR id < :before)"
        " AND (:status IS NULL OR status = :status) AND (:type IS NULL OR job_type = :type)"
        " ORDER BY id DESC LIMIT :limit",
        {"user": user_id, "before": before, "status": status, "type": job_type, "limit": limit},
    )
    return [job_of(row) for row in rows]


def make_due(tx: Transaction, job: Job, *, now: datetime) -> bool:
    """Let the job that this attempt gave back start now; False when it has started since."""
    cursor = tx.execute(
        "UPDATE jobs SET scheduled_at = :now WHERE user_id = :user AND id = :id"
        " AND attempt = :attempt AND status = 'pending' AND scheduled_at > :now",
        {"now": to_ms(now), "user": job.user_id, "id": job.id, "attempt": job.attempt},
    )
    return cursor.rowcount == 1


def make_key_due(tx: Transaction, user_id: str, concurrency_key: str, *, now: datetime) -> int:
    """Let the key's waiting jobs start now; returns how many waited."""
    cursor = tx.execute(
        "UPDATE jobs SET scheduled_at = :now WHERE user_id = :user AND status = 'pending'"
        " AND concurrency_key = :key AND scheduled_at > :now",
        {"now": to_ms(now), "user": user_id, "key": concurrency_key},
    )
    return cursor.rowcount
