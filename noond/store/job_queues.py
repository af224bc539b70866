"""The job_queues table: which queues are paused, and how many of each may run at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from noond.clock import to_ms
from noond.store.rows import Connection, Transaction, time_or_none


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRule:
    """What a queue was told; None: not paused, no limit of its own."""

    queue: str
    paused_at: datetime | None
    concurrency: int | None


def list_rules(connection: Connection) -> list[QueueRule]:
    """The queues that were told something."""
    rows = connection.execute("SELECT queue, paused_at, concurrency FROM job_queues ORDER BY queue")
    return [
        QueueRule(
            queue=row["queue"],
            paused_at=time_or_none(row["paused_at"]),
            concurrency=row["concurrency"],
        )
        for row in rows
    ]


def pause(tx: Transaction, queue: str, *, now: datetime) -> None:
    """Start nothing of this queue until it is resumed; what runs goes on."""
    tx.execute(
        "INSERT INTO job_queues (queue, paused_at) VALUES (?, ?)"
        " ON CONFLICT (queue) DO UPDATE SET paused_at = coalesce(paused_at, excluded.paused_at)",
        (queue, to_ms(now)),
    )


def resume(tx: Transaction, queue: str) -> None:
    """The queue is paused no more."""
    tx.execute("UPDATE job_queues SET paused_at = NULL WHERE queue = ?", (queue,))
    _forget(tx)


def set_concurrency(tx: Transaction, queue: str, concurrency: int | None) -> None:
    """So many jobs of the queue run at once; None: as many as there is room for."""
    tx.execute(
        "INSERT INTO job_queues (queue, concurrency) VALUES (?, ?)"
        " ON CONFLICT (queue) DO UPDATE SET concurrency = excluded.concurrency",
        (queue, concurrency),
    )
    _forget(tx)


def _forget(tx: Transaction) -> None:
    tx.execute("DELETE FROM job_queues WHERE paused_at IS NULL AND concurrency IS NULL")
