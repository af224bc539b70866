"""How jobs of a type have ended lately: what watches over failures reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from noond.clock import from_ms, to_ms
from noond.models.job import JobStatus
from noond.store.rows import Connection, Row

_LAST = (
    "SELECT id, user_id, status, completed_at FROM jobs INDEXED BY jobs_finished"
    " WHERE job_type = ? AND status = '{}' AND status IN ('completed', 'failed', 'cancelled')"
    " ORDER BY completed_at DESC LIMIT ?"
)
# The index is found by its own condition only.
_FAILED, _COMPLETED = (_LAST.format(each) for each in (JobStatus.FAILED, JobStatus.COMPLETED))


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEnd:
    """A job that has completed or failed for good."""

    job_id: str
    failed: bool
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueLength:
    """What of a queue is due and waits for a slot, of all users."""

    queue: str
    ready: int
    oldest_at: datetime


def last_ends_all_users(connection: Connection, job_type: str, *, most: int) -> list[JobEnd]:
    """The last ends of jobs of the type, newest first, at most so many of each kind of end."""
    return _merged(
        [connection.execute(sql, (job_type, most)).fetchall() for sql in (_FAILED, _COMPLETED)]
    )


def last_ends(connection: Connection, user_id: str, job_type: str, *, most: int) -> list[JobEnd]:
    """As `last_ends_all_users`, of one user's: as far as they are among the type's last ends."""
    return _merged(
        [
            connection.execute(
                f"SELECT * FROM ({sql}) WHERE user_id = ?", (job_type, most, user_id)
            ).fetchall()
            for sql in (_FAILED, _COMPLETED)
        ]
    )


def _merged(found: Sequence[Sequence[Row]]) -> list[JobEnd]:
    # Of two that ended in the same millisecond the failure counts as the later one.
    rows = sorted(
        (row for rows in found for row in rows),
        key=lambda row: (row["completed_at"], row["status"] == JobStatus.FAILED, row["id"]),
        reverse=True,
    )
    return [
        JobEnd(
            job_id=row["id"],
            failed=row["status"] == JobStatus.FAILED,
            at=from_ms(row["completed_at"]),
        )
        for row in rows
    ]


def failed_since_all_users(
    connection: Connection, job_type: str, *, since: datetime, most: int
) -> set[str]:
    """Whose jobs of the type have failed at or after this time; looks at so many at most."""
    rows = connection.execute(
        "SELECT user_id FROM jobs INDEXED BY jobs_finished WHERE job_type = ?"
        " AND status = 'failed' AND status IN ('completed', 'failed', 'cancelled')"
        " AND completed_at >= ? ORDER BY completed_at DESC LIMIT ?",
        (job_type, to_ms(since), most),
    )
    return {row["user_id"] for row in rows}


def queue_lengths_all_users(connection: Connection) -> list[QueueLength]:
    """The queues in which something due waits for a slot, a rate or the end of a pause."""
    rows = connection.execute(
        "SELECT queue, count(*) AS ready, min(scheduled_at) AS oldest FROM jobs"
        " INDEXED BY jobs_ready WHERE status = 'pending' AND hold = 0 GROUP BY queue"
    )
    return [
        QueueLength(queue=row["queue"], ready=row["ready"], oldest_at=from_ms(row["oldest"]))
        for row in rows
    ]
