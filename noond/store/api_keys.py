"""The api_keys table."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from noond.clock import from_ms, to_ms
from noond.models.account import APIKey, User
from noond.store import users
from noond.store.rows import Connection, Row, Transaction, ms_or_none, time_or_none


class FoundKey(NamedTuple):
    """A key by one of its secrets, and whose it is."""

    key: APIKey
    user: User
    ends_previous: bool
    """Whether this is the first use of a new secret, which ends the one before."""


def _key(row: Row) -> APIKey:
    return APIKey(
        id=row["id"],
        user_id=row["user_id"],
        name=row["name"],
        prefix=row["prefix"],
        scopes=frozenset(row["scopes"].split()),
        created_at=from_ms(row["created_at"]),
        expires_at=from_ms(row["expires_at"]),
        last_used_at=time_or_none(row["last_used_at"]),
        revoked_at=time_or_none(row["revoked_at"]),
    )


def insert(tx: Transaction, key: APIKey, key_hash: bytes) -> None:
    """Store a new key by the SHA-256 of its secret."""
    tx.execute(
        "INSERT INTO api_keys (id, user_id, name, prefix, key_hash, scopes, created_at, "
        "expires_at, last_used_at, revoked_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            key.id,
            key.user_id,
            key.name,
            key.prefix,
            key_hash,
            " ".join(sorted(key.scopes)),
            to_ms(key.created_at),
            to_ms(key.expires_at),
            ms_or_none(key.last_used_at),
            ms_or_none(key.revoked_at),
        ),
    )


def find_by_hash_all_users(connection: Connection, key_hash: bytes) -> FoundKey | None:
    """The key with this hash, or this hash before its rotation, in whatever state it is."""
    row = connection.execute(
        "SELECT *, previous_hash IS NOT NULL AND key_hash = ?1 AS ends_previous FROM api_keys "
        "WHERE key_hash = ?1 OR previous_hash = ?1",
        (key_hash,),
    ).fetchone()
    if row is None:
        return None
    user = users.find(connection, row["user_id"])
    return None if user is None else FoundKey(_key(row), user, bool(row["ends_previous"]))


def find(connection: Connection, user_id: str, key_id: str) -> APIKey | None:
    """The user's key that was not revoked."""
    row = connection.execute(
        "SELECT * FROM api_keys WHERE user_id = ? AND id = ? AND revoked_at IS NULL",
        (user_id, key_id),
    ).fetchone()
    return None if row is None else _key(row)


def list_page(
    connection: Connection, user_id: str, *, limit: int, before_id: str | None = None
) -> list[APIKey]:
    """The user's keys that were not revoked, newest first; expired ones too."""
    rows = connection.execute(
        "SELECT * FROM api_keys WHERE user_id = ?1 AND revoked_at IS NULL "
        "AND (?2 IS NULL OR id < ?2) ORDER BY id DESC LIMIT ?3",
        (user_id, before_id, limit),
    )
    return [_key(row) for row in rows]


def rotate(
    tx: Transaction,
    user_id: str,
    key_id: str,
    *,
    key_hash: bytes,
    prefix: str,
    expires_at: datetime,
) -> None:
    """Give the key a new secret and a new term; the secret that it has works until then.

    A secret that was never used is replaced at once: the one before it stays the previous one.
    """
    tx.execute(
        "UPDATE api_keys SET previous_hash = coalesce(previous_hash, key_hash), key_hash = ?, "
        "prefix = ?, expires_at = ? WHERE user_id = ? AND id = ?",
        (key_hash, prefix, to_ms(expires_at), user_id, key_id),
    )


def end_previous(tx: Transaction, user_id: str, key_id: str, *, key_hash: bytes) -> None:
    """The new secret was used: the one before it works no more."""
    tx.execute(
        "UPDATE api_keys SET previous_hash = NULL WHERE user_id = ? AND id = ? AND key_hash = ?",
        (user_id, key_id, key_hash),
    )


def revoke(tx: Transaction, user_id: str, key_id: str, *, at: datetime) -> bool:
    """End the key for good; False when there is none."""
    return (
        tx.execute(
            "UPDATE api_keys SET revoked_at = ?, previous_hash = NULL "
            "WHERE user_id = ? AND id = ? AND revoked_at IS NULL",
            (to_ms(at), user_id, key_id),
        ).rowcount
        > 0
    )


def note_use(tx: Transaction, user_id: str, key_id: str, *, at: datetime) -> None:
    """Note when the key was last used."""
    tx.execute(
        "UPDATE api_keys SET last_used_at = ? WHERE user_id = ? AND id = ?",
        (to_ms(at), user_id, key_id),
    )
