"""Times of day beside a date: `at 14:00`, `2 pm`, `um 14 Uhr`, `à 14h30`, `a las 3 de la tarde`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import time, timedelta, timezone
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_OFFSETS = {
    "z": 0, "utc": 0, "gmt": 0, "wet": 0, "bst": 1, "west": 1, "cet": 1, "mez": 1, "cest": 2,
    "mesz": 2, "eet": 2, "eest": 3, "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7,
    "mdt": -6, "pst": -8, "pdt": -7,
}  # fmt: skip
_NOONS = r"noon|midday|mittags?|midi|mediodía|mediodia"

_CLOCK = rf"""(?:
    (?P<hour>\d{{1,2}})
    (?:
        (?<=T\d\d)(?P<minute_joined>\d{{2}})(?:\d{{2}})?
      | :(?P<minute>\d{{2}})(?::\d{{2}}(?:[.,]\d{{1,9}})?)?
            (?:\s?(?P<half>[ap])\.?\s?m\b\.?|\s?Uhr\b|\s?h(?:rs?)?\b)?
      | \.(?P<minute_dot>\d{{2}})\s?(?:Uhr\b|(?P<half_dot>[ap])\.?m\b)
      | \s?(?P<half_bare>[ap])\.?\s?m\b\.?
      | \s?(?:Uhr|heures?|horas|hrs?)\b(?:\s(?P<minute_word>\d{{2}})(?!\d))?
      | \s?h(?![^\W\d_])\s?(?P<minute_h>\d{{2}})?(?!\d)
      | (?<=las\s\d)(?!\d) | (?<=las\s\d\d)(?!\d) | (?<=la\s1)(?!\d)
    )
    (?:\s(?:de|por)\sla\s(?P<part>tarde|noche|mañana))?
  | (?P<noon>{_NOONS})\b
)
(?P<offset>\s?(?:Z\b|[+-]\d{{2}}:?\d{{2}}(?!\d)|\(?(?:{"|".join(_OFFSETS)})\b\)?))?
"""
_FLAGS = re.IGNORECASE | re.VERBOSE
_AFTER = re.compile(
    rf"(?:T(?=\d)|(?:\s[^\W\d_]{{2,12}}\.?(?=\s\d?\d:\d\d(?!\d)))?\s?,?\s?(?:->?|–|—|→|\|"
    rf"|\()?\s?(?:(?:at|@|um|gegen|ab|à|vers|de|a|sobre|by|bis)\s)?"
    rf"(?:las?\s)?){_CLOCK}",
    _FLAGS,
)
_BEFORE = re.compile(
    rf"(?<![\w.:,/-])(?:(?:at|@|um|gegen|à|vers|a)\s)?(?:las?\s)?{_CLOCK}"
    r"\s?,?\s?(?:(?:on|am|le|el|del|de|of)\s)?$",
    _FLAGS,
)
_DIGIT = re.compile(r"\d")
_ZONE_PARAMETER = re.compile(r";TZID=\"?([\w/+-]{1,60})\"?(?:;[^:\n]{0,100})?:$")


@dataclass(frozen=True, slots=True)
class ClockTime:
    """A time at text[start:end]; `offset` when it names its own zone."""

    start: int
    end: int
    time: time
    offset: timezone | None


def time_after(text: str, position: int) -> ClockTime | None:
    """The time that directly follows the position."""
    match = _AFTER.match(text, position, position + 60)
    return _read(match, 0) if match else None


def time_before(text: str, position: int, earliest: int) -> ClockTime | None:
    """The time that directly ends at the position; it starts no earlier than `earliest`."""
    offset = max(earliest, position - 40)
    window = text[offset:position]
    if not _DIGIT.search(window):
        return None
    match = _BEFORE.search(window)
    return _read(match, offset) if match else None


def zone_parameter(text: str, start: int) -> ZoneInfo | None:
    """The zone that an iCalendar parameter gives to the value at `start`."""
    if text[start - 1 : start] != ":":
        return None
    match = _ZONE_PARAMETER.search(text[max(0, start - 180) : start])
    try:
        return ZoneInfo(match[1]) if match else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _read(match: re.Match[str], shift: int) -> ClockTime | None:
    group = match.groupdict()
    if group["noon"]:
        hour, minute = 12, 0
    else:
        hour = int(group["hour"])
        minutes = ("minute", "minute_joined", "minute_dot", "minute_word", "minute_h")
        minute = int(next((group[name] for name in minutes if group[name]), "0"))
        half = (group["half"] or group["half_dot"] or group["half_bare"] or "").lower()
        if (half == "p" or group["part"] in ("tarde", "noche")) and hour < 12:
            hour += 12
        elif half == "a" and hour == 12:
            hour = 0
    if hour > 23 or minute > 59:
        return None
    return ClockTime(
        match.start() + shift, match.end() + shift, time(hour, minute), _offset(group["offset"])
    )


def _offset(text: str | None) -> timezone | None:
    if not text:
        return None
    name = text.strip(" \n\t()").lower()
    if name in _OFFSETS:
        return timezone(timedelta(hours=_OFFSETS[name]))
    sign = -1 if name[0] == "-" else 1
    digits = name[1:].replace(":", "")
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    return timezone(sign * timedelta(minutes=minutes)) if minutes < 24 * 60 else None
