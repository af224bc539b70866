"""Dates that count from a reference day: `in two weeks`, `next Tuesday`, `Ende März`, `fin de mes`.

Weeks begin on Monday. `next Tuesday` is the Tuesday of the next week, `Tuesday` the coming one
(never the reference day itself), the end of a week is its Friday.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from datetime import date, timedelta

from noond.llm.dates.absolute import nearest_year, read_month, valid_date
from noond.llm.dates.words import (
    MONTH,
    NUMBER,
    NUMBERS,
    PARTS_OF_DAY,
    UNIT,
    UNITS,
    WEEKDAYS,
    any_of,
)

_FULL_WEEKDAY = rf"(?:{any_of(WEEKDAYS)})(?:{PARTS_OF_DAY})?(?![^\W\d_])"
_WHAT = rf"(?P<what>{_FULL_WEEKDAY}|{UNIT})"
_COUNT = rf"(?P<n>{NUMBER})\s(?P<business>(?:business|working)\s)?(?P<unit>{UNIT})"
_AFTER_COUNT = r"(?P<business_after>\s(?:ouvrés?|ouvrables?|hábiles|habiles|laborables))?"
_NEXT = r"next|nächste[nrsm]?|kommende[nrsm]?|próxim[oa]|proxim[oa]"
_COMING = r"(?:this\s)?coming"
_THIS = r"this|diese[nrsm]?|cet?t?e?|este|esta"
_LAST = r"last|past|letzte[nrsm]?|vergangene[nrsm]?|vorige[nrsm]?"
_NEXT_AFTER = r"prochaine?|suivante?|que\sviene|próxim[oa]|proxim[oa]|siguiente"
_LAST_AFTER = r"dernière|dernier|passée?|pasad[oa]"
_NEXT_WEEK = (
    r"next\sweek|(?:in\sder\s)?(?:nächste[nr]?|kommende[nr]?)\sWoche"
    r"|(?:de\s)?la\ssemaine\sprochaine|(?:de\s)?la\spróxima\ssemana|(?:de\s)?la\ssemana\sque\sviene"
)
_PERIOD = (
    rf"(?:(?:the|this|der|des|dieser|dieses|la|el|cette|ce|esta|este|de)\s|l['’])?"
    rf"(?P<next>(?:next|nächste[nrs]?|kommende[nrs]?|próxim[oa])\s)?"
    rf"(?:(?P<unit>{UNIT})(?P<next_after>\s(?:prochaine?|que\sviene|próxim[oa]))?"
    rf"|(?P<month>{MONTH})(?:\s(?:(?:de|del)\s)?(?P<year>\d{{4}}))?)"
)
_END_WORDS = {
    "eod": "day", "cob": "day", "eow": "week", "eom": "month", "eoq": "quarter", "eoy": "year",
    "monatsende": "month", "quartalsende": "quarter", "jahresende": "year",
}  # fmt: skip

Resolver = Callable[[re.Match[str], date], date | None]


def _rule(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?:{pattern})(?![^\W_])", re.IGNORECASE)


def coming(weekday: int, today: date) -> date:
    """The next such weekday after today."""
    return today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)


def of_next_week(weekday: int, today: date) -> date:
    """That weekday in the week after today's."""
    return today + timedelta(days=7 - today.weekday() + weekday)


def _weekday(word: str) -> int | None:
    word = word.lower()
    return next((n for name, n in WEEKDAYS.items() if word.startswith(name)), None)


def add(today: date, count: int, unit: str) -> date:
    """The day `count` units after today (before it when negative); months keep the day they can."""
    if unit == "week":
        return today + timedelta(weeks=count)
    if unit == "day":
        return today + timedelta(days=count)
    if unit == "business":
        step = 1 if count > 0 else -1
        for _ in range(abs(count)):
            today += timedelta(days=step)
            while today.weekday() > 4:
                today += timedelta(days=step)
        return today
    months = count * {"month": 1, "quarter": 3, "year": 12}[unit]
    year, month = divmod(today.year * 12 + today.month - 1 + months, 12)
    return date(year, month + 1, min(today.day, monthrange(year, month + 1)[1]))


