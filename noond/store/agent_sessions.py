"""The agent_sessions table. Sessions that have ended stay."""

from __future__ import annotations

from datetime import datetime

from noond.clock import from_ms, to_ms
from noond.errors import NotFound
from noond.models.agent_session import AgentSession, AgentType, SessionCounts
from noond.store.rows import Connection, Row, Transaction, time_or_none


def _session(row: Row) -> AgentSession:
    return AgentSession(
        id=row["id"],
        user_id=row["user_id"],
        agent_type=AgentType(row["agent_type"]),
        project=row["project"],
        repository=row["repository"],
        created_at=from_ms(row["created_at"]),
        last_activity=from_ms(row["last_activity"]),
        ended_at=time_or_none(row["ended_at"]),
    )


def insert(tx: Transaction, session: AgentSession) -> None:
    """Store a new session, which is active."""
    tx.execute(
        "INSERT INTO agent_sessions "
        "(id, user_id, agent_type, project, repository, created_at, last_activity) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            session.id,
            session.user_id,
            session.agent_type,
            session.project,
            session.repository,
            to_ms(session.created_at),
            to_ms(session.last_activity),
        ),
    )


def get(connection: Connection, user_id: str, session_id: str) -> AgentSession:
    """The session; raises NotFound."""
    row = connection.execute(
        "SELECT * FROM agent_sessions WHERE user_id = ? AND id = ?", (user_id, session_id)
    ).fetchone()
    if row is None:
        raise NotFound("there is no such session")
    return _session(row)


def find_active(connection: Connection, user_id: str, agent_type: AgentType) -> AgentSession | None:
    """The active session of this type that was used last."""
    row = connection.execute(
        "SELECT * FROM agent_sessions "
        "WHERE user_id = ? AND agent_type = ? AND ended_at IS NULL "
        "ORDER BY last_activity DESC LIMIT 1",
        (user_id, agent_type),
    ).fetchone()
    return None if row is None else _session(row)


def list_page(
    connection: Connection,
    user_id: str,
    *,
    agent_type: AgentType | None = None,
    is_active: bool | None = None,
    limit: int,
    before_id: str | None = None,
) -> list[AgentSession]:
    """The user's sessions that match, newest first; None stands for all."""
    rows = connection.execute(
        "SELECT * FROM agent_sessions WHERE user_id = ?1 AND (?2 IS NULL OR id < ?2) "
        "AND (?3 IS NULL OR agent_type = ?3) AND (?4 IS NULL OR (ended_at IS NULL) = ?4) "
        "ORDER BY id DESC LIMIT ?5",
        (user_id, before_id, agent_type, is_active, limit),
    )
    return [_session(row) for row in rows]


def update(
    tx: Transaction,
    user_id: str,
    session_id: str,
    *,
    project: str | None,
    repository: str | None,
    now: datetime,
) -> None:
    """Store what the session works on, and that it was used."""
    tx.execute(
        "UPDATE agent_sessions SET project = ?, repository = ?, last_activity = ? "
        "WHERE user_id = ? AND id = ?",
        (project, repository, to_ms(now), user_id, session_id),
    )


def touch(tx: Transaction, user_id: str, session_id: str, *, now: datetime) -> None:
    """The session was used."""
    tx.execute(
        "UPDATE agent_sessions SET last_activity = ? WHERE user_id = ? AND id = ?",
        (to_ms(now), user_id, session_id),
    )


def end(tx: Transaction, user_id: str, session_id: str, *, now: datetime) -> None:
    """The session is active no more."""
    tx.execute(
        "UPDATE agent_sessions SET ended_at = ? WHERE user_id = ? AND id = ? AND ended_at IS NULL",
        (to_ms(now), user_id, session_id),
    )


def list_idle_all_users(
    connection: Connection, *, since: datetime, limit: int
) -> list[AgentSession]:
    """Active sessions that were not used since then."""
    rows = connection.execute(
        "SELECT * FROM agent_sessions WHERE ended_at IS NULL AND last_activity < ? "
        "ORDER BY last_activity LIMIT ?",
        (to_ms(since), limit),
    )
    return [_session(row) for row in rows]


def count(connection: Connection, user_id: str) -> SessionCounts:
    """How the user's sessions stand."""
    total, last = connection.execute(
        "SELECT count(*), max(last_activity) FROM agent_sessions WHERE user_id = ?", (user_id,)
    ).fetchone()
    active = connection.execute(
        "SELECT agent_type, count(*) FROM agent_sessions "
        "WHERE user_id = ? AND ended_at IS NULL GROUP BY agent_type ORDER BY agent_type",
        (user_id,),
    ).fetchall()
    return SessionCounts(
        active=sum(row[1] for row in active),
        total=total,
        connected=tuple(AgentType(row[0]) for row in active),
        last_activity=time_or_none(last),
    )
