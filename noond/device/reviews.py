"""The person's side of the store: records with their sources, and decisions on suggestions."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import aiosqlite

from noond.clock import from_ms, to_ms
from noond.device.calls import check_references, remove_record
from noond.device.errors import RecordRefused
from noond.device.store import DeviceStore
from noond.device.tables import FIELDS, check_edit
from noond.errors import NotFound
from noond.hub.frames import Decision
from noond.models.document import Table

Verdict = Literal["approved", "rejected", "edited"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRecord:
    """A record on the device.

    `data` holds the fields of its table that are set. `call_id` and what follows say where a
    suggestion comes from; they are None for the person's own. Texts are untrusted: print them
    through `log.inert`.
    """

    id: str
    table: Table
    data: dict[str, Any]
    created_at: datetime
    suggested: bool
    approved: bool
    call_id: str | None
    agent_id: str | None
    run_id: str | None
    path: str | None
    quote: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingDecision:
    """A decision that the daemon did not acknowledge; `number` tells later decisions apart."""

    decision: Decision
    number: int


async def list_suggestions(store: DeviceStore, *, limit: int = 1000) -> list[StoredRecord]:
    """The suggestions that wait for a decision, oldest first."""
    return await _list(store, "WHERE isAiSuggested = 1 AND isApproved = 0", limit, tuple(Table))


async def list_records(
    store: DeviceStore, *, table: Table | None = None, limit: int = 1000
) -> list[StoredRecord]:
    """All records, or those of one table, oldest first."""
    return await _list(store, "", limit, tuple(Table) if table is None else (table,))


async def _list(
    store: DeviceStore, where: str, limit: int, tables: Sequence[Table]
) -> list[StoredRecord]:
    found: list[StoredRecord] = []
    for table in tables:
        rows = await store.read(
            "SELECT r.*, c.id AS call_id, c.agent_id, c.run_id, c.path, c.quote"  # noqa: S608
            f" FROM (SELECT * FROM {table} {where} ORDER BY createdAt, id LIMIT ?) AS r"
            " LEFT JOIN applied_calls AS c ON c.record_id = r.id AND c.action = 'insert'",
            (limit,),
        )
        found += [_record(table, row) for row in rows]
    found.sort(key=lambda record: (record.created_at, record.id))
    return found[:limit]


def _record(table: Table, row: sqlite3.Row) -> StoredRecord:
    return StoredRecord(
        id=row["id"], table=table, data=_fields(table, row),
        created_at=from_ms(row["createdAt"]), suggested=bool(row["isAiSuggested"]),
        approved=bool(row["isApproved"]), call_id=row["call_id"], agent_id=row["agent_id"],
        run_id=row["run_id"], path=row["path"], quote=row["quote"],
    )  # fmt: skip


def _fields(table: Table, row: sqlite3.Row) -> dict[str, Any]:
    return {name: row[name] for name in FIELDS[table] if row[name] is not None}


async def decide(
    store: DeviceStore,
    record_id: str,
    decision: Verdict,
    data: Mapping[str, Any] | None = None,
) -> None:
    """Keep what the person decided on a suggestion; the device tells the daemon.

    `approved` marks the record, `edited` changes the fields in `data` and marks it, `rejected`
    removes it. Deciding again is allowed while the record exists. Raises NotFound, and
    RecordRefused for data that does not fit or a record that others refer to.
    """
    if (decision == "edited") != (data is not None):
        raise RecordRefused("an edit, and only an edit, comes with data")

    async def work(tx: aiosqlite.Connection) -> None:
        calls = list(
            await tx.execute_fetchall(
                "SELECT id, table_name, decision FROM applied_calls"
                " WHERE record_id = ? AND action = 'insert'",
                (record_id,),
            )
        )
        if not calls or calls[0]["decision"] == "rejected":
            raise NotFound(f"there is no suggestion {record_id} on this device")
        if decision == "approved" and calls[0]["decision"] is not None:
            return  # an edit stands for an approval
        table = Table(calls[0]["table_name"])
        now_ms = to_ms(store.clock.now())
        decided = await _carry_out(tx, table, record_id, decision, data or {}, now_ms)
        await tx.execute(
            "UPDATE applied_calls SET decision = ?, decided_data = ?, decided_at = ?,"
            " decision_number = decision_number + 1 WHERE id = ?",
            (decision, decided, now_ms, calls[0]["id"]),
        )

    await store.write(work)


async def _carry_out(
    tx: aiosqlite.Connection,
    table: Table,
    record_id: str,
    decision: Verdict,
    changes: Mapping[str, Any],
    now_ms: int,
) -> str | None:
    """Change the record; returns the fields after an edit as JSON."""
    if decision == "rejected":
        await remove_record(tx, table, record_id)
        return None
    values: dict[str, Any] = {"isApproved": 1, "updatedAt": now_ms}
    if decision == "edited":
        edited = check_edit(table, changes)
        await check_references(tx, table, edited)
        values |= edited
    assignments = ", ".join(f"{name} = ?" for name in values)  # names of FIELDS, checked above
    cursor = await tx.execute(
        f"UPDATE {table} SET {assignments} WHERE id = ?",  # noqa: S608
        (*values.values(), record_id),
    )
    if cursor.rowcount == 0:
        raise NotFound(f"the suggestion {record_id} was withdrawn")
    if decision == "approved":
        return None
    after = list(
        await tx.execute_fetchall(f"SELECT * FROM {table} WHERE id = ?", (record_id,))  # noqa: S608
    )
    return json.dumps(_fields(table, after[0]), ensure_ascii=False)


async def pending_decisions(store: DeviceStore, *, limit: int = 1000) -> list[PendingDecision]:
    """The decisions that the daemon did not acknowledge, oldest first."""
    rows = await store.read(
        "SELECT id, decision, decided_data, decision_number FROM applied_calls"
        " WHERE decision_number > acknowledged_number ORDER BY decided_at, id LIMIT ?",
        (limit,),
    )
    return [
        PendingDecision(
            decision=Decision(
                id=row["id"],
                decision=row["decision"],
                data=None if row["decided_data"] is None else json.loads(row["decided_data"]),
            ),
            number=row["decision_number"],
        )
        for row in rows
    ]


async def acknowledge(store: DeviceStore, numbers: Mapping[str, int]) -> None:
    """Mark the decisions as stored by the daemon: call id to the number that was sent."""

    async def work(tx: aiosqlite.Connection) -> None:
        await tx.executemany(
            "UPDATE applied_calls SET acknowledged_number = max(acknowledged_number, ?)"
            " WHERE id = ?",
            [(number, call_id) for call_id, number in numbers.items()],
        )

    await store.write(work)
