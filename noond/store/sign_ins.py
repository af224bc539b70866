"""The sign_ins, refresh_tokens and revoked_tokens tables."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from noond.clock import from_ms, to_ms
from noond.models.account import User
from noond.store import users
from noond.store.rows import Connection, Row, Transaction, time_or_none

EndReason: TypeAlias = Literal["logout", "reuse", "password", "removed", "role"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """A sign-in: a family of refresh tokens that follow one another."""

    id: str
    user_id: str
    ip: str
    user_agent: str
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundToken:
    """A refresh token, and the sign-in it is of."""

    sign_in: SignIn
    used_at: datetime | None


def _sign_in(row: Row) -> SignIn:
    return SignIn(
        id=row["id"],
        user_id=row["user_id"],
        ip=row["ip"],
        user_agent=row["user_agent"],
        created_at=from_ms(row["created_at"]),
        expires_at=from_ms(row["expires_at"]),
        ended_at=time_or_none(row["ended_at"]),
    )


def insert(tx: Transaction, sign_in: SignIn) -> None:
    """Store a new sign-in."""
    tx.execute(
        "INSERT INTO sign_ins (id, user_id, ip, user_agent, created_at, refreshed_at, expires_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            sign_in.id,
            sign_in.user_id,
            sign_in.ip,
            sign_in.user_agent,
            to_ms(sign_in.created_at),
            to_ms(sign_in.created_at),
            to_ms(sign_in.expires_at),
        ),
    )


def add_token(tx: Transaction, sign_in_id: str, token_hash: bytes, *, now: datetime) -> None:
    """Store a new refresh token of a sign-in."""
    tx.execute(
        "INSERT INTO refresh_tokens (token_hash, sign_in_id, created_at) VALUES (?, ?, ?)",
        (token_hash, sign_in_id, to_ms(now)),
    )


def find_token_all_users(connection: Connection, token_hash: bytes) -> FoundToken | None:
    """The refresh token with this hash, used or not, with its sign-in in whatever state."""
    row = connection.execute(
        "SELECT s.*, t.used_at FROM refresh_tokens t JOIN sign_ins s ON s.id = t.sign_in_id "
        "WHERE t.token_hash = ?",
        (token_hash,),
    ).fetchone()
    if row is None:
        return None
    return FoundToken(sign_in=_sign_in(row), used_at=time_or_none(row["used_at"]))


def use_token(
    tx: Transaction,
    sign_in: SignIn,
    token_hash: bytes,
    *,
    now: datetime,
    expires_at: datetime,
) -> None:
    """The token has been used, and will not be again; the sign-in lasts until `expires_at`."""
    tx.execute(
        "UPDATE refresh_tokens SET used_at = ? WHERE token_hash = ?", (to_ms(now), token_hash)
    )
    tx.execute(
        "UPDATE sign_ins SET refreshed_at = ?, expires_at = ? WHERE user_id = ? AND id = ?",
        (to_ms(now), to_ms(expires_at), sign_in.user_id, sign_in.id),
    )


def end(
    tx: Transaction,
    user_id: str,
    sign_in_id: str,
    *,
    reason: EndReason,
    now: datetime,
    tokens_expire_at: datetime,
) -> bool:
    """End a sign-in and the access tokens that were made in it; False when it had ended."""
    ended = tx.execute(
        "UPDATE sign_ins SET ended_at = ?, end_reason = ? "
        "WHERE user_id = ? AND id = ? AND ended_at IS NULL",
        (to_ms(now), reason, user_id, sign_in_id),
    ).rowcount
    if ended:
        revoke_token(tx, user_id, sign_in_id, reason=reason, now=now, expires_at=tokens_expire_at)
    return ended > 0


def list_open(connection: Connection, user_id: str, *, now: datetime) -> list[str]:
    """The ids of the user's sign-ins that have not ended."""
    rows = connection.execute(
        "SELECT id FROM sign_ins WHERE user_id = ? AND ended_at IS NULL AND expires_at > ?",
        (user_id, to_ms(now)),
    )
    return [row["id"] for row in rows]


def revoke_token(
    tx: Transaction,
    user_id: str,
    token_id: str,
    *,
    reason: EndReason,
    now: datetime,
    expires_at: datetime,
) -> None:
    """End one access token by its `jti`, or all of a sign-in by its id."""
    tx.execute(
        "INSERT INTO revoked_tokens (token_id, user_id, reason, revoked_at, expires_at) "
        "VALUES (?, ?, ?, ?, ?) ON CONFLICT (token_id) DO NOTHING",
        (token_id, user_id, reason, to_ms(now), to_ms(expires_at)),
    )


def find_bearer(
    connection: Connection, user_id: str, *, token_id: str, sign_in_id: str
) -> User | None:
    """The user of an access token, unless it, its sign-in or the user has ended."""
    revoked = connection.execute(
        "SELECT 1 FROM revoked_tokens WHERE user_id = ? AND token_id IN (?, ?)",
        (user_id, token_id, sign_in_id),
    ).fetchone()
    return None if revoked is not None else users.find(connection, user_id)


def purge_all_users(tx: Transaction, *, expired_before: datetime, limit: int) -> int:
    """Delete what expired before this time: revocations and sign-ins, at most `limit` of each."""
    moment = to_ms(expired_before)
    return sum(
        tx.execute(
            f"DELETE FROM {table} WHERE {key} IN "
            f"(SELECT {key} FROM {table} WHERE expires_at < ? LIMIT ?)",
            (moment, limit),
        ).rowcount
        for table, key in (("revoked_tokens", "token_id"), ("sign_ins", "id"))
    )