def end_of(unit: str, today: date) -> date:
    """The last day of today's day, (working) week, month, quarter or year."""
    if unit in ("day", "business"):
        return today
    if unit == "week":
        friday = today + timedelta(days=4 - today.weekday())
        return friday if friday >= today else friday + timedelta(days=7)
    last_month = {"month": today.month, "quarter": (today.month + 2) // 3 * 3, "year": 12}[unit]
    return date(today.year, last_month, monthrange(today.year, last_month)[1])


def _counted(match: re.Match[str], today: date, sign: int) -> date | None:
    groups = match.groupdict()
    word = groups["n"].lower()
    count = int(word) if word.isdecimal() else NUMBERS[word]
    unit = UNITS[groups["unit"].lower()]
    if unit == "day" and (groups.get("business") or groups.get("business_after")):
        unit = "business"
    return add(today, sign * count, unit)


def _ahead(match: re.Match[str], today: date) -> date | None:
    return _counted(match, today, 1)


def _ago(match: re.Match[str], today: date) -> date | None:
    return _counted(match, today, -1)


def _next(match: re.Match[str], today: date) -> date | None:
    weekday = _weekday(match["what"])
    if weekday is not None:
        return of_next_week(weekday, today)
    return add(today, 1, UNITS[match["what"].lower()])


def _coming(match: re.Match[str], today: date) -> date | None:
    weekday = _weekday(match["what"])
    return None if weekday is None else coming(weekday, today)


def _this(match: re.Match[str], today: date) -> date | None:
    weekday = _weekday(match["what"])
    return None if weekday is None else coming(weekday, today - timedelta(days=1))


def _last(match: re.Match[str], today: date) -> date | None:
    weekday = _weekday(match["what"])
    if weekday is not None:
        return coming(weekday, today) - timedelta(days=7 if today.weekday() != weekday else 14)
    return add(today, -1, UNITS[match["what"].lower()])


def _in_next_week(match: re.Match[str], today: date) -> date | None:
    weekday = _weekday(match["what"])
    return None if weekday is None else of_next_week(weekday, today)


def _end_of_period(match: re.Match[str], today: date) -> date | None:
    if match["month"]:
        month = read_month(match["month"])
        first = (
            valid_date(int(match["year"]), month, 1)
            if match["year"]
            else nearest_year(month, 28, today)
        )
        return first and date(first.year, month, monthrange(first.year, month)[1])
    unit = UNITS[match["unit"].lower()]
    if match["next"] or match["next_after"]:
        today = add(today, 1, unit)
        today -= timedelta(days=today.weekday() if unit == "week" else 0)
    return end_of(unit, today)


def _end_word(match: re.Match[str], today: date) -> date | None:
    return end_of(_END_WORDS[match["word"].lower()], today)


def _middle(match: re.Match[str], today: date) -> date | None:
    month = read_month(match["month"])
    if match["year"]:
        return valid_date(int(match["year"]), month, 15)
    return nearest_year(month, 15, today)


_MIDDLE = rf"(?P<month>{MONTH})(?:\s(?:(?:de|del)\s)?(?P<year>\d{{4}}))?"
_RULES: tuple[tuple[str, str, Resolver], ...] = (
    (
        "in within binnen innerhalb dans d sous en dentro",
        (
            rf"(?:in(?:\sthe\snext)?|within(?:\sthe\snext)?|binnen|innerhalb\svon|dans|d['’]ici|sous|en"
            rf"|dentro\sde)\s{_COUNT}{_AFTER_COUNT}"
        ),
        _ahead,
    ),
    ("vor", rf"vor\s{_COUNT}", _ago),
    ("il", rf"il\sy\sa\s{_COUNT}", _ago),
    ("hace", rf"hace\s{_COUNT}", _ago),
    ("day", r"day\safter\stomorrow", lambda _, today: today + timedelta(days=2)),
    ("day", r"day\sbefore\syesterday", lambda _, today: today - timedelta(days=2)),
    ("après apres", r"apr[eè]s[\s-]demain", lambda _, today: today + timedelta(days=2)),
    ("avant", r"avant[\s-]hier", lambda _, today: today - timedelta(days=2)),
    ("aujourd", r"aujourd['’]hui", lambda _, today: today),
    ("pasado", r"pasado\smañana", lambda _, today: today + timedelta(days=2)),
    (
        (
            "next nächste nächsten nächster nächstes nächstem kommende kommenden kommender "
            "kommendes próximo próxima proximo proxima semaine semana"
        ),
        (
            rf"(?:{_NEXT_WEEK}|semaine\sprochaine|semana\sque\sviene),?\s(?:(?:on|am|el)\s)?"
            rf"(?P<what>{_FULL_WEEKDAY})"
        ),
        _in_next_week,
    ),
    (" ".join(WEEKDAYS), rf"(?P<what>{_FULL_WEEKDAY}),?\s(?:{_NEXT_WEEK})", _in_next_week),
    (
        (
            "next nächste nächsten nächster nächstes nächstem kommende kommenden kommender "
            "kommendes próximo próxima proximo proxima"
        ),
        rf"(?:{_NEXT})\s{_WHAT}",
        _next,
    ),
    ("coming this", rf"{_COMING}\s{_WHAT}", _coming),
    (
        "this diesen diese dieser dieses diesem ce cet cette este esta",
        rf"(?:{_THIS})\s{_WHAT}",
        _this,
    ),
    (
        (
            "last past letzte letzten letzter letztes letztem vergangene vergangenen vergangener "
            "vergangenes vorige vorigen voriger voriges"
        ),
        rf"(?:{_LAST})\s{_WHAT}",
        _last,
    ),
    (" ".join((*WEEKDAYS, *UNITS)), rf"{_WHAT}\s(?:{_NEXT_AFTER})", _next),
    (" ".join((*WEEKDAYS, *UNITS)), rf"{_WHAT}\s(?:{_LAST_AFTER})", _last),
    (
        "end ende fin final finales",
        rf"(?:end\sof|ende|fin(?:al|ales)?(?:\sd[eu]l?)?)\s(?!semana){_PERIOD}",
        _end_of_period,
    ),
    (" ".join(_END_WORDS), rf"(?P<word>{'|'.join(_END_WORDS)})", _end_word),
    ("month quarter year", r"(?P<unit>month|quarter|year)[\s-]end",
     lambda match, today: end_of(match["unit"].lower(), today)),
    ("mid mitte mi mediados", rf"(?:mid|mitte|mi|mediados\sde)[\s-]{_MIDDLE}", _middle),
)  # fmt: skip


def _by_first_word() -> dict[str, list[tuple[re.Pattern[str], Resolver]]]:
    rules: dict[str, list[tuple[re.Pattern[str], Resolver]]] = {}
    for words, pattern, resolve in _RULES:
        compiled = _rule(pattern)
        for word in words.split():
            rules.setdefault(word, []).append((compiled, resolve))
    return rules


_BY_FIRST_WORD = _by_first_word()
RELATIVE_WORDS = frozenset(_BY_FIRST_WORD)
"""The words that can begin a relative date of several words."""

_COUNT_BEFORE = re.compile(rf"(?<![\w.,]){_COUNT}\s$", re.IGNORECASE)
_FROM_NOW = re.compile(r"from\s(?:now|today)\b", re.IGNORECASE)


def relative(text: str, start: int, word: str, today: date) -> tuple[int, date] | None:
    """The end and the day of the relative date that begins with `word` (lower case) at `start`."""
    for pattern, resolve in _BY_FIRST_WORD.get(word, ()):
        match = pattern.match(text, start)
        day = _resolved(resolve, match, today) if match else None
        if match and day:
            return match.end(), day
    return None


def counted_before(text: str, start: int, word: str, today: date) -> tuple[int, int, date] | None:
    """`3 days ago`, `two weeks from now`, seen from its last words: start, end and day."""
    match = _FROM_NOW.match(text, start) if word == "from" else None
    if word == "from" and not match:
        return None
    window = max(0, start - 40)
    count = _COUNT_BEFORE.search(text[window:start])
    day = _resolved(_ago if word == "ago" else _ahead, count, today) if count else None
    end = match.end() if match else start + len(word)
    return (window + count.start(), end, day) if count and day else None


def _resolved(resolve: Resolver, match: re.Match[str], today: date) -> date | None:
    try:
        return resolve(match, today)
    except (OverflowError, ValueError):  # beyond the calendar's years
        return None
