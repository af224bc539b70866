"""The retractions table: calls that delete a reverted run's records from the device."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from noond.clock import new_id, to_ms
from noond.store.rows import Connection, Transaction, dump


@dataclass(frozen=True, slots=True, kw_only=True)
class Retraction:
    """A record to delete from its device; `id` is the call's id for ever."""

    id: str
    user_id: str
    delivery_id: str
    device_id: str
    run_id: str
    table: str
    device_record_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RetractionCounts:
    """A reverted run's retractions by status."""

    pending: int = 0
    deleted: int = 0
    kept: int = 0
    failed: int = 0


def insert_for_run(tx: Transaction, user_id: str, run_id: str, *, now: datetime) -> int:
    """Retract what the device got, or may yet get, of the run and nobody approved or edited.

    Returns how many. A retraction is sent once its record was delivered.
    """
    rows = tx.execute(
        "SELECT deliveries.id, device_id FROM deliveries"
        " LEFT JOIN reviews ON reviews.delivery_id = deliveries.id"
        " WHERE deliveries.user_id = ? AND deliveries.run_id = ? AND status <> 'failed'"
        " AND decision IS NULL"
        " AND NOT EXISTS (SELECT 1 FROM retractions WHERE delivery_id = deliveries.id)"
        " ORDER BY deliveries.id",
        (user_id, run_id),
    ).fetchall()
    tx.executemany(
        "INSERT INTO retractions (id, delivery_id, user_id, device_id, run_id, status, created_at)"
        " VALUES (?, ?, ?, ?, ?, 'pending', ?)",
        [(new_id(), row["id"], user_id, row["device_id"], run_id, to_ms(now)) for row in rows],
    )
    return len(rows)


def count_kept(connection: Connection, user_id: str, run_id: str) -> int:
    """How many of the run's records a person approved or edited."""
    row = connection.execute(
        "SELECT count(*) FROM deliveries JOIN reviews ON reviews.delivery_id = deliveries.id"
        " WHERE deliveries.user_id = ? AND deliveries.run_id = ?"
        " AND decision IN ('approved', 'edited')",
        (user_id, run_id),
    ).fetchone()
    return int(row[0])


def list_pending(
    connection: Connection, user_id: str, device_id: str, *, besides: Collection[str], limit: int
) -> list[Retraction]:
    """The device's retractions whose records have arrived, oldest first."""
    rows = connection.execute(
        "SELECT retractions.id, delivery_id, retractions.run_id, table_name, device_record_id"
        "  FROM retractions JOIN deliveries ON deliveries.id = retractions.delivery_id"
        "  JOIN records ON records.id = deliveries.record_id"
        " WHERE retractions.user_id = ? AND retractions.device_id = ?"
        "   AND retractions.status = 'pending' AND deliveries.status = 'delivered'"
        "   AND retractions.id NOT IN (SELECT value FROM json_each(?))"
        " ORDER BY retractions.id LIMIT ?",
        (user_id, device_id, dump(list(besides)), limit),
    )
    return [
        Retraction(
            id=row["id"],
            delivery_id=row["delivery_id"],
            user_id=user_id,
            device_id=device_id,
            run_id=row["run_id"],
            table=row["table_name"],
            device_record_id=row["device_record_id"] or "",
        )
        for row in rows
    ]


def settle(
    tx: Transaction,
    user_id: str,
    retraction_id: str,
    status: Literal["deleted", "kept", "failed"],
    *,
    error: str | None,
    now: datetime,
) -> bool:
    """The device has answered; a record that is deleted stays away as its run's `reverted`.

    False when it was settled already.
    """
    cursor = tx.execute(
        "UPDATE retractions SET status = ?, error = ?, settled_at = ?"
        " WHERE user_id = ? AND id = ? AND status = 'pending'",
        (status, None if error is None else error[:2000], to_ms(now), user_id, retraction_id),
    )
    if status == "deleted":
        tx.execute(
            "UPDATE records SET reverted_at = ? WHERE user_id = ? AND id ="
            " (SELECT record_id FROM deliveries JOIN retractions"
            "   ON retractions.delivery_id = deliveries.id WHERE retractions.id = ?)",
            (to_ms(now), user_id, retraction_id),
        )
    return cursor.rowcount == 1


def count_unanswered(tx: Transaction, user_id: str, retraction_id: str) -> int:
    """A send on a live connection got no answer; returns how many did not."""
    row = tx.execute(
        "UPDATE retractions SET unanswered_sends = unanswered_sends + 1"
        " WHERE user_id = ? AND id = ? RETURNING unanswered_sends",
        (user_id, retraction_id),
    ).fetchone()
    return int(row[0])


def counts_of_run(connection: Connection, user_id: str, run_id: str) -> RetractionCounts:
    """The run's retractions by status."""
    rows = connection.execute(
        "SELECT status, count(*) FROM retractions WHERE user_id = ? AND run_id = ? GROUP BY status",
        (user_id, run_id),
    )
    return RetractionCounts(**{row[0]: row[1] for row in rows})
