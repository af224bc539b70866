"""How much waits, since when, and what is in quarantine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from noond.store.job_lanes import READY, distinct_all_users
from noond.store.rows import Connection, time_or_none


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What waits now, of all users."""

    ready: Mapping[str, int]
    """By queue: due, and waiting for a slot, a rate or the end of a pause."""
    held: int
    """Due, and waiting for a key."""
    later: int
    oldest_ready_at: datetime | None
    """Since when the first of those that wait for a slot is due."""
    quarantined: int


def backlog_all_users(connection: Connection) -> Backlog:
    """Count what waits. Goes through the indexes of what waits, not through the history."""
    ready = connection.execute(
        "SELECT queue, count(*) FROM jobs WHERE status = 'pending' AND hold = 0 GROUP BY queue"
    ).fetchall()
    lanes = distinct_all_users(
        connection, ("queue", "priority", "user_id", "job_type"), hold=READY, fixed={}
    )
    oldest = [
        connection.execute(
            "SELECT min(scheduled_at) FROM jobs WHERE status = 'pending' AND hold = 0"
            " AND queue = ? AND priority = ? AND user_id = ? AND job_type = ?",
            lane,
        ).fetchone()[0]
        for lane in list(lanes)
    ]

    def count_all_users(where: str) -> int:
        return int(connection.execute(f"SELECT count(*) FROM jobs WHERE {where}").fetchone()[0])

    return Backlog(
        ready=dict(ready),
        held=count_all_users("status = 'pending' AND hold = 2")
        + count_all_users("status = 'pending' AND hold = 3"),
        later=count_all_users("status = 'pending' AND hold = 1"),
        oldest_ready_at=time_or_none(min(oldest, default=None)),
        quarantined=count_all_users("status = 'failed' AND reason = 'crashed'"),
    )
