"""Rows of an audit log, and what is done to them from outside."""

from __future__ import annotations

from functools import partial

from noond.accounts.audit import AuditLog
from noond.models.audit import Action, Actor, AuditEntry, AuditEvent, AuditFilter
from noond.store.database import Database
from noond.store.rows import Transaction

ROWS = 6
EVENT = AuditEvent(
    actor=Actor(kind="api_key", id="ana", name="Ana", credential_id="k1"),
    action=Action.CREATE,
    resource="agent",
    resource_id="a1",
    ip="127.0.0.1",
    user_agent="curl/8",
    request_id="r1",
    method="POST",
    path="/api/v1/agents",
    body={"name": "notes"},
    status=201,
    error="none",
    changes={"name": {"before": None, "after": "notes"}},
)


async def write(audit: AuditLog, rows: int = ROWS) -> None:
    """Write so many rows."""
    for _ in range(rows):
        await audit.record(EVENT)


async def sql(database: Database, *statements: str) -> None:
    """Change the database behind the daemon's back."""
    for statement in statements:
        await database.write(partial(_execute, statement=statement))


async def entries(audit: AuditLog) -> list[AuditEntry]:
    """All entries, oldest first."""
    return (await audit.list(AuditFilter(), limit=1000))[::-1]


async def problems(audit: AuditLog) -> tuple[str, ...]:
    """What the log's verification names."""
    return (await audit.verify()).problems


def _execute(tx: Transaction, statement: str) -> None:
    tx.execute(statement)
