"""The records and deliveries tables: what was taken from a source, and its way to the device."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from noond.clock import from_ms, new_id, to_ms
from noond.models.delivery import Delivery, DeliveryStatus, RunRecord
from noond.models.document import Record, Table
from noond.models.preview import Found, Novelty
from noond.models.review import Verdict
from noond.models.run import Run
from noond.store.rows import Connection, Row, Transaction, dump, load

_DELIVERY = """
    SELECT deliveries.id, deliveries.user_id, device_id, deliveries.agent_id, deliveries.run_id,
           table_name, data, path, quote, sha256, unanswered_sends
      FROM deliveries JOIN records ON records.id = deliveries.record_id
"""
MAX_RESENDS = 3
"""How often the agent's later runs send a refused record again by themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """A run's deliveries by status."""

    pending: int = 0
    delivered: int = 0
    failed: int = 0


def _delivery(row: Row) -> Delivery:
    return Delivery(
        id=row["id"],
        user_id=row["user_id"],
        device_id=row["device_id"],
        agent_id=row["agent_id"],
        run_id=row["run_id"],
        table=row["table_name"],
        data=load(row["data"]),
        path=row["path"],
        quote=row["quote"],
        sha256=row["sha256"],
        unanswered_sends=row["unanswered_sends"],
    )


def novelty(
    connection: Connection,
    user_id: str,
    agent_id: str,
    fingerprints: Sequence[str],
    *,
    extractor: str,
) -> dict[str, Novelty]:
    """Which of these the agent must not bring again, and whether because of a rejection.

    What is not in the result is new. A record that was undone stays away as long as the same
    extractor would bring it.
    """
    rows = connection.execute(
        "SELECT fingerprint, coalesce(decision, '') = 'rejected' OR reverted_at IS NOT NULL"
        "  FROM records LEFT JOIN deliveries ON deliveries.record_id = records.id"
        "  LEFT JOIN reviews ON reviews.delivery_id = deliveries.id"
        " WHERE records.user_id = ? AND records.agent_id = ?"
        "   AND fingerprint IN (SELECT value FROM json_each(?))"
        "   AND (reverted_at IS NULL OR extractor = ?)",
        (user_id, agent_id, dump(list(fingerprints)), extractor),
    )
    return {row[0]: Novelty.REJECTED if row[1] else Novelty.KNOWN for row in rows}


def insert_record(
    tx: Transaction,
    run: Run,
    record: Record,
    *,
    fingerprint: str,
    path: str,
    sha256: str,
    extractor: str,
    now: datetime,
) -> None:
    """Journal a record and its delivery to the run's device.

    An undone record with the same fingerprint gives its place up.
    """
    record_id = new_id()
    tx.execute(
        "UPDATE records SET fingerprint = fingerprint || '#' || id"
        " WHERE user_id = ? AND agent_id = ? AND fingerprint = ? AND reverted_at IS NOT NULL",
        (run.user_id, run.agent_id, fingerprint),
    )
    tx.execute(
        "INSERT INTO records (id, user_id, agent_id, run_id, table_name, data, path, sha256,"
        " quote, span_start, span_end, extractor, fingerprint, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            record_id,
            run.user_id,
            run.agent_id,
            run.id,
            record.table,
            dump(record.data),
            path,
            sha256,
            record.quote,
            record.start,
            record.end,
            extractor,
            fingerprint,
            to_ms(now),
        ),
    )
    tx.execute(
        "INSERT INTO deliveries (id, record_id, user_id, device_id, agent_id, run_id, status,"
        " created_at) VALUES (?, ?, ?, ?, ?, ?, 'pending', ?)",
        (
            new_id(),
            record_id,
            run.user_id,
            run.device_id,
            run.agent_id,
            run.id,
            to_ms(now),
        ),
    )


def device_records_of_agent(connection: Connection, user_id: str, agent_id: str) -> frozenset[str]:
    """The ids, on the device, of the records that the agent brought."""
    rows = connection.execute(
        "SELECT device_record_id FROM deliveries"
        " WHERE user_id = ? AND agent_id = ? AND device_record_id IS NOT NULL",
        (user_id, agent_id),
    )
    return frozenset(row[0] for row in rows)


def count_pending(connection: Connection, user_id: str, device_id: str) -> int:
    """How many deliveries wait for the device."""
    row = connection.execute(
        "SELECT count(*) FROM deliveries"
        " WHERE user_id = ? AND device_id = ? AND status = 'pending'",
        (user_id, device_id),
    ).fetchone()
    return int(row[0])


def list_pending(
    connection: Connection,
    user_id: str,
    device_id: str,
    *,
    besides: Collection[str],
    limit: int,
) -> list[Delivery]:
    """The device's deliveries in the order they were journaled, without those under way."""
    rows = connection.execute(
        _DELIVERY + " WHERE deliveries.user_id = ? AND device_id = ? AND status = 'pending'"
        " AND deliveries.id NOT IN (SELECT value FROM json_each(?))"
        " ORDER BY deliveries.id LIMIT ?",
        (user_id, device_id, dump(list(besides)), limit),
    )
    return [_delivery(row) for row in rows]


