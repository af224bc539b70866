"""The lanes of due jobs (queue, priority, user, type), what runs, and whose turn it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from noond.clock import to_ms
from noond.models.job import Job
from noond.store.job_rows import COLUMNS, job_of
from noond.store.rows import Connection, Transaction, dump, time_or_none

READY, LATER, KEY_HELD, RATE_HELD = range(4)
"""The values of `hold`; schema.sql explains them."""


def distinct_all_users(
    tx: Transaction, columns: tuple[str, ...], *, hold: int, fixed: dict[str, Any]
) -> Iterator[tuple[Any, ...]]:
    """The distinct values of these columns among held or ready jobs, one index seek for each.

    `fixed` and `columns` together begin the index of that `hold`.
    """
    index = {READY: "jobs_ready", KEY_HELD: "jobs_key_held", RATE_HELD: "jobs_rate_held"}[hold]
    names = ", ".join(columns)
    start = (
        f"SELECT {names} FROM jobs INDEXED BY {index} WHERE status = 'pending' AND hold = {hold}"
    )
    start += "".join(f" AND {name} = ?" for name in fixed)
    values = tuple(fixed.values())
    row = tx.execute(f"{start} ORDER BY {names} LIMIT 1", values).fetchone()
    # (a, b) > (?, ?) would read all rows that are equal: SQLite seeks to the first of them.
    beyond = []
    for depth in reversed(range(len(columns))):
        same = "".join(f" AND {name} = ?" for name in columns[:depth])
        beyond.append(f"{start}{same} AND {columns[depth]} > ? ORDER BY {names} LIMIT 1")
    while row is not None:
        found = tuple(row)
        yield found
        for place, sql in enumerate(beyond):
            row = tx.execute(sql, values + found[: len(columns) - place]).fetchone()
            if row is not None:
                break


_LANE_ROWS = (
    f"SELECT {COLUMNS} FROM jobs INDEXED BY jobs_ready"
    " WHERE status = 'pending' AND hold = 0 AND queue = ? AND priority = ? AND user_id = ?"
    " AND job_type = ? AND (scheduled_at, id) > (?, ?) ORDER BY scheduled_at, id LIMIT ?"
)


class Lane:
    """The due jobs of one user and type in a queue and priority, read as far as needed.

    Each as it will be when it has started.
    """

    def __init__(
        self,
        tx: Transaction,
        lane: tuple[str, int, str, str],
        *,
        chunk: int,
        now: datetime,
    ) -> None:
        _, _, self.user, self.kind = lane
        self._tx, self._lane, self._chunk, self._now = tx, lane, chunk, now
        self._jobs: list[Job] = []
        self._last: tuple[int, str] = (0, "")
        self._ended = False

    def head(self) -> Job | None:
        """The first job left, or None."""
        if not self._jobs and not self._ended:
            self._read_all_users()
        return self._jobs[-1] if self._jobs else None

    def drop(self) -> None:
        """The first job was dealt with."""
        self._jobs.pop()

    def _read_all_users(self) -> None:
        rows = self._tx.execute(_LANE_ROWS, (*self._lane, *self._last, self._chunk)).fetchall()
        self._ended = len(rows) < self._chunk
        self._jobs = [job_of(row, starts_at=self._now) for row in rows]
        if self._jobs:
            last = self._jobs[-1]
            self._last = (to_ms(last.scheduled_at), last.id)
        self._jobs.reverse()


def next_due_all_users(connection: Connection, *, now: datetime) -> datetime | None:
    """When the next job that is not due yet becomes due, or a waiting one is past its deadline."""
    row = connection.execute(
        "SELECT min(at) FROM (SELECT min(scheduled_at) AS at FROM jobs"
        " WHERE status = 'pending' AND hold = 1 AND scheduled_at > :now"
        " UNION ALL SELECT min(deadline_at) FROM jobs"
        " WHERE status = 'pending' AND deadline_at > :now"
        " UNION ALL SELECT min(next_at) FROM job_schedules WHERE enabled = 1)",
        {"now": to_ms(now)},
    ).fetchone()
    return time_or_none(row[0])


def lonely_runs_all_users(tx: Transaction) -> bool:
    """Whether a job runs that must run alone."""
    row = tx.execute(
        "SELECT 1 FROM jobs INDEXED BY jobs_lonely WHERE status = 'running' AND crashes >= 3"
    ).fetchone()
    return row is not None


def something_runs_all_users(tx: Transaction) -> bool:
    """Whether any job runs."""
    return tx.execute("SELECT 1 FROM jobs WHERE status = 'running' LIMIT 1").fetchone() is not None


def running_of_queue_all_users(tx: Transaction, queue: str) -> int:
    """How many jobs of the queue run."""
    sql = "SELECT count(*) FROM jobs WHERE status = 'running' AND queue = ?"
    return int(tx.execute(sql, (queue,)).fetchone()[0])


def running_of_key_all_users(tx: Transaction, key: str) -> int:
    """How many jobs of the concurrency key run."""
    sql = "SELECT count(*) FROM jobs WHERE status = 'running' AND concurrency_key = ?"
    return int(tx.execute(sql, (key,)).fetchone()[0])


def start_all_users(tx: Transaction, job_ids: Sequence[str], *, now: datetime) -> None:
    """These jobs run, each its next attempt."""
    # One statement for all: each of its own would give the interpreter away and wait for it.
    tx.execute(
        "UPDATE jobs SET status = 'running', attempt = attempt + 1, started_at = ?"
        " WHERE id IN (SELECT value FROM json_each(?))",
        (to_ms(now), dump(job_ids)),
    )


def turns_all_users(tx: Transaction) -> dict[str, int]:
    """The turn in which each user was last served."""
    return dict(tx.execute("SELECT user_id, turn FROM job_turns").fetchall())


def keep_turns_all_users(tx: Transaction, turns: Mapping[str, int]) -> None:
    """These users were served."""
    tx.executemany(
        "INSERT INTO job_turns (user_id, turn) VALUES (?, ?)"
        " ON CONFLICT (user_id) DO UPDATE SET turn = excluded.turn",
        list(turns.items()),
    )
