"""A delivery: a journaled record on its way to a device."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, TypeAlias

from noond.models.review import Verdict

RetractionStatus: TypeAlias = Literal["pending", "deleted", "kept", "failed"]
"""An undone record on its way off the device; `kept`: the device refused, see its error."""


class DeliveryStatus(StrEnum):
    """pending until the device answered; `failed` can be sent again."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One insert that must happen on the device exactly once; `id` is the call's id for ever.

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
    unanswered_sends: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A delivery that is pending no more."""

    delivery_id: str
    run_id: str
    device_id: str
    status: Literal["delivered", "failed"]
    error: str | None = None
    device_record_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Retracted:
    """What undoing a delivery came to."""

    delivery_id: str
    run_id: str
    device_id: str
    retraction: Literal["deleted", "kept", "failed"]
    retraction_error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """A record of a run and what became of its delivery, for people to look at.

    `span` is the quote's place in the source text, in characters. `retraction` is what became of
    it when the run was undone; None if it was not, or the person had decided on it before.
    """

    id: str
    delivery_id: str
    table: str
    data: dict[str, Any]
    path: str
    quote: str
    span: tuple[int, int]
    sha256: str
    extractor: str
    status: DeliveryStatus
    error: str | None
    device_record_id: str | None
    decision: Verdict | None
    retraction: RetractionStatus | None
    retraction_error: str | None
    created_at: datetime
