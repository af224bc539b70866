"""Jobs as they are shown, searched and counted; the engine itself needs none of this."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from noond.clock import from_ms
from noond.errors import JobExpired, NotFound
from noond.models.job import Job, JobBatch, JobProgress, JobStatus
from noond.models.job_view import EndedFilter, JobChild, JobCount, JobDetail, JobFilter, JobStates
from noond.store import job_batches, job_states, jobs
from noond.store.job_rows import COLUMNS, job_of
from noond.store.rows import Connection, Transaction, ms_or_none, time_or_none

_CHILDREN = 100
_ENDED = "status IN ('completed', 'failed', 'cancelled')"
_LIVE = ("status = 'running'", *(f"status = 'pending' AND hold = {hold}" for hold in range(4)))
"""Each has an index of its own, so that the history is not gone through."""
_ENDED_AND_WANTED = (
    f"{_ENDED} AND (:status IS NULL OR status = :status)"
    " AND (:type IS NULL OR job_type = :type)"
    " AND (:before IS NULL OR completed_at < :before)"
)


def list_page(
    connection: Connection,
    user_id: str,
    wanted: JobFilter,
    *,
    limit: int,
    before_id: str | None = None,
) -> list[tuple[Job, JobProgress | None]]:
    """The user's jobs with how far they are, newest first, ids below `before_id`."""
    whose = "user_id = :user"
    if wanted.status in (JobStatus.PENDING, JobStatus.RUNNING):
        # By the indexes of what waits or runs; the plus keeps the user's history out of it.
        live = " UNION ALL ".join(f"SELECT id FROM jobs WHERE {each}" for each in _LIVE)
        whose = f"+user_id = :user AND id IN ({live})"
    rows = connection.execute(
        f"SELECT {COLUMNS} FROM jobs"
        f" WHERE {whose} AND (:before IS NULL OR id < :before)"
        " AND (:status IS NULL OR status = :status) AND (:type IS NULL OR job_type = :type)"
        " AND (:queue IS NULL OR queue = :queue) AND (:since IS NULL OR created_at >= :since)"
        " AND (:until IS NULL OR created_at < :until) ORDER BY id DESC LIMIT :limit",
        {
            "user": user_id,
            "before": before_id,
            "status": wanted.status,
            "type": wanted.job_type,
            "queue": wanted.queue,
            "since": ms_or_none(wanted.since),
            "until": ms_or_none(wanted.until),
            "limit": limit,
        },
    ).fetchall()
    found = [job_of(row) for row in rows]
    return [(job, job_states.find_progress(connection, user_id, job.id)) for job in found]


def detail(connection: Connection, user_id: str, job_id: str) -> JobDetail:
    """The user's job with all that stands beside it; raises NotFound."""
    job = jobs.get(connection, user_id, job_id)
    expired = False
    try:
        result = job_states.find_result(connection, user_id, job_id)
    except JobExpired:
        result, expired = None, True
    return JobDetail(
        job=job,
        progress=job_states.find_progress(connection, user_id, job_id),
        checkpoint_at=_checkpoint_at(connection, user_id, job_id),
        attempts=tuple(job_states.list_attempts(connection, user_id, job_id)),
        result=result,
        result_expired=expired,
        children=_children(connection, user_id, job_id),
        batch=_batch(connection, job),
    )


def _batch(connection: Connection, job: Job) -> JobBatch | None:
    if job.batch_id is None:
        return None
    try:
        return job_batches.get(connection, job.user_id, job.batch_id)
    except NotFound:
        return None  # batches are not kept as long as failed jobs


def _checkpoint_at(connection: Connection, user_id: str, job_id: str) -> datetime | None:
    row = connection.execute(
        "SELECT checkpoint_at FROM job_states JOIN jobs ON jobs.id = job_id"
        " WHERE user_id = ? AND job_id = ?",
        (user_id, job_id),
    ).fetchone()
    return None if row is None else time_or_none(row["checkpoint_at"])


def _children(connection: Connection, user_id: str, job_id: str) -> tuple[JobChild, ...]:
    rows = connection.execute(
        "SELECT id, job_type, status FROM jobs WHERE user_id = ? AND parent_id = ?"
        " ORDER BY id LIMIT ?",
        (user_id, job_id, _CHILDREN),
    )
    return tuple(
        JobChild(id=row["id"], job_type=row["job_type"], status=JobStatus(row["status"]))
        for row in rows
    )


def delete_ended(tx: Transaction, user_id: str, wanted: EndedFilter, *, limit: int) -> int:
    """Delete the user's jobs that have ended and match; returns how many."""
    return tx.execute(
        "DELETE FROM jobs WHERE id IN"
        f" (SELECT id FROM jobs WHERE user_id = :user AND {_ENDED_AND_WANTED} LIMIT :limit)",
        {"user": user_id, "limit": limit, **_values(wanted)},
    ).rowcount


def delete_ended_all_users(tx: Transaction, wanted: EndedFilter, *, limit: int) -> int:
    """Delete everybody's jobs that have ended and match; returns how many."""
    return tx.execute(
        "DELETE FROM jobs WHERE id IN"
        f" (SELECT id FROM jobs WHERE {_ENDED_AND_WANTED} LIMIT :limit)",
        {"limit": limit, **_values(wanted)},
    ).rowcount


def _values(wanted: EndedFilter) -> dict[str, Any]:
    return {
        "status": wanted.status,
        "type": wanted.job_type,
        "before": ms_or_none(wanted.before),
    }


def states_all_users(connection: Connection) -> JobStates:
    """Count the jobs of all users: those that have ended by their index, without their queues."""
    live = connection.execute(
        "SELECT job_type, queue, status, count(*) AS count FROM ("
        + " UNION ALL ".join(
            f"SELECT job_type, queue, status FROM jobs WHERE {each}" for each in _LIVE
        )
        + ") GROUP BY job_type, queue, status"
    ).fetchall()
    ended = connection.execute(
        "SELECT job_type, NULL AS queue, status, count(*) AS count, max(completed_at) AS last"
        f" FROM jobs INDEXED BY jobs_finished WHERE {_ENDED} GROUP BY job_type, status"
    ).fetchall()
    last: dict[str, int] = {}
    for row in ended:
        last[row["job_type"]] = max(last.get(row["job_type"], 0), row["last"])
    return JobStates(
        counts=tuple(
            JobCount(
                job_type=row["job_type"],
                queue=row["queue"],
                status=JobStatus(row["status"]),
                count=row["count"],
            )
            for row in (*live, *ended)
        ),
        last_ended={name: from_ms(at) for name, at in last.items()},
    )