def set_delivered(
    tx: Transaction,
    user_id: str,
    delivery_id: str,
    *,
    device_record_id: str | None,
    now: datetime,
) -> bool:
    """The device has applied it; False when that was known already."""
    cursor = tx.execute(
        "UPDATE deliveries SET status = 'delivered', device_record_id = ?, settled_at = ?,"
        " error = NULL, error_code = NULL WHERE user_id = ? AND id = ? AND status = 'pending'",
        (device_record_id, to_ms(now), user_id, delivery_id),
    )
    return cursor.rowcount == 1


def set_failed(
    tx: Transaction, user_id: str, delivery_id: str, *, code: str, error: str, now: datetime
) -> bool:
    """The device refused it, or never answered; False when it was settled already."""
    cursor = tx.execute(
        "UPDATE deliveries SET status = 'failed', error_code = ?, error = ?, settled_at = ?"
        " WHERE user_id = ? AND id = ? AND status = 'pending'",
        (code, error[:2000], to_ms(now), user_id, delivery_id),
    )
    return cursor.rowcount == 1


def count_unanswered(tx: Transaction, user_id: str, delivery_id: str) -> int:
    """A send on a live connection got no answer; returns how many did not."""
    row = tx.execute(
        "UPDATE deliveries SET unanswered_sends = unanswered_sends + 1"
        " WHERE user_id = ? AND id = ? RETURNING unanswered_sends",
        (user_id, delivery_id),
    ).fetchone()
    return int(row[0])


def retry_failed_of_agent(tx: Transaction, user_id: str, agent_id: str) -> set[str]:
    """Make the agent's refused deliveries pending again, thrice at most; returns their runs."""
    rows = tx.execute(
        "UPDATE deliveries SET status = 'pending', resends = resends + 1, unanswered_sends = 0"
        " WHERE user_id = ? AND agent_id = ? AND status = 'failed' AND resends < ?"
        " RETURNING run_id",
        (user_id, agent_id, MAX_RESENDS),
    ).fetchall()
    return {row[0] for row in rows}


def retry_failed_of_run(tx: Transaction, user_id: str, run_id: str) -> int:
    """Make the run's failed deliveries pending again, by hand; returns how many."""
    cursor = tx.execute(
        "UPDATE deliveries SET status = 'pending', resends = resends + 1, unanswered_sends = 0"
        " WHERE user_id = ? AND run_id = ? AND status = 'failed'",
        (user_id, run_id),
    )
    return cursor.rowcount


def fail_of_device(
    tx: Transaction, user_id: str, device_id: str, *, code: str, error: str, now: datetime
) -> None:
    """The device is gone for good: none of its deliveries can arrive."""
    tx.execute(
        "UPDATE deliveries SET status = 'failed', error_code = ?, error = ?, settled_at = ?"
        " WHERE user_id = ? AND device_id = ? AND status = 'pending'",
        (code, error, to_ms(now), user_id, device_id),
    )


def counts_of_run(connection: Connection, user_id: str, run_id: str) -> Counts:
    """The run's deliveries by status."""
    rows = connection.execute(
        "SELECT status, count(*) FROM deliveries WHERE user_id = ? AND run_id = ? GROUP BY status",
        (user_id, run_id),
    )
    return Counts(**{row[0]: row[1] for row in rows})


def list_of_run(
    connection: Connection, user_id: str, run_id: str, *, limit: int, after: str | None
) -> list[RunRecord]:
    """The run's records with their deliveries, oldest first, ids above `after`."""
    rows = connection.execute(
        "SELECT records.*, deliveries.id AS delivery_id, deliveries.status, deliveries.error,"
        " device_record_id, decision, retractions.status AS retraction,"
        " retractions.error AS retraction_error"
        "  FROM records JOIN deliveries ON deliveries.record_id = records.id"
        "  LEFT JOIN reviews ON reviews.delivery_id = deliveries.id"
        "  LEFT JOIN retractions ON retractions.delivery_id = deliveries.id"
        " WHERE records.user_id = ? AND records.run_id = ? AND records.id > ?"
        " ORDER BY records.id LIMIT ?",
        (user_id, run_id, after or "", limit),
    )
    return [
        RunRecord(
            id=row["id"],
            delivery_id=row["delivery_id"],
            table=row["table_name"],
            data=load(row["data"]),
            path=row["path"],
            quote=row["quote"],
            span=(row["span_start"], row["span_end"]),
            sha256=row["sha256"],
            extractor=row["extractor"],
            status=DeliveryStatus(row["status"]),
            error=row["error"],
            device_record_id=row["device_record_id"],
            decision=Verdict(row["decision"]) if row["decision"] else None,
            retraction=row["retraction"],
            retraction_error=row["retraction_error"],
            created_at=from_ms(row["created_at"]),
        )
        for row in rows
    ]


def found_in_run(connection: Connection, user_id: str, run_id: str) -> list[Found]:
    """The run's records for comparison, oldest first."""
    rows = connection.execute(
        "SELECT * FROM records WHERE user_id = ? AND run_id = ? ORDER BY id", (user_id, run_id)
    )
    return [
        Found(
            # An undone record that gave its place up had this fingerprint before the mark.
            fingerprint=row["fingerprint"].split("#")[0],
            path=row["path"],
            record=Record(
                table=Table(row["table_name"]),
                data=load(row["data"]),
                quote=row["quote"],
                start=row["span_start"],
                end=row["span_end"],
            ),
        )
        for row in rows
    ]
