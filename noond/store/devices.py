"""The devices table. A revoked device keeps its row, which agents and runs refer to."""

from __future__ import annotations

from datetime import datetime

from noond.clock import from_ms, to_ms
from noond.models.device import Device
from noond.store.rows import Connection, Row, Transaction, dump, load, time_or_none


def _device(row: Row) -> Device:
    return Device(
        user_id=row["user_id"],
        id=row["id"],
        name=row["name"],
        platform=row["platform"],
        app_version=row["app_version"],
        capabilities=frozenset(load(row["capabilities"])),
        created_at=from_ms(row["created_at"]),
        last_seen_at=time_or_none(row["last_seen_at"]),
        revoked_at=time_or_none(row["revoked_at"]),
    )


def find(connection: Connection, user_id: str, device_id: str) -> Device | None:
    """The user's device, unless it is revoked."""
    row = connection.execute(
        "SELECT * FROM devices WHERE user_id = ? AND id = ? AND revoked_at IS NULL",
        (user_id, device_id),
    ).fetchone()
    return None if row is None else _device(row)


def list_page(
    connection: Connection, user_id: str, *, limit: int, before: tuple[datetime, str] | None
) -> list[Device]:
    """The devices that are not revoked, newest first, paired before `before` (time and id)."""
    paired_at, device_id = (to_ms(before[0]), before[1]) if before else (2**62, "")
    rows = connection.execute(
        "SELECT * FROM devices WHERE user_id = ? AND revoked_at IS NULL "
        "AND (created_at, id) < (?, ?) ORDER BY created_at DESC, id DESC LIMIT ?",
        (user_id, paired_at, device_id, limit),
    )
    return [_device(row) for row in rows]


def find_by_token_all_users(
    connection: Connection, token_hash: bytes
) -> tuple[Device, bool] | None:
    """The device a token lets in, and whether the token ends the time of an older one."""
    row = connection.execute(
        "SELECT *, token_hash = :hash AND previous_token_hash IS NOT NULL AS replaces "
        "FROM devices WHERE revoked_at IS NULL "
        "AND (token_hash = :hash OR previous_token_hash = :hash)",
        {"hash": token_hash},
    ).fetchone()
    return None if row is None else (_device(row), bool(row["replaces"]))


def pair(
    tx: Transaction, user_id: str, device_id: str, *, name: str, token_hash: bytes, now: datetime
) -> None:
    """Let a device in by this token alone, be it new, known or revoked before."""
    tx.execute(
        "INSERT INTO devices (user_id, id, name, token_hash, created_at) "
        "VALUES (:user, :id, :name, :hash, :now) ON CONFLICT (user_id, id) DO UPDATE SET "
        "name = :name, token_hash = :hash, previous_token_hash = NULL, "
        "created_at = iif(revoked_at IS NULL, created_at, :now), revoked_at = NULL",
        {"user": user_id, "id": device_id, "name": name, "hash": token_hash, "now": to_ms(now)},
    )


def rotate_token(tx: Transaction, user_id: str, device_id: str, *, token_hash: bytes) -> bool:
    """Give the device a new token beside the one it uses; False when there is no such device.

    A new token that was never used gives way to the next one; the one in use stays.
    """
    changed = tx.execute(
        "UPDATE devices SET previous_token_hash = coalesce(previous_token_hash, token_hash), "
        "token_hash = ? WHERE user_id = ? AND id = ? AND revoked_at IS NULL",
        (token_hash, user_id, device_id),
    )
    return changed.rowcount == 1


def end_previous_token(tx: Transaction, user_id: str, device_id: str, *, token_hash: bytes) -> None:
    """The new token was used: the one before it ends."""
    tx.execute(
        "UPDATE devices SET previous_token_hash = NULL "
        "WHERE user_id = ? AND id = ? AND token_hash = ?",
        (user_id, device_id, token_hash),
    )


def revoke(tx: Transaction, user_id: str, device_id: str, *, now: datetime) -> bool:
    """Shut the device out; False when there is no such device."""
    changed = tx.execute(
        "UPDATE devices SET revoked_at = ?, token_hash = NULL, previous_token_hash = NULL "
        "WHERE user_id = ? AND id = ? AND revoked_at IS NULL",
        (to_ms(now), user_id, device_id),
    )
    return changed.rowcount == 1


def greet(
    tx: Transaction,
    user_id: str,
    device_id: str,
    *,
    name: str | None,
    platform: str | None,
    app_version: str | None,
    capabilities: frozenset[str],
    now: datetime,
) -> bool:
    """Store what a device says of itself in its hello; False when it was revoked meanwhile."""
    changed = tx.execute(
        "UPDATE devices SET name = coalesce(?, name), platform = ?, app_version = ?, "
        "capabilities = ?, last_seen_at = ? "
        "WHERE user_id = ? AND id = ? AND revoked_at IS NULL",
        (
            name,
            platform,
            app_version,
            dump(sorted(capabilities)),
            to_ms(now),
            user_id,
            device_id,
        ),
    )
    return changed.rowcount == 1
