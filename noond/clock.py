"""Time and ids: aware UTC inside, milliseconds in the database, UUIDv7 for everything made here."""

from __future__ import annotations

import os
import threading
import time
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from typing import Protocol
from zoneinfo import ZoneInfo


class Clock(Protocol):
    """Where the daemon takes the time from; tests hand in one they can move."""

    def now(self) -> datetime:
        """The present as an aware UTC time, cut to whole milliseconds."""
        ...

    def monotonic(self) -> float:
        """Seconds that only ever grow, for intervals."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> datetime:
        """The present as an aware UTC time, cut to whole milliseconds."""
        return from_ms(time.time_ns() // 1_000_000)

    def monotonic(self) -> float:
        """Seconds that only ever grow, for intervals."""
        return time.monotonic()


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def to_ms(moment: datetime) -> int:
    """Milliseconds since 1970-01-01 UTC of an aware time (below a millisecond is cut)."""
    return (moment - _EPOCH) // _MILLISECOND


def from_ms(milliseconds: int) -> datetime:
    """The aware UTC time of milliseconds since 1970-01-01."""
    return _EPOCH + milliseconds * _MILLISECOND


def rfc3339(moment: datetime) -> str:
    """The moment as RFC 3339 in UTC with milliseconds: `2026-11-20T08:00:00.000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def first_instant(day: date, zone: ZoneInfo) -> datetime:
    """When a local day begins, as aware UTC."""
    return datetime.combine(day, time_of_day(), zone).astimezone(UTC)


def day_around(now: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The local day around an instant: its first instant and the next day's, as aware UTC."""
    today = now.astimezone(zone).date()
    return first_instant(today, zone), first_instant(today + timedelta(days=1), zone)


_IDS_PER_DRAW = 128


class _MonotonicUuid7:
    """UUIDv7 (RFC 9562, 6.2 method 1): ids made in one process sort in the order they were made.

    The 12 bits after the millisecond count the ids of that millisecond; when they run out the
    millisecond moves on ahead of the clock. Random bytes are drawn for many ids at once: each draw
    lets go of the interpreter, which a busy loop may wait for to get back.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._milliseconds = 0
        self._count = 0
        self._random = memoryview(b"")
        os.register_at_fork(after_in_child=self._forget)

    def __call__(self) -> str:
        with self._lock:
            now = time.time_ns() // 1_000_000
            if now > self._milliseconds:
                self._milliseconds, self._count = now, 0
            elif self._count < 0xFFF:
                self._count += 1
            else:
                self._milliseconds, self._count = self._milliseconds + 1, 0
            milliseconds, count = self._milliseconds, self._count
            if not self._random:
                self._random = memoryview(os.urandom(8 * _IDS_PER_DRAW))
            tail = int.from_bytes(self._random[:8], "big") >> 2
            self._random = self._random[8:]
        value = milliseconds << 80 | 0x7 << 76 | count << 64 | 0b10 << 62 | tail
        digits = f"{value:032x}"
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))

    def _forget(self) -> None:
        """In a forked process: what its parent has drawn is its parent's."""
        self._lock = threading.Lock()
        self._random = memoryview(b"")


new_id = _MonotonicUuid7()
"""A new UUIDv7 as text."""
