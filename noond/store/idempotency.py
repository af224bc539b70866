"""The idempotency_keys table: what was answered to requests that may come again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from noond.clock import to_ms
from noond.store.rows import Connection, Transaction

KEPT: Final = timedelta(hours=24)
"""How long a reply counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredReply:
    """The reply to the first request; `reply` is None when it held a secret."""

    body_hash: bytes
    status: int
    reply: str | None
    object_id: str | None


def find(
    connection: Connection, user_id: str, route: str, key: str, *, since: datetime
) -> StoredReply | None:
    """What was answered to this key on this route since then."""
    row = connection.execute(
        "SELECT * FROM idempotency_keys "
        "WHERE user_id = ? AND route = ? AND key = ? AND created_at > ?",
        (user_id, route, key, to_ms(since)),
    ).fetchone()
    if row is None:
        return None
    return StoredReply(
        body_hash=row["body_hash"],
        status=row["status"],
        reply=row["reply"],
        object_id=row["object_id"],
    )


def put(
    tx: Transaction, user_id: str, route: str, key: str, reply: StoredReply, *, now: datetime
) -> None:
    """Store a reply, in place of one that is too old to count."""
    tx.execute(
        "INSERT OR REPLACE INTO idempotency_keys "
        "(user_id, route, key, body_hash, status, reply, object_id, created_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            user_id,
            route,
            key,
            reply.body_hash,
            reply.status,
            reply.reply,
            reply.object_id,
            to_ms(now),
        ),
    )


def purge_all_users(tx: Transaction, *, before: datetime, limit: int) -> int:
    """Delete some of the replies that are too old to count; returns how many."""
    cursor = tx.execute(
        "DELETE FROM idempotency_keys WHERE (user_id, route, key) IN "
        "(SELECT user_id, route, key FROM idempotency_keys WHERE created_at < ? LIMIT ?)",
        (to_ms(before), limit),
    )
    return cursor.rowcount
