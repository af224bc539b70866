"""The users table. Removed users are not there for anybody but those who clear up after them."""

from __future__ import annotations

from datetime import datetime

from noond.clock import from_ms, to_ms
from noond.errors import NotFound
from noond.models.account import Role, User
from noond.store.rows import Connection, Row, Transaction


def login_of(name: str) -> str:
    """The name as it is compared: outer blanks and upper case make no other person."""
    return name.strip().casefold()


def from_row(row: Row) -> User:
    """The user of a row that holds this table's columns."""
    return User(
        id=row["id"],
        name=row["name"],
        timezone=row["timezone"],
        created_at=from_ms(row["created_at"]),
        role=Role(row["role"]),
        has_password=row["password_hash"] is not None,
    )


def insert(tx: Transaction, user: User, *, password_hash: str | None = None) -> None:
    """Store a new user, whose name nobody else may have."""
    tx.execute(
        "INSERT INTO users (id, name, timezone, created_at, role, login, password_hash) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            user.id,
            user.name,
            user.timezone,
            to_ms(user.created_at),
            user.role,
            login_of(user.name),
            password_hash,
        ),
    )


def find(connection: Connection, user_id: str) -> User | None:
    """The user, unless there is none or they were removed."""
    row = connection.execute(
        "SELECT * FROM users WHERE id = ? AND removed_at IS NULL", (user_id,)
    ).fetchone()
    return None if row is None else from_row(row)


def get(connection: Connection, user_id: str) -> User:
    """The user; raises NotFound."""
    user = find(connection, user_id)
    if user is None:
        raise NotFound("there is no such user")
    return user


def find_by_name_all_users(connection: Connection, name: str) -> tuple[User, str | None] | None:
    """The user of this name, and the hash of their password."""
    row = connection.execute(
        "SELECT * FROM users WHERE login = ? AND removed_at IS NULL", (login_of(name),)
    ).fetchone()
    return None if row is None else (from_row(row), row["password_hash"])


def list_page_all_users(
    connection: Connection, *, limit: int, before_id: str | None = None
) -> list[User]:
    """The users, newest first."""
    rows = connection.execute(
        "SELECT * FROM users WHERE removed_at IS NULL AND (?1 IS NULL OR id < ?1) "
        "ORDER BY id DESC LIMIT ?2",
        (before_id, limit),
    )
    return [from_row(row) for row in rows]


def password_hash(connection: Connection, user_id: str) -> str | None:
    """The argon2id hash of the user's password."""
    row = connection.execute(
        "SELECT password_hash FROM users WHERE id = ? AND removed_at IS NULL", (user_id,)
    ).fetchone()
    return None if row is None else row["password_hash"]


def set_password(tx: Transaction, user_id: str, hashed: str) -> None:
    """Replace the user's password by one with this hash."""
    tx.execute("UPDATE users SET password_hash = ? WHERE id = ?", (hashed, user_id))


def update(tx: Transaction, user_id: str, *, name: str, role: Role, timezone: str) -> None:
    """Store what people can change of a user."""
    tx.execute(
        "UPDATE users SET name = ?, login = ?, role = ?, timezone = ? WHERE id = ?",
        (name, login_of(name), role, timezone, user_id),
    )


def count_owners_all_users(connection: Connection) -> int:
    """How many owners there are."""
    row = connection.execute(
        "SELECT count(*) FROM users WHERE role = ? AND removed_at IS NULL", (Role.OWNER,)
    ).fetchone()
    return int(row[0])


def mark_removed(tx: Transaction, user_id: str, *, at: datetime) -> None:
    """From now on there is no such user, and their name is free."""
    tx.execute("UPDATE users SET removed_at = ? WHERE id = ?", (to_ms(at), user_id))


def list_removed_all_users(connection: Connection) -> list[str]:
    """The ids of removed users whose things are still to be deleted."""
    rows = connection.execute("SELECT id FROM users WHERE removed_at IS NOT NULL")
    return [row["id"] for row in rows]


def delete_removed(tx: Transaction, user_id: str) -> bool:
    """Delete a removed user with everything that was theirs; False while a run of theirs goes on.

    What a run writes belongs to its user, so the row must outlive it.
    """
    return (
        tx.execute(
            "DELETE FROM users WHERE id = ?1 AND removed_at IS NOT NULL AND NOT EXISTS ("
            "SELECT 1 FROM runs WHERE user_id = ?1 AND status IN ('queued', 'running', 'waiting'))",
            (user_id,),
        ).rowcount
        > 0
    )
