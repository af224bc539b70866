"""The pairing_codes table.

A stored hash is 48 bytes: 16 that recognise the first half of a code, 32 the whole. So a guess
whose first half is right counts as a try on that code.
"""

from __future__ import annotations

from datetime import datetime

from noond.clock import from_ms, to_ms
from noond.models.account import PairingCode
from noond.store.rows import Connection, Row, Transaction, time_or_none


def _code(row: Row) -> PairingCode:
    return PairingCode(
        id=row["id"],
        user_id=row["user_id"],
        device_id=row["device_id"],
        expires_at=from_ms(row["expires_at"]),
        tries_left=row["tries_left"],
        used_at=time_or_none(row["used_at"]),
    )


def insert(tx: Transaction, code: PairingCode, code_hash: bytes, *, now: datetime) -> None:
    """Store a new code by its hash."""
    tx.execute(
        "INSERT INTO pairing_codes (id, user_id, device_id, code_hash, tries_left, created_at, "
        "expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            code.id,
            code.user_id,
            code.device_id,
            code_hash,
            code.tries_left,
            to_ms(now),
            to_ms(code.expires_at),
        ),
    )


def half_is_taken_all_users(connection: Connection, half_hash: bytes) -> bool:
    """Whether some code, in whatever state, has this first half."""
    row = connection.execute(
        "SELECT 1 FROM pairing_codes WHERE code_hash BETWEEN ? AND ?",
        (half_hash, half_hash + b"\xff" * 33),
    ).fetchone()
    return row is not None


def find_by_hash_all_users(connection: Connection, code_hash: bytes) -> PairingCode | None:
    """The code with this hash, in whatever state it is."""
    row = connection.execute(
        "SELECT * FROM pairing_codes WHERE code_hash = ?", (code_hash,)
    ).fetchone()
    return None if row is None else _code(row)


def count_try(tx: Transaction, user_id: str, code_id: str) -> None:
    """Take a try from the code."""
    tx.execute(
        "UPDATE pairing_codes SET tries_left = tries_left - 1 "
        "WHERE user_id = ? AND id = ? AND tries_left > 0",
        (user_id, code_id),
    )


def count_near_miss_all_users(tx: Transaction, half_hash: bytes) -> None:
    """Take a try from the code whose first half was guessed."""
    tx.execute(
        "UPDATE pairing_codes SET tries_left = tries_left - 1 "
        "WHERE code_hash BETWEEN ? AND ? AND tries_left > 0",
        (half_hash, half_hash + b"\xff" * 33),
    )


def mark_used(tx: Transaction, user_id: str, code_id: str, *, now: datetime) -> None:
    """The code has paired its device."""
    tx.execute(
        "UPDATE pairing_codes SET used_at = ? WHERE user_id = ? AND id = ?",
        (to_ms(now), user_id, code_id),
    )


def purge_all_users(tx: Transaction, *, expired_before: datetime, limit: int) -> int:
    """Delete some of the codes that are long over; returns how many."""
    cursor = tx.execute(
        "DELETE FROM pairing_codes WHERE id IN "
        "(SELECT id FROM pairing_codes WHERE expires_at < ? LIMIT ?)",
        (to_ms(expired_before), limit),
    )
    return cursor.rowcount
