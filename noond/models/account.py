"""Users, their API keys, and the pairing codes that let a device in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Scope(StrEnum):
    """What an API key may do."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person whose things noond keeps apart from everybody else's."""

    id: str
    name: str
    timezone: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class APIKey:
    """A key of the HTTP API; only its SHA-256 is stored."""

    id: str
    user_id: str
    name: str
    scopes: frozenset[Scope]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PairingCode:
    """A code that pairs one device: one use, a few minutes, a few tries."""

    id: str
    user_id: str
    device_id: str | None
    expires_at: datetime
    tries_left: int
    used_at: datetime | None
