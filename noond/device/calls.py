"""Calls of the daemon, applied to the store: each id once, in the transaction of its change."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import aiosqlite

from noond.clock import new_id, to_ms
from noond.device.errors import RecordRefused
from noond.device.store import DeviceStore
from noond.device.tables import FIELDS, check_insert
from noond.errors import StorageError
from noond.hub.frames import ToolCall, ToolResult
from noond.models.document import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """A call with its answer; `repeated` when the id had been applied before."""

    call: ToolCall
    answer: ToolResult
    repeated: bool = False

    @property
    def fresh(self) -> bool:
        """Whether the call took effect just now."""
        return not self.repeated and self.answer.error is None


async def apply_calls(store: DeviceStore, calls: Sequence[ToolCall]) -> list[Applied]:
    """Apply the calls in order in one transaction, and return their answers in that order.

    A call that is refused changes nothing, is not remembered (so it can be sent again), and costs
    the others nothing. When the store itself fails, all of them are answered with that error.
    """

    async def work(tx: aiosqlite.Connection) -> list[Applied]:
        now_ms = to_ms(store.clock.now())
        return [await _apply_one(tx, call, now_ms) for call in calls]

    try:
        return await store.write(work)
    except StorageError as error:
        text = f"{error.code}: {error.message}"
        return [Applied(call=call, answer=ToolResult(id=call.id, error=text)) for call in calls]


async def _apply_one(tx: aiosqlite.Connection, call: ToolCall, now_ms: int) -> Applied:
    first = await _first_row(tx, "SELECT result FROM applied_calls WHERE id = ?", (call.id,))
    if first is not None:
        result = json.loads(first["result"])
        return Applied(call=call, answer=ToolResult(id=call.id, result=result), repeated=True)
    await tx.execute("SAVEPOINT one")
    try:
        result = await _change(tx, call, now_ms)
    except (RecordRefused, sqlite3.IntegrityError) as error:
        await tx.execute("ROLLBACK TO one")
        answer = ToolResult(id=call.id, error=str(error))
    else:
        answer = ToolResult(id=call.id, result=result)
    await tx.execute("RELEASE one")
    return Applied(call=call, answer=answer)


async def _change(tx: aiosqlite.Connection, call: ToolCall, now_ms: int) -> dict[str, Any]:
    record_id: str | None = None
    match call.action:
        case "insert":
            record_id = await _insert(tx, call, now_ms)
        case "delete":
            record_id = await _delete(tx, call)
        case "notify":
            if call.title is None and call.body is None:
                raise RecordRefused("a notice needs a title or a body")
    result = {} if record_id is None else {"id": record_id}
    source = call.source
    await tx.execute(
        "INSERT INTO applied_calls (id, action, result, table_name, record_id,"
        " agent_id, run_id, path, quote, sha256, applied_at) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
        (
            call.id, call.action, json.dumps(result), call.table, record_id,
            source and source.agent_id, source and source.run_id, source and source.path,
            source and source.quote, source and source.sha256, now_ms,
        ),
    )  # fmt: skip
    return result


async def _insert(tx: aiosqlite.Connection, call: ToolCall, now_ms: int) -> str:
    if call.table is None or call.data is None:
        raise RecordRefused("an insert needs a table and data")
    values = check_insert(call.table, call.data)
    await check_references(tx, call.table, values)
    record_id = new_id()
    row = {
        "id": record_id, **values, "isAiSuggested": 1, "isApproved": 0,
        "createdAt": now_ms, "updatedAt": now_ms,
    }  # fmt: skip
    # The names come from FIELDS, never from the call.
    columns, marks = ", ".join(row), ", ".join("?" * len(row))
    await tx.execute(
        f"INSERT INTO {call.table} ({columns}) VALUES ({marks})",  # noqa: S608
        tuple(row.values()),
    )
    return record_id


async def _delete(tx: aiosqlite.Connection, call: ToolCall) -> str:
    if call.table is None or call.record_id is None:
        raise RecordRefused("a delete needs a table and a record_id")
    key = (call.record_id,)
    row = await _first_row(
        tx,
        "SELECT isAiSuggested, isApproved, createdAt, updatedAt"  # noqa: S608 - the table is checked
        f" FROM {call.table} WHERE id = ?",
        key,
    )
    if row is None:
        known = await _first_row(tx, "SELECT 1 FROM applied_calls WHERE record_id = ?", key)
        if known is None:
            raise RecordRefused(f"{call.table} has no record {call.record_id}")
        return call.record_id  # gone already: the person rejected it
    if not row["isAiSuggested"]:
        raise RecordRefused("the record is the person's own; it stays")
    if row["isApproved"] or row["updatedAt"] != row["createdAt"]:
        raise RecordRefused("the person approved or edited the record; it stays")
    await remove_record(tx, call.table, call.record_id)
    return call.record_id


async def remove_record(tx: aiosqlite.Connection, table: Table, record_id: str) -> None:
    """Delete a record; raises RecordRefused when other records refer to it."""
    try:
        await tx.execute(f"DELETE FROM {table} WHERE id = ?", (record_id,))  # noqa: S608
    except sqlite3.IntegrityError:
        raise RecordRefused("other records refer to this one; remove those first") from None


async def check_references(tx: aiosqlite.Connection, table: Table, values: dict[str, Any]) -> None:
    """Check that what the values refer to exists; raises RecordRefused that names it."""
    for name, field in FIELDS[table].items():
        if field.refers_to is None or values.get(name) is None:
            continue
        found = await _first_row(
            tx, f"SELECT 1 FROM {field.refers_to} WHERE id = ?", (values[name],)  # noqa: S608
        )  # fmt: skip
        if found is None:
            raise RecordRefused(f"{table}.{name}: {field.refers_to} has no record {values[name]!r}")


async def _first_row(
    tx: aiosqlite.Connection, sql: str, parameters: Sequence[object]
) -> sqlite3.Row | None:
    rows = list(await tx.execute_fetchall(sql, parameters))
    return rows[0] if rows else None
