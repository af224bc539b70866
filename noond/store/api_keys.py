"""The api_keys table."""

from __future__ import annotations

from datetime import datetime

from noond.clock import from_ms, to_ms
from noond.models.account import APIKey, Scope
from noond.store.rows import Connection, Row, Transaction, ms_or_none, time_or_none


def _key(row: Row) -> APIKey:
    return APIKey(
        id=row["id"],
        user_id=row["user_id"],
        name=row["name"],
        scopes=frozenset(Scope(name) for name in row["scopes"].split()),
        created_at=from_ms(row["created_at"]),
        expires_at=from_ms(row["expires_at"]),
        last_used_at=time_or_none(row["last_used_at"]),
        revoked_at=time_or_none(row["revoked_at"]),
    )


def insert(tx: Transaction, key: APIKey, key_hash: bytes) -> None:
    """Store a new key by the SHA-256 of its secret."""
    tx.execute(
        "INSERT INTO api_keys (id, user_id, name, key_hash, scopes, created_at, expires_at, "
        "last_used_at, revoked_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            key.id,
            key.user_id,
            key.name,
            key_hash,
            " ".join(sorted(key.scopes)),
            to_ms(key.created_at),
            to_ms(key.expires_at),
            ms_or_none(key.last_used_at),
            ms_or_none(key.revoked_at),
        ),
    )


def find_by_hash_all_users(connection: Connection, key_hash: bytes) -> APIKey | None:
    """The key with this hash, whosever and in whatever state it is."""
    row = connection.execute("SELECT * FROM api_keys WHERE key_hash = ?", (key_hash,)).fetchone()
    return None if row is None else _key(row)


def note_use(tx: Transaction, user_id: str, key_id: str, *, at: datetime) -> None:
    """Note when the key was last used."""
    tx.execute(
        "UPDATE api_keys SET last_used_at = ? WHERE user_id = ? AND id = ?",
        (to_ms(at), user_id, key_id),
    )
