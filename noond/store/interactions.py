"""The interactions table."""

from __future__ import annotations

from datetime import datetime

from noond.clock import from_ms, to_ms
from noond.models.agent_session import AgentType
from noond.models.interaction import Interaction
from noond.store.rows import Connection, Row, Transaction, dump, load


def _interaction(row: Row) -> Interaction:
    return Interaction(
        id=row["id"],
        user_id=row["user_id"],
        session_id=row["session_id"],
        agent_type=AgentType(row["agent_type"]),
        message=row["message"],
        response=row["response"],
        success=bool(row["success"]),
        metadata=load(row["metadata"]),
        created_at=from_ms(row["created_at"]),
    )


def insert(tx: Transaction, interaction: Interaction) -> None:
    """Store a new interaction."""
    tx.execute(
        "INSERT INTO interactions (id, user_id, session_id, agent_type, message, response, "
        "success, metadata, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            interaction.id,
            interaction.user_id,
            interaction.session_id,
            interaction.agent_type,
            interaction.message,
            interaction.response,
            interaction.success,
            dump(dict(interaction.metadata)),
            to_ms(interaction.created_at),
        ),
    )


def list_page(
    connection: Connection,
    user_id: str,
    *,
    agent_type: AgentType | None = None,
    session_id: str | None = None,
    limit: int,
    before_id: str | None = None,
) -> list[Interaction]:
    """The user's interactions that match, newest first; None stands for all."""
    # The conditions are written out: each combination has an index of its own.
    conditions = {
        "user_id = ?": user_id,
        "id < ?": before_id,
        "agent_type = ?": agent_type,
        "session_id = ?": session_id,
    }
    given = {text: value for text, value in conditions.items() if value is not None}
    rows = connection.execute(
        f"SELECT * FROM interactions WHERE {' AND '.join(given)} ORDER BY id DESC LIMIT ?",
        (*given.values(), limit),
    )
    return [_interaction(row) for row in rows]


def purge_all_users(tx: Transaction, *, before: datetime, limit: int) -> int:
    """Delete some of the interactions from before this time; returns how many."""
    return tx.execute(
        "DELETE FROM interactions WHERE rowid IN "
        "(SELECT rowid FROM interactions WHERE created_at < ? LIMIT ?)",
        (to_ms(before), limit),
    ).rowcount
