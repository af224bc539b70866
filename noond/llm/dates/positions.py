"""Places that make a date of what could be something else: `(14/5)`, `– 13.2.`, `, Fri` at an end.

In running text `3/4` is a fraction and `So` a word. A whole parenthesis, or a whole segment behind
a dash or a comma, at the end of a line or of a table's cell is where people put a day.
"""

from __future__ import annotations

import re

from noond.llm.dates.words import WEEKDAY_SHORT

_FLAGS = re.IGNORECASE
_BEFORE = re.compile(r"(?P<strong>[(\[]|\s[–—-]\s|[;)]\s)$|,\s$")
_TAIL = (
    r"(?=[.!]?(?:(?P<more>,\s[^()\[\]\n|]{1,40})?[)\]])?"
    r"(?:\s[@#][\w/-]{1,40}){0,4}[ \t.!*_~]*(?:\n|\||$))"
)
_LINE_START = re.compile(r"(?:^|\n)[ \t]*(?:[-*+•·][ \t]+)?[*_]{0,2}$")
_LEADING = re.compile(
    r"(?:(?P<first>\d{1,2})/(?P<second>\d{1,2})|\d{1,2}\.\s?\d{1,2}\.)[*_]{0,2}"
    r"(?:\s?:\s|\s[–—-]\s|[ \t]{2,}|\t)(?=[^\W\d_])"
)
_SLASHED = re.compile(rf"(?P<first>\d{{1,2}})/(?P<second>\d{{1,2}}){_TAIL}")
_DOTTED = re.compile(rf"\d{{1,2}}\.\s?\d{{1,2}}\.{_TAIL}")
_WEEKDAY = re.compile(rf"(?P<word>{WEEKDAY_SHORT}){_TAIL}", _FLAGS)
_ALONE = re.compile(rf"{WEEKDAY_SHORT}\.?(?=\W*$|,?\s\d)", _FLAGS)
# Short weekdays that are written small and are no other word.
_SMALL = frozenset(
    "lun mié jue vie sáb ven sam dim mon tue tues wed thu thurs fri".split()
)  # fmt: skip


def _lead(text: str, start: int) -> re.Match[str] | None:
    return _BEFORE.search(text[max(0, start - 3) : start])


def follows_mark(text: str, start: int) -> bool:
    """Whether a bracket, dash or comma leads what begins at `start`: cheap to ask first."""
    return _lead(text, start) is not None


def closes_with_day(text: str, start: int, *, day_first: bool) -> bool:
    """Whether `14/5` or `13.2.` at `start` is all of a segment or parenthesis at an end.

    Slashes count only where a fraction or a part of many (`1/3`) can't be meant.
    """
    if not _lead(text, start):
        return False
    if _DOTTED.match(text, start):
        return True
    match = _SLASHED.match(text, start)
    if not match or match.group() == "24/7":
        return False
    first, second = int(match["first"]), int(match["second"])
    padded = match["first"].startswith("0") or match["second"].startswith("0")
    # "(2/8)" is the second of eight as well, "(2/8, Ana)" hardly.
    clear = padded or bool(match["more"])
    return clear or first > second or (not day_first and second > 12)


def opens_with_day(text: str, start: int) -> bool:
    """Whether `16/10` or `3.5.` at `start` opens a line, parted from the words behind it."""
    match = _LEADING.match(text, start)
    if not match or not _LINE_START.search(text[max(0, start - 12) : start]):
        return False
    if not match["first"]:
        return True
    padded = match["first"].startswith("0") or match["second"].startswith("0")
    return padded or int(match["first"]) > int(match["second"])


def closes_with_weekday(text: str, start: int, *, english: bool) -> bool:
    """Whether a short weekday at `start` is all of a segment or parenthesis at an end.

    Two letters count in other languages than English only, and not behind a comma, where names
    stand too.
    """
    lead, match = _lead(text, start), _WEEKDAY.match(text, start)
    if not lead or not match:
        return False
    word = match["word"]
    small = word.lower()
    if not word[0].isupper():
        return small in _SMALL
    if small == "mar":
        return not english
    return len(word) > 2 or (not english and bool(lead["strong"]))


def is_weekday_alone(text: str, start: int) -> bool:
    """Whether the text is a short weekday, perhaps with a time: `Fr.` is one, `Fr. Theis` none."""
    return not text[:start].strip(" (*_") and bool(_ALONE.match(text, start))
