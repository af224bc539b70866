"""The request_logs table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime

from noond.clock import from_ms, to_ms
from noond.models.request_log import AgentAction, LoggedRequest, RequestFilter
from noond.store.rows import Connection, Row, Transaction, ms_or_none

_COLUMNS = tuple(field.name for field in fields(LoggedRequest))


def _request(row: Row) -> LoggedRequest:
    values = {name: row[name] for name in _COLUMNS}
    values["agent_action"] = AgentAction(row["agent_action"])
    values["agent_success"] = bool(row["agent_success"])
    values["created_at"] = from_ms(row["created_at"])
    return LoggedRequest(**values)


def insert_many_all_users(tx: Transaction, requests: Sequence[LoggedRequest]) -> None:
    """Store requests of several users; those of users who are gone are left out."""
    tx.executemany(
        f"INSERT INTO request_logs ({', '.join(_COLUMNS)}) "
        f"SELECT {', '.join('?' * len(_COLUMNS))} WHERE EXISTS (SELECT 1 FROM users WHERE id = ?)",
        [
            (
                *(
                    to_ms(request.created_at) if name == "created_at" else getattr(request, name)
                    for name in _COLUMNS
                ),
                request.user_id,
            )
            for request in requests
        ],
    )


def list_page(
    connection: Connection,
    user_id: str,
    wanted: RequestFilter,
    *,
    limit: int,
    before_id: str | None = None,
) -> list[LoggedRequest]:
    """The user's requests that match, newest first."""
    rows = connection.execute(
        "SELECT * FROM request_logs WHERE user_id = ?1 AND (?2 IS NULL OR id < ?2) "
        "AND (?3 IS NULL OR agent_action = ?3) AND (?4 IS NULL OR response_status = ?4) "
        "AND (?5 IS NULL OR created_at >= ?5) AND (?6 IS NULL OR created_at < ?6) "
        "ORDER BY id DESC LIMIT ?7",
        (
            user_id,
            before_id,
            wanted.agent_action,
            wanted.status,
            ms_or_none(wanted.since),
            ms_or_none(wanted.until),
            limit,
        ),
    )
    return [_request(row) for row in rows]


def purge_all_users(tx: Transaction, *, before: datetime, limit: int) -> int:
    """Delete some of the requests made before this time; returns how many."""
    return tx.execute(
        "DELETE FROM request_logs WHERE rowid IN "
        "(SELECT rowid FROM request_logs WHERE created_at < ? LIMIT ?)",
        (to_ms(before), limit),
    ).rowcount
