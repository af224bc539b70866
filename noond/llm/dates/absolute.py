"""Dates that name day and month: `2026-03-12`, `12.03.2026`, `March 3rd`, `3 de marzo`."""

from __future__ import annotations

import re
from datetime import date, timedelta

from noond.llm.dates.words import MONTH, MONTHS, WEEKDAY, WEEKDAY_SHORT

_FLAGS = re.IGNORECASE
_YEAR_AFTER = (
    r"(?:,?\s(?:(?:de|del|of)\s)?(?P<year>(?:19|20|21)\d{2})(?![\d.]\d|\d)"
    r"|\s?['’](?P<yy>\d{2})(?!\d))?"
)
_ISO = re.compile(r"(?P<year>\d{4})([-/.])(?P<month>\d{1,2})\2(?P<day>\d{1,2})(?!\d|[-/.]\d)")
_WEEKDAY_AFTER = re.compile(rf"\s(?:{WEEKDAY}|{WEEKDAY_SHORT})\.?(?=[>\]]|\s[\d+.-])", _FLAGS)
_COMPACT = re.compile(r"(?P<year>(?:19|20|21)\d{2})(?P<month>\d{2})(?P<day>\d{2})(?=T\d{4}|\b)")
_SEPARATED = re.compile(
    r"(?P<first>\d{1,2})(?P<sep>[-/]|\.\s?)(?P<second>\d{1,2})(?:[-/]|\.\s?)"
    r"(?P<year>\d{4}|\d{2})(?!\d|[-/.]\d)"
)
_DOTTED_SHORT = re.compile(r"(?P<day>\d{1,2})\.\s?(?P<month>\d{1,2})\.(?!\s?\d)")
_SLASHED_SHORT = re.compile(r"(?P<first>\d{1,2})/(?P<second>\d{1,2})(?![\d/])")
_DAY_MONTH = re.compile(
    rf"(?P<day>\d{{1,2}})(?P<ordinal>\s?(?:st|nd|rd|th|er|ère|º)\b|\.|°)?(?:\s(?:of|de)\s|\s|-|/)?"
    rf"(?P<month>{MONTH})(?:[-/](?P<year_joined>\d{{4}}|\d{{2}})(?!\d)|{_YEAR_AFTER})",
    _FLAGS,
)
_MONTH_DAY = re.compile(
    rf"(?P<month>{MONTH})\s(?:the\s)?(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?![^\W_]|[:%]|[.,/]\d)"
    rf"{_YEAR_AFTER}",
    _FLAGS,
)
_NUMBER_OF_DAY = re.compile(
    r"(?P<day>\d{1,2})(?:(?:st|nd|rd|th|er|º)\b|\.)?"
    r"(?=[ \t]*(?:$|[\n,;)\]!.|]|\s[–—-]\s)|\s[@#])",
    _FLAGS,
)
_NUMBER_ALONE = re.compile(
    r"(?P<day>\d{1,2})(?P<ordinal>(?:st|nd|rd|th|er|º)\b|\.)?"
    r"(?=[ \t]*(?:$|[\n,;)\]!.|]|\s[–—-]\s))",
    _FLAGS,
)
_LIMIT = re.compile(
    r"\b(?:(?:by|before|until)\sthe|bis\s(?:spätestens\s)?(?:zum|am)|vor\sdem|(?:avant|pour)\sle"
    r"|d['’]ici\s(?:le|au)|jusqu['’]au|antes\sdel|(?:para|hasta)\sel)\s$",
    _FLAGS,
)
_LIMIT_ENGLISH = re.compile(r"\bthe\s$|\b(?:zum|am|dem)\s$", _FLAGS)
_RANGE_START = re.compile(
    r"(?P<day>\d{1,2})(?:st|nd|rd|th|er|\.)?"
    r"\s?(?:-|–|—|/|\b(?:to|and|bis|und|au|et|al|a|y)\b)\s?"
    r"(?=\d{1,2}[^\W\d_]{0,2}\.?\s?(?:de\s|of\s)?(?!\d)[^\W\d_])",
    _FLAGS,
)


def valid_date(year: int, month: int, day: int) -> date | None:
    """The date, or None when the calendar has no such day."""
    try:
        return date(year, month, day)
    except ValueError:
        return None


def nearest_year(month: int, day: int, today: date) -> date | None:
    """The day in the year that a writer means: at most two months past, else the next one."""
    earliest = today - timedelta(days=60)
    for year in range(earliest.year, earliest.year + 9):
        found = valid_date(year, month, day)
        if found and found >= earliest:
            return found
    return None


def read_month(word: str) -> int:
    """The number of a month's name, with or without the dot of an abbreviation."""
    return MONTHS[word.rstrip(".").lower()]


Found = tuple[int, date]
"""The end of an expression and its day."""


