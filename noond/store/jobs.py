"""The jobs table: claim, finish, give back. `attempt` fences every change of a running job."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from noond.clock import from_ms, new_id, to_ms
from noond.models.job import Job, JobStatus
from noond.store.rows import Connection, Row, Transaction, dump, load, time_or_none

LONELY_CRASHES = 3


def _job(row: Row) -> Job:
    return Job(
        id=row["id"],
        user_id=row["user_id"],
        job_type=row["job_type"],
        queue=row["queue"],
        priority=row["priority"],
        status=JobStatus(row["status"]),
        payload=load(row["payload"]),
        concurrency_key=row["concurrency_key"],
        attempt=row["attempt"],
        scheduled_at=from_ms(row["scheduled_at"]),
        created_at=from_ms(row["created_at"]),
        started_at=time_or_none(row["started_at"]),
        completed_at=time_or_none(row["completed_at"]),
        error_message=row["error_message"],
    )


def insert(
    tx: Transaction,
    *,
    user_id: str,
    job_type: str,
    queue: str,
    priority: int,
    payload: dict[str, Any],
    concurrency_key: str | None,
    now: datetime,
) -> str:
    """Queue a job that is due now, inside the caller's transaction; returns its id."""
    job_id = new_id()
    tx.execute(
        "INSERT INTO jobs (id, user_id, job_type, queue, priority, status, payload,"
        " concurrency_key, scheduled_at, created_at) VALUES (?, ?, ?, ?, ?, 'pending', ?, ?, ?, ?)",
        (
            job_id,
            user_id,
            job_type,
            queue,
            priority,
            dump(payload),
            concurrency_key,
            to_ms(now),
            to_ms(now),
        ),
    )
    return job_id


def claim_all_users(
    tx: Transaction, *, job_types: Collection[str], free: int, now: datetime
) -> list[Job]:
    """Take up to `free` due jobs and start their next attempt.

    In the order queue, priority (1 first), the user served longest ago, due time, id; of one
    concurrency key only while none of it is running. A job that brought the daemon down three
    times in a row runs alone, so that it takes nothing else down with it.
    """
    claimed: list[Job] = []
    for _ in range(free):
        if _lonely_runs_all_users(tx):
            break
        row = tx.execute(
            "SELECT jobs.* FROM jobs LEFT JOIN job_turns USING (user_id)"
            " WHERE status = 'pending' AND scheduled_at <= :now"
            " AND job_type IN (SELECT value FROM json_each(:types))"
            " AND (concurrency_key IS NULL OR NOT EXISTS (SELECT 1 FROM jobs AS busy"
            "      WHERE busy.status = 'running' AND busy.concurrency_key = jobs.concurrency_key))"
            " ORDER BY queue, priority, coalesce(turn, 0), scheduled_at, id LIMIT 1",
            {"now": to_ms(now), "types": dump(list(job_types))},
        ).fetchone()
        if row is None or (row["crashes"] >= LONELY_CRASHES and _one_runs_all_users(tx)):
            break
        started = tx.execute(
            "UPDATE jobs SET status = 'running', attempt = attempt + 1, started_at = ?"
            " WHERE id = ? RETURNING *",
            (to_ms(now), row["id"]),
        ).fetchone()
        tx.execute(
            "INSERT INTO job_turns (user_id, turn)"
            " VALUES (?, 1 + (SELECT coalesce(max(turn), 0) FROM job_turns))"
            " ON CONFLICT (user_id) DO UPDATE SET turn = excluded.turn",
            (row["user_id"],),
        )
        claimed.append(_job(started))
    return claimed


def _lonely_runs_all_users(tx: Transaction) -> bool:
    row = tx.execute(
        "SELECT 1 FROM jobs WHERE status = 'running' AND crashes >= ? LIMIT 1", (LONELY_CRASHES,)
    ).fetchone()
    return row is not None


def _one_runs_all_users(tx: Transaction) -> bool:
    return tx.execute("SELECT 1 FROM jobs WHERE status = 'running' LIMIT 1").fetchone() is not None


def next_due_all_users(connection: Connection, *, now: datetime) -> datetime | None:
    """When the next job that is not due yet becomes due."""
    row = connection.execute(
        "SELECT min(scheduled_at) FROM jobs WHERE status = 'pending' AND scheduled_at > ?",
        (to_ms(now),),
    ).fetchone()
    return time_or_none(row[0])


def finish(
    tx: Transaction, job: Job, status: JobStatus, *, error: str | None, now: datetime
) -> bool:
    """Give the job its final status; False when this attempt does not run any more."""
    cursor = tx.execute(
        "UPDATE jobs SET status = ?, error_message = ?, completed_at = ?, crashes = 0"
        " WHERE user_id = ? AND id = ? AND attempt = ? AND status = 'running'",
        (status, error, to_ms(now), job.user_id, job.id, job.attempt),
    )
    return cursor.rowcount == 1


def give_back(tx: Transaction, job: Job, *, due: datetime) -> bool:
    """Make the job pending again, due at that time; False when this attempt does not run."""
    cursor = tx.execute(
        "UPDATE jobs SET status = 'pending', scheduled_at = ?, started_at = NULL, crashes = 0"
        " WHERE user_id = ? AND id = ? AND attempt = ? AND status = 'running'",
        (to_ms(due), job.user_id, job.id, job.attempt),
    )
    return cursor.rowcount == 1


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


def recover_all_users(tx: Transaction) -> int:
    """At start every running job is an orphan of a dead daemon: it is pending again."""
    cursor = tx.execute(
        "UPDATE jobs SET status = 'pending', started_at = NULL, crashes = crashes + 1"
        " WHERE status = 'running'"
    )
    return cursor.rowcount
