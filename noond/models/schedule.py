"""Cron arithmetic in the user's zone, right across clock changes.

Expressions are the five fields of crontab(5), weekdays 0 or 7 = Sunday. A fire is a wall-clock
time: a time that the spring change skips fires at the moment the clock jumps past it, a time
that the autumn change repeats fires once, the first time round. Expressions whose hours are
not fixed (`*`, `*/n` or a step in the hour field) follow elapsed time and fire through both
passes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, timezone
from enum import StrEnum
from itertools import islice
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import CroniterBadCronError, CroniterBadDateError, croniter

from noond.errors import Invalid


class MissedPolicy(StrEnum):
    """What becomes of fires that passed unserved."""

    LATEST = "latest"
    SKIP = "skip"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """A daily span of local time in which no scheduled run starts; may cross midnight."""

    start: time
    end: time

    @classmethod
    def parse(cls, text: str) -> QuietHours:
        """Read `22:00-07:00`; raises ValueError."""
        start, separator, end = text.partition("-")
        if not separator:
            raise ValueError("write quiet hours as HH:MM-HH:MM, for example 22:00-07:00")
        span = cls(start=_clock_time(start), end=_clock_time(end))
        if span.start == span.end:
            raise ValueError("quiet hours must start and end at different times")
        return span

    def __str__(self) -> str:
        return f"{self.start:%H:%M}-{self.end:%H:%M}"

    def covers(self, moment: datetime, zone: ZoneInfo) -> bool:
        """Whether the moment lies within the span, in this zone."""
        local = moment.astimezone(zone).time()
        if self.start < self.end:
            return self.start <= local < self.end
        return local >= self.start or local < self.end


def _clock_time(text: str) -> time:
    try:
        hour, minute = text.strip().split(":")
        return time(int(hour), int(minute))
    except ValueError:
        raise ValueError(f"{text.strip()!r} is not a time of day such as 07:30") from None


def zone_named(name: str, *, field: str = "timezone") -> ZoneInfo:
    """The zone of an IANA name; raises Invalid naming the field."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Invalid.field(
            field, f"{name!r} is not a time zone; use an IANA name such as Europe/Berlin"
        ) from None


class CronSchedule:
    """A crontab expression in a zone."""

    def __init__(self, expression: str, timezone: str, *, field: str = "schedule_cron") -> None:
        """Raises Invalid, naming `field` or `timezone`."""
        self.zone = zone_named(timezone)
        fields = expression.split()
        if len(fields) != 5:
            raise Invalid.field(
                field,
                f"{expression!r} has {len(fields)} fields; a cron expression has five: "
                "minute hour day month weekday",
            )
        try:
            self._next(expression, datetime(2024, 1, 1))  # noqa: DTZ001 - wall-clock time
        except (CroniterBadCronError, CroniterBadDateError, ValueError, KeyError) as error:
            raise Invalid.field(
                field, f"{expression!r} is not a cron expression: {error}"
            ) from None
        self.expression = expression
        hours = fields[1]
        self._elapsed = "*" in hours or "/" in hours

    @staticmethod
    def _next(expression: str, wall: datetime) -> datetime:
        following: datetime = croniter(expression, wall).get_next(datetime)
        return following

    def fires_after(self, moment: datetime) -> Iterator[datetime]:
        """The fires later than the moment, as aware UTC times, in order, without end."""
        return self._elapsed_fires(moment) if self._elapsed else self._wall_fires(moment)

    def next_after(self, moment: datetime) -> datetime:
        """The first fire later than the moment (aware UTC)."""
        return next(self.fires_after(moment))

    def upcoming(self, moment: datetime, count: int) -> tuple[datetime, ...]:
        """The next `count` fires after the moment."""
        return tuple(islice(self.fires_after(moment), count))

    def latest_between(self, after: datetime, until: datetime) -> datetime | None:
        """The last fire with after < fire <= until, or None."""
        latest = None
        # Far back gaps are not walked fire by fire: the last one lies within the last year
        # (29 February: within eight) or does not exist.
        for horizon in (timedelta(days=2), timedelta(days=40), timedelta(days=366 * 9)):
            start = max(after, until - horizon)
            for fire in self.fires_after(start):
                if fire > until:
                    break
                latest = fire
            if latest is not None or start == after:
                return latest
        return latest

    def _wall_fires(self, moment: datetime) -> Iterator[datetime]:
        # Wall-clock times are walked without a zone and given their instant one by one. PEP 495
        # gives a skipped time (fold=0) the offset before the gap: that instant is as far behind
        # the jump as the time was into the gap; the jump itself is where the user would look.
        start = moment.astimezone(self.zone).replace(tzinfo=None) - timedelta(hours=3)
        walls = croniter(self.expression, start)
        last = moment
        while True:
            fire = self._instant(walls.get_next(datetime))
            if fire > last:
                last = fire
                yield fire

    def _elapsed_fires(self, moment: datetime) -> Iterator[datetime]:
        # Each instant's own wall-clock time decides, so a repeated hour fires twice and a
        # skipped hour not at all: candidates are walked per UTC offset.
        last = moment
        local = moment.astimezone(self.zone)
        while True:
            offset = local.utcoffset() or timedelta()
            for wall in croniter(self.expression, local.replace(tzinfo=None), ret_type=datetime):
                fire = (wall - offset).replace(tzinfo=UTC)
                if fire.astimezone(self.zone).utcoffset() != offset:
                    break
                last = fire
                yield fire
            # The offset changes before that fire: go on from the minute before the change.
            change = self._change_between(last, fire).astimezone(self.zone)
            offset = change.utcoffset() or timedelta()
            wall = change.replace(tzinfo=None) - timedelta(minutes=1)
            local = wall.replace(tzinfo=timezone(offset))

    def _change_between(self, before: datetime, beyond: datetime) -> datetime:
        """The instant, to the minute, at which the offset of `before` ends (bisected)."""
        offset = before.astimezone(self.zone).utcoffset()
        low, high = int(before.timestamp()) // 60, int(beyond.timestamp()) // 60 + 1
        while high - low > 1:
            middle = (low + high) // 2
            same = datetime.fromtimestamp(middle * 60, self.zone).utcoffset() == offset
            low, high = (middle, high) if same else (low, middle)
        return datetime.fromtimestamp(high * 60, UTC)

    def _instant(self, wall: datetime) -> datetime:
        fire = wall.replace(tzinfo=self.zone).astimezone(UTC)
        if fire.astimezone(self.zone).replace(tzinfo=None) != wall:
            return self._change_between(fire - timedelta(hours=3), fire)
        return fire
