"""When jobs were started lately, for the rate limits of a daemon that has just begun."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from noond.clock import from_ms, to_ms
from noond.store.rows import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """One start of a job."""

    job_type: str
    queue: str
    rate_key: str | None
    at: datetime


def list_since_all_users(
    connection: Connection, job_types: Sequence[str], *, since: datetime
) -> list[Start]:
    """The last starts of jobs that have ended since then, oldest first.

    Attempts that were tried again are not among them: their rows have forgotten when it was.
    """
    rows = []
    for job_type in job_types:
        for status in ("completed", "failed", "cancelled"):
            rows += connection.execute(
                "SELECT job_type, queue, rate_key, started_at FROM jobs"
                " WHERE job_type = ? AND status = ? AND completed_at > ? AND started_at > ?"
                " AND status IN ('completed', 'failed', 'cancelled')",
                (job_type, status, to_ms(since), to_ms(since)),
            ).fetchall()
    rows.sort(key=lambda row: int(row["started_at"]))
    return [
        Start(
            job_type=row["job_type"],
            queue=row["queue"],
            rate_key=row["rate_key"],
            at=from_ms(row["started_at"]),
        )
        for row in rows
    ]
