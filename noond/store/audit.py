"""The audit_log table. Its rows are nobody's own: they tell of all users."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from noond.clock import from_ms
from noond.models.audit import COLUMNS, AuditEntry, AuditFilter
from noond.store.rows import Connection, Transaction, ms_or_none

_COLUMNS = ", ".join((*COLUMNS, "mac"))


def insert(tx: Transaction, row: Mapping[str, Any]) -> None:
    """Store a row: all of COLUMNS, and its `mac`."""
    tx.execute(
        f"INSERT INTO audit_log ({_COLUMNS}) VALUES ({', '.join('?' * (len(COLUMNS) + 1))})",
        [row[name] for name in (*COLUMNS, "mac")],
    )


def last_seq(connection: Connection) -> int:
    """The number of the newest row; 0 when there is none."""
    row = connection.execute("SELECT max(seq) FROM audit_log").fetchone()
    return int(row[0] or 0)


def list_page(
    connection: Connection, wanted: AuditFilter, *, limit: int, before: int | None = None
) -> list[AuditEntry]:
    """The entries that match, newest first, numbered below `before`."""
    tests = {
        "(actor_id = ? OR actor_name = ?)": wanted.actor,
        "action = ?": wanted.action,
        "resource = ?": wanted.resource,
        "resource_id = ?": wanted.resource_id,
        "status = ?": wanted.status,
        "ip = ?": wanted.ip,
        "request_id = ?": wanted.request_id,
        "at >= ?": ms_or_none(wanted.since),
        "at < ?": ms_or_none(wanted.until),
        "seq < ?": before,
    }
    asked = {test: value for test, value in tests.items() if value is not None}
    where = " AND ".join(asked) or "1"
    values = [value for test, value in asked.items() for _ in range(test.count("?"))]
    rows = connection.execute(
        f"SELECT * FROM audit_log WHERE {where} ORDER BY seq DESC LIMIT ?", (*values, limit)
    )
    return [
        AuditEntry(**{name: row[name] for name in COLUMNS} | {"at": from_ms(row["at"])})
        for row in rows
    ]


def chunk(connection: Connection, *, after: int, through: int, limit: int) -> list[dict[str, Any]]:
    """The rows numbered above `after`, to `through`, oldest first, just as they stand there."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM audit_log WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?",
        (after, through, limit),
    )
    return [dict(row) for row in rows]


def delete_through(tx: Transaction, seq: int) -> None:
    """Delete the rows up to this number."""
    tx.execute("DELETE FROM audit_log WHERE seq <= ?", (seq,))