def iso(text: str, start: int) -> Found | None:
    """`2026-03-12`, `2026/03/12`, `2026.03.12`, `20260312`; in Org's stamps with its weekday."""
    match = _ISO.match(text, start) or _COMPACT.match(text, start)
    if not match:
        return None
    day = valid_date(int(match["year"]), int(match["month"]), int(match["day"]))
    weekday = _WEEKDAY_AFTER.match(text, match.end())
    end = weekday.end() if weekday else match.end()
    return (end, day) if day else None


def separated(text: str, start: int, *, day_first: bool, today: date) -> Found | None:
    """`12.03.2026`, `12/03/26`, `12-03-2026`; `day_first` decides when both could be the day."""
    match = _SEPARATED.match(text, start)
    if not match:
        return None
    year = int(match["year"])
    if len(match["year"]) == 2:
        # 3.11.10 is a version, 12-03-26 could be anything: two digits count near the present.
        year += 2000
        if match["sep"] == "-" or abs(year - today.year) > 10:
            return None
    first, second = int(match["first"]), int(match["second"])
    dotted = match["sep"].startswith(".")
    day = _ordered(year, first, second, day_first=day_first or dotted, strict=dotted)
    return (match.end(), day) if day else None


def short(text: str, start: int, *, day_first: bool, introduced: bool, today: date) -> Found | None:
    """`12.03.` and `3/14`; where it is not introduced by a preposition only `12.03.` counts."""
    match = _DOTTED_SHORT.match(text, start)
    if match:
        padded = len(match["day"]) == 2 and len(match["month"]) == 2
        day = nearest_year(int(match["month"]), int(match["day"]), today)
        return (match.end(), day) if day and (introduced or padded) else None
    match = _SLASHED_SHORT.match(text, start)
    if not match or not introduced:
        return None
    first, second = int(match["first"]), int(match["second"])
    if second > 12 or (first <= 12 and not day_first):
        first, second = second, first
    day = nearest_year(second, first, today)
    return (match.end(), day) if day else None


def day_month(text: str, start: int, *, today: date) -> Found | None:
    """`12 March 2026`, `3. März`, `1er mars`, `3 de marzo de 2026`, `12-Mar-26`."""
    match = _DAY_MONTH.match(text, start)
    if not match:
        return None
    year = match["year"] or match["year_joined"] or match["yy"]
    if match["month"] == "may" and not year and not match["ordinal"]:
        return None  # "all 3 may come"
    return _named(match, year, today)


def weekday_and_number(text: str, start: int, weekday: int, *, today: date) -> Found | None:
    """`Friday 16`, from its number on: the next such day, where the two agree."""
    match = _NUMBER_OF_DAY.match(text, start)
    day = _next_numbered(int(match["day"]), today) if match else None
    return (match.end(), day) if match and day and day.weekday() == weekday else None


def _next_numbered(number: int, today: date) -> date | None:
    """The next day of that number, of this month or of one of the two after it."""
    for later in range(3):
        year, month = divmod(today.year * 12 + today.month - 1 + later, 12)
        day = valid_date(year, month + 1, number)
        if day and day >= today:
            return day
    return None


def limit_number(text: str, start: int, *, today: date) -> Found | None:
    """`avant le 31`, `by the 14th`, `bis zum 15.`, from the number on: the next such day."""
    match = _NUMBER_ALONE.match(text, start)
    if not match or not _LIMIT.search(text[max(0, start - 24) : start]):
        return None
    if not match["ordinal"] and _LIMIT_ENGLISH.search(text[max(0, start - 12) : start]):
        return None  # "by the 14 members"
    day = _next_numbered(int(match["day"]), today)
    return (match.end(), day) if day else None


def month_day(text: str, start: int, *, today: date) -> Found | None:
    """`March 3rd`, `Mar 12, 2026`."""
    match = _MONTH_DAY.match(text, start)
    if not match or match["month"] == "may":
        return None
    return _named(match, match["year"] or match["yy"], today)


def range_start(text: str, start: int, *, today: date) -> tuple[Found, Found] | None:
    """`12–14 March 2026`: its first and its last day."""
    match = _RANGE_START.match(text, start)
    last = day_month(text, match.end(), today=today) if match else None
    if not match or not last:
        return None
    first = valid_date(last[1].year, last[1].month, int(match["day"]))
    digits = start + len(match["day"])
    return ((digits, first), last) if first and first < last[1] else None


def _named(match: re.Match[str], year: str | None, today: date) -> Found | None:
    month, number = read_month(match["month"]), int(match["day"])
    if year:
        day = valid_date(int(year) + (2000 if len(year) == 2 else 0), month, number)
    else:
        day = nearest_year(month, number, today)
    return (match.end(), day) if day else None


def _ordered(year: int, first: int, second: int, *, day_first: bool, strict: bool) -> date | None:
    if day_first:
        return valid_date(year, second, first) or (
            None if strict else valid_date(year, first, second)
        )
    return valid_date(year, first, second) or valid_date(year, second, first)
