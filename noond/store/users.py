"""The users table."""

from __future__ import annotations

from noond.clock import from_ms, to_ms
from noond.errors import NotFound
from noond.models.account import User
from noond.store.rows import Connection, Transaction


def insert(tx: Transaction, user: User) -> None:
    """Store a new user."""
    tx.execute(
        "INSERT INTO users (id, name, timezone, created_at) VALUES (?, ?, ?, ?)",
        (user.id, user.name, user.timezone, to_ms(user.created_at)),
    )


def get(connection: Connection, user_id: str) -> User:
    """The user; raises NotFound."""
    row = connection.execute("SELECT * FROM users WHERE id = ?", (user_id,)).fetchone()
    if row is None:
        raise NotFound("there is no such user")
    return User(
        id=row["id"],
        name=row["name"],
        timezone=row["timezone"],
        created_at=from_ms(row["created_at"]),
    )
