"""The activities table."""

from __future__ import annotations

from datetime import datetime

from noond.clock import from_ms, to_ms
from noond.models.activity import Activity, ActivityKind
from noond.models.agent_session import AgentType
from noond.store.rows import Connection, Row, Transaction, dump, load


def _activity(row: Row) -> Activity:
    agent_type = row["agent_type"]
    return Activity(
        id=row["id"],
        user_id=row["user_id"],
        kind=ActivityKind(row["activity_type"]),
        agent_type=None if agent_type is None else AgentType(agent_type),
        session_id=row["session_id"],
        description=row["description"],
        metadata=load(row["metadata"]),
        created_at=from_ms(row["created_at"]),
    )


def insert(tx: Transaction, activity: Activity) -> None:
    """Store a new activity."""
    tx.execute(
        "INSERT INTO activities (id, user_id, activity_type, agent_type, session_id, "
        "description, metadata, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            activity.id,
            activity.user_id,
            activity.kind,
            activity.agent_type,
            activity.session_id,
            activity.description,
            dump(dict(activity.metadata)),
            to_ms(activity.created_at),
        ),
    )


def list_page(
    connection: Connection,
    user_id: str,
    *,
    kind: ActivityKind | None = None,
    limit: int,
    before_id: str | None = None,
) -> list[Activity]:
    """The user's activities, of one kind or all, newest first."""
    # The conditions are written out: each combination has an index of its own.
    conditions = {"user_id = ?": user_id, "id < ?": before_id, "activity_type = ?": kind}
    given = {text: value for text, value in conditions.items() if value is not None}
    rows = connection.execute(
        f"SELECT * FROM activities WHERE {' AND '.join(given)} ORDER BY id DESC LIMIT ?",
        (*given.values(), limit),
    )
    return [_activity(row) for row in rows]


def purge_all_users(tx: Transaction, *, before: datetime, limit: int) -> int:
    """Delete some of the activities from before this time; returns how many."""
    return tx.execute(
        "DELETE FROM activities WHERE rowid IN "
        "(SELECT rowid FROM activities WHERE created_at < ? LIMIT ?)",
        (to_ms(before), limit),
    ).rowcount
