"""A clock that a test moves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class MovableClock:
    """Stands still until it is moved."""

    def __init__(self, now: datetime = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)) -> None:
        self._now = now
        self._monotonic = 1000.0

    def now(self) -> datetime:
        """See Clock."""
        return self._now

    def monotonic(self) -> float:
        """See Clock."""
        return self._monotonic

    def move(self, span: timedelta) -> None:
        """Go on by that much."""
        self._now += span
        self._monotonic += span.total_seconds()

    def set(self, moment: datetime) -> None:
        """Jump to that time."""
        self.move(moment - self._now)
