"""What is kept of jobs that have ended, and for how long: deleted in small batches."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from noond.clock import to_ms
from noond.models.job import JobStatus
from noond.store.rows import Connection, Transaction

_FINAL = "status IN ('completed', 'failed', 'cancelled')"


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """How many of each were deleted."""

    jobs: int = 0
    results: int = 0
    fires: int = 0
    batches: int = 0


def job_types_all_users(connection: Connection) -> list[str]:
    """The types of jobs that have ended, one index seek for each."""
    found: list[str] = []
    sql = f"SELECT min(job_type) FROM jobs WHERE {_FINAL} AND job_type > ?"
    while (
        name := connection.execute(sql, (found[-1] if found else "",)).fetchone()[0]
    ) is not None:
        found.append(name)
    return found


def delete_ended_all_users(
    tx: Transaction, job_type: str, status: JobStatus, *, before: datetime, limit: int
) -> int:
    """Delete jobs of a type that ended so before then, oldest first; returns how many.

    What stands beside them goes with them.
    """
    cursor = tx.execute(
        "DELETE FROM jobs WHERE id IN (SELECT id FROM jobs"
        f" WHERE job_type = ? AND status = ? AND completed_at < ? AND {_FINAL}"
        " ORDER BY completed_at LIMIT ?)",
        (job_type, status, to_ms(before), limit),
    )
    return cursor.rowcount


def newest_to_delete_all_users(
    connection: Connection, job_type: str, status: JobStatus, *, keep: int
) -> int | None:
    """When the newest job ended that is too many, in ms; None: there are not too many."""
    row = connection.execute(
        "SELECT completed_at FROM jobs"
        f" WHERE job_type = ? AND status = ? AND {_FINAL}"
        " ORDER BY completed_at DESC LIMIT 1 OFFSET ?",
        (job_type, status, keep),
    ).fetchone()
    return None if row is None else int(row["completed_at"])


def empty_results(tx: Transaction, *, before: datetime, limit: int) -> int:
    """Forget results kept since before then; that there was one is remembered."""
    cursor = tx.execute(
        "UPDATE job_results SET result = '' WHERE job_id IN (SELECT job_id FROM job_results"
        " WHERE result <> '' AND created_at < ? ORDER BY created_at LIMIT ?)",
        (to_ms(before), limit),
    )
    return cursor.rowcount


def forget_steps_all_users(tx: Transaction, *, before: datetime, limit: int) -> int:
    """Forget the steps of jobs that completed before then, and what they told on the way.

    Returns of how many jobs.
    """
    done = [
        row[0]
        for row in tx.execute(
            "SELECT id FROM jobs WHERE status = 'completed' AND completed_at < ? AND id IN"
            " (SELECT job_id FROM job_steps UNION SELECT task_id FROM task_events) LIMIT ?",
            (to_ms(before), limit),
        )
    ]
    tx.executemany("DELETE FROM job_steps WHERE job_id = ?", [(job_id,) for job_id in done])
    tx.executemany("DELETE FROM task_events WHERE task_id = ?", [(job_id,) for job_id in done])
    return len(done)


def delete_fires(tx: Transaction, *, before: datetime, limit: int) -> int:
    """Forget fires long dealt with; a schedule never looks back behind its `base_at`."""
    cursor = tx.execute(
        "DELETE FROM job_fires WHERE (schedule_id, fire_at) IN"
        " (SELECT schedule_id, fire_at FROM job_fires WHERE fire_at < ? LIMIT ?)",
        (to_ms(before), limit),
    )
    return cursor.rowcount


def delete_batches_all_users(tx: Transaction, *, before: datetime, limit: int) -> int:
    """Forget batches that ended before then."""
    cursor = tx.execute(
        "DELETE FROM job_batches WHERE id IN (SELECT id FROM job_batches"
        " WHERE completed_at IS NOT NULL AND completed_at < ? ORDER BY completed_at LIMIT ?)",
        (to_ms(before), limit),
    )
    return cursor.rowcount


def vacuum(tx: Transaction, pages: int) -> int:
    """Give up to so many free pages back to the file system; returns how many are left."""
    # The pragma frees a page each time it is stepped.
    tx.execute(f"PRAGMA incremental_vacuum({pages})").fetchall()
    return int(tx.execute("PRAGMA freelist_count").fetchone()[0])
