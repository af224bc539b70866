"""What the date grammar finds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from noond.clock import to_ms


@dataclass(frozen=True, slots=True)
class FoundDate:
    """A date expression at text[start:end]; day and time are local to the zone asked for."""

    start: int
    end: int
    day: date
    time: time | None


def due_ms(found: FoundDate, zone: ZoneInfo) -> int:
    """Milliseconds since 1970 UTC; without a time, local midnight of the day."""
    local = datetime.combine(found.day, found.time or time(), zone)
    try:
        return to_ms(local.astimezone(UTC))
    except OverflowError:  # the first or last day that Python knows, moved over the edge
        return to_ms(local.replace(tzinfo=UTC))
