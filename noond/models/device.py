"""A device of a user: it keeps the records, and reads the folders it was allowed to read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A paired device. `id` is chosen by the device and unique per user."""

    user_id: str
    id: str
    name: str
    platform: str | None
    app_version: str | None
    capabilities: frozenset[str]
    created_at: datetime
    last_seen_at: datetime | None
    revoked_at: datetime | None
