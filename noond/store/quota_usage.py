"""The quota_usage table: days are local dates (YYYY-MM-DD) of their user's zone."""

from __future__ import annotations

from datetime import date

from noond.store.rows import Connection, Transaction


def used(connection: Connection, user_id: str, quota: str, day: date) -> int:
    """How often it was used on that day."""
    row = connection.execute(
        "SELECT used FROM quota_usage WHERE user_id = ? AND quota = ? AND day = ?",
        (user_id, quota, day.isoformat()),
    ).fetchone()
    return 0 if row is None else int(row[0])


def add(tx: Transaction, user_id: str, quota: str, day: date) -> None:
    """It was used once more."""
    tx.execute(
        "INSERT INTO quota_usage (user_id, quota, day, used) VALUES (?, ?, ?, 1) "
        "ON CONFLICT (user_id, quota, day) DO UPDATE SET used = used + 1",
        (user_id, quota, day.isoformat()),
    )


def purge_all_users(tx: Transaction, *, before: date, limit: int) -> int:
    """Delete some of the counts of the days before; returns how many."""
    return tx.execute(
        "DELETE FROM quota_usage WHERE (user_id, quota, day) IN "
        "(SELECT user_id, quota, day FROM quota_usage WHERE day < ? LIMIT ?)",
        (before.isoformat(), limit),
    ).rowcount
