"""The findings table. Those without a user are of the whole daemon."""

from __future__ import annotations

from datetime import datetime

from noond.clock import from_ms, to_ms
from noond.errors import NotFound
from noond.models.account import Role
from noond.models.finding import Finding, FindingFilter, FindingKind
from noond.store.rows import Connection, Row, Transaction, ms_or_none, time_or_none

_VISIBLE = "(user_id = :user OR (:daemon_wide AND user_id IS NULL))"


def _finding(row: Row) -> Finding:
    return Finding(
        id=row["id"],
        user_id=row["user_id"],
        kind=FindingKind(row["kind"]),
        subject=row["subject"],
        title=row["title"],
        detail=row["detail"],
        count=row["count"],
        opened_at=from_ms(row["opened_at"]),
        updated_at=from_ms(row["updated_at"]),
        closed_at=time_or_none(row["closed_at"]),
        expires_at=time_or_none(row["expires_at"]),
        announced_at=from_ms(row["announced_at"]),
        changes=row["changes"],
        told_open=bool(row["told_open"]),
    )


def insert(tx: Transaction, finding: Finding) -> None:
    """Store a new finding. Raises StorageRefused when its user is gone."""
    tx.execute(
        "INSERT INTO findings (id, user_id, kind, subject, title, detail, count, opened_at,"
        " updated_at, closed_at, expires_at, announced_at, changes, told_open)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            finding.id, finding.user_id, finding.kind, finding.subject, finding.title,
            finding.detail, finding.count, to_ms(finding.opened_at), to_ms(finding.updated_at),
            ms_or_none(finding.closed_at), ms_or_none(finding.expires_at),
            to_ms(finding.announced_at), finding.changes, finding.told_open,
        ),
    )  # fmt: skip


def update(tx: Transaction, finding: Finding) -> None:
    """Store the finding as it is now; nothing happens when it went with its user."""
    tx.execute(
        "UPDATE findings SET title = ?, detail = ?, count = ?, updated_at = ?, closed_at = ?,"
        " expires_at = ?, announced_at = ?, changes = ?, told_open = ?"
        " WHERE user_id IS ? AND id = ?",
        (
            finding.title, finding.detail, finding.count, to_ms(finding.updated_at),
            ms_or_none(finding.closed_at), ms_or_none(finding.expires_at),
            to_ms(finding.announced_at), finding.changes, finding.told_open, finding.user_id,
            finding.id,
        ),
    )  # fmt: skip


def list_open_all_users(connection: Connection) -> list[Finding]:
    """Everything that is wrong now."""
    rows = connection.execute("SELECT * FROM findings WHERE closed_at IS NULL ORDER BY id")
    return [_finding(row) for row in rows]


def find_last_closed(
    connection: Connection, user_id: str | None, kind: FindingKind, subject: str
) -> Finding | None:
    """The user's (None: the daemon's) finding of this kind and subject that was closed last."""
    row = connection.execute(
        "SELECT * FROM findings WHERE kind = ? AND subject = ? AND user_id IS ?"
        " AND closed_at IS NOT NULL ORDER BY closed_at DESC LIMIT 1",
        (kind, subject, user_id),
    ).fetchone()
    return None if row is None else _finding(row)


def list_page(
    connection: Connection,
    user_id: str,
    wanted: FindingFilter,
    *,
    limit: int,
    before_id: str | None = None,
) -> list[Finding]:
    """What the user may see, newest first, ids below `before_id`."""
    rows = connection.execute(
        f"SELECT * FROM findings WHERE {_VISIBLE} AND (:before IS NULL OR id < :before)"
        " AND (:kind IS NULL OR kind = :kind)"
        " AND (:state = 'all' OR (:state = 'open') = (closed_at IS NULL))"
        " ORDER BY id DESC LIMIT :limit",
        {
            "user": user_id,
            "daemon_wide": wanted.daemon_wide,
            "before": before_id,
            "kind": wanted.kind,
            "state": wanted.state,
            "limit": limit,
        },
    )
    return [_finding(row) for row in rows]


def get(connection: Connection, user_id: str, finding_id: str, *, daemon_wide: bool) -> Finding:
    """The finding, if the user may see it; raises NotFound."""
    row = connection.execute(
        f"SELECT * FROM findings WHERE id = :id AND {_VISIBLE}",
        {"id": finding_id, "user": user_id, "daemon_wide": daemon_wide},
    ).fetchone()
    if row is None:
        raise NotFound("there is no such finding")
    return _finding(row)


def administrators_all_users(connection: Connection) -> dict[str, Role]:
    """Who is told of what concerns the whole daemon, and their role."""
    rows = connection.execute(
        "SELECT id, role FROM users WHERE role IN (?, ?) AND removed_at IS NULL ORDER BY id",
        (Role.ADMIN, Role.OWNER),
    )
    return {row["id"]: Role(row["role"]) for row in rows}


def purge_all_users(tx: Transaction, *, closed_before: datetime, limit: int) -> int:
    """Delete some of the findings that were closed before this time; returns how many."""
    return tx.execute(
        "DELETE FROM findings WHERE id IN (SELECT id FROM findings WHERE closed_at < ? LIMIT ?)",
        (to_ms(closed_before), limit),
    ).rowcount
