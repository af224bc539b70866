"""What people did with suggestions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """A person's decision on a suggestion."""

    APPROVED = "approved"
    REJECTED = "rejected"
    EDITED = "edited"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewedDelivery:
    """A decision on a delivered record; `data` are the fields after an edit."""

    delivery_id: str
    verdict: Verdict
    data: dict[str, Any] | None
    decided_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Suggestions and decisions on them, counted.

    `suggested` counts what reached the device, decided or not.
    """

    suggested: int
    approved: int
    edited: int
    rejected: int

    @property
    def precision(self) -> float | None:
        """The part of the decided suggestions that people kept; None before any decision."""
        decided = self.approved + self.edited + self.rejected
        return (self.approved + self.edited) / decided if decided else None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentStats:
    """How an agent's suggestions fare: in all, and by week of suggestion (its Monday, UTC)."""

    total: Tally
    weeks: tuple[tuple[date, Tally], ...]
