"""Whether a record's date can be derived from its source and the reference date."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from noond.clock import from_ms, to_ms
from noond.llm.dates import FoundDate, due_ms, find_dates
from noond.llm.quotes import Span
from noond.models.document import Document

_STAMP = re.compile(
    r"(?:TZID=(?P<named>[^:\n]{1,80}):)?(?<!\d)(\d{4})(-?)(\d\d)\3(\d\d)"
    r"(?:[T ](\d\d):?(\d\d)(?::?(\d\d)(?:\.\d+)?)?(?P<offset>Z|[+-]\d\d:?\d\d)?)?(?!\d)",
    re.ASCII,
)
"""ISO 8601 dates and times, basic or extended, as calendars write them too."""

_EPOCH = re.compile(r"(?<!\d)(\d{9,10})(?:\d{3})?(?!\d)", re.ASCII)
_FURTHEST_ZONE = timedelta(hours=14)
_ZONE_STEP = timedelta(minutes=15)
_DAY = timedelta(days=1)
_YEARS = range(1900, 2301)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim:
    """A date that a candidate brings: its local day, and the instant in milliseconds."""

    day: date
    instant_ms: int


class _Named:
    """The dates that a text names, by day."""

    def __init__(self, text: str, named: list[FoundDate], zone: ZoneInfo) -> None:
        """`named` are those that the grammar finds in the text, in their order."""
        self._zone = zone
        # By day, in the order of the text: where, and which instant.
        self._found: defaultdict[date, list[tuple[int, int]]] = defaultdict(list)
        for found in named:
            self._found[found.day].append((found.start, due_ms(found, zone)))
        self._instants = {ms for found in self._found.values() for _, ms in found}
        # Days written as numbers alone, and times in a zone of a calendar's own naming.
        self._days: set[date] = set()
        self._elsewhere: defaultdict[date, set[datetime]] = defaultdict(set)
        for match in _STAMP.finditer(text):
            self._add_stamp(match)

    def derive(self, claim: _Claim, place: int) -> int | None:
        """Milliseconds of the claim as far as this text bears it out near a place, or None."""
        if claim.instant_ms in self._instants or self._written_elsewhere(claim):
            return claim.instant_ms
        found = self._found.get(claim.day)
        if found:
            after = bisect_left(found, (place, 0))
            nearest = min(found[max(after - 1, 0) : after + 1], key=lambda at: abs(at[0] - place))
            return nearest[1]
        if claim.day in self._days:
            return to_ms(datetime.combine(claim.day, time(), self._zone))
        return None

    def _add_stamp(self, match: re.Match[str]) -> None:
        _, year, _, month, day, hour, minute, second, offset = match.groups()
        try:
            at = date(int(year), int(month), int(day))
            if hour is None:
                self._days.add(at)
                return
            clock = time(int(hour), int(minute), int(second or 0))
            if offset:
                moment = datetime.fromisoformat(f"{at}T{clock}{offset}")
            else:
                zone = _zone(match["named"]) if match["named"] else self._zone
                if zone is None:
                    self._elsewhere[at].add(datetime.combine(at, clock, UTC))
                    return
                moment = datetime.combine(at, clock, zone)
            self._instants.add(to_ms(moment))
        except (ValueError, OverflowError):
            return  # digits that are no date

    def _written_elsewhere(self, claim: _Claim) -> bool:
        """Whether a time written in a zone of unknown name can be this instant."""
        instant = from_ms(claim.instant_ms)
        for day in (claim.day - _DAY, claim.day, claim.day + _DAY):
            for moment in self._elsewhere.get(day, ()):
                offset = moment - instant
                if abs(offset) <= _FURTHEST_ZONE and not offset % _ZONE_STEP:
                    return True
        return False


class DateEvidence:
    """The dates that a document names, read once, when the first is asked about."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._text = document.text
        self._reference = document.reference_at
        self._zone = ZoneInfo(document.timezone)
        self._whole: _Named | None = None
        self._columns: _Named | None = None
        self._epochs: frozenset[int] = frozenset()

    def derive(self, value: Any, span: Span) -> int | None:
        """The value as milliseconds since 1970-01-01 UTC if the source bears it out, else None.

        `value` is milliseconds, or an ISO 8601 date or date-time (local without an offset). A
        time of day that the source does not give is replaced by the one that it gives nearest to
        the quote at `span`, or midnight.
        """
        claim = _claim(value, self._zone)
        if claim is None:
            return None
        if self._whole is None:
            self._whole = self._named(self._text)
            # Seconds since 1970 that a spreadsheet or tracker wrote, perhaps as milliseconds.
            self._epochs = frozenset(int(match[1]) for match in _EPOCH.finditer(self._text))
        if (derived := self._whole.derive(claim, span.start)) is not None:
            return derived
        if claim.instant_ms // 1000 in self._epochs:
            return claim.instant_ms
        # By itself: in a mail or chat, relative dates count from the message's date as a whole.
        alone = self._named(self._text[span.start : span.end]).derive(claim, 0)
        return alone if alone is not None else self._in_columns(claim, span.start)

    def _named(self, text: str) -> _Named:
        found = find_dates(text, reference=self._reference, zone=self._zone)
        return _Named(text, found, self._zone)

    def _in_columns(self, claim: _Claim, place: int) -> int | None:
        """The claim as far as a table's column of days bears it out, where `14/5` is a day."""
        if self._columns is None:
            # The extractor's grammars take a fifth of a second to load: where they are needed.
            from noond.llm.embedded.dated_cells import dated_cells  # noqa: PLC0415

            self._columns = _Named("", dated_cells(self._document), self._zone)
        return self._columns.derive(claim, place)


def _claim(value: Any, zone: ZoneInfo) -> _Claim | None:
    if isinstance(value, str) and value.strip().isdecimal() and len(value.strip()) >= 9:
        value = int(value)
    try:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            return None
        if isinstance(value, str):
            moment = datetime.fromisoformat(value.strip())
            moment = moment if moment.tzinfo else moment.replace(tzinfo=zone)
            instant_ms = to_ms(moment)
        else:
            instant_ms = int(value)
        day = from_ms(instant_ms).astimezone(zone).date()
    except (ValueError, OverflowError):
        return None
    return _Claim(day=day, instant_ms=instant_ms) if day.year in _YEARS else None


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name.strip('"'))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
