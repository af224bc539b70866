"""A delivery: a journaled record on its way to a device."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class DeliveryStatus(StrEnum):
    """pending until the device answered; `failed` can be sent again."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One call to a device that must happen exactly once; `id` is the call's id for ever.

    `unanswered_sends` counts sends on live connections that got no answer in time.
    """

    id: str
    user_id: str
    device_id: str
    agent_id: str
    run_id: str
    table: str
    data: dict[str, Any]
    path: str
    quote: str
    sha256: str
    status: DeliveryStatus
    unanswered_sends: int
    resends: int
    error: str | None
    device_record_id: str | None
    created_at: datetime
    settled_at: datetime | None
