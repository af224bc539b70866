"""Time stamps that the text itself carries: a mail's Date header, the stamps of chat messages.

What such a message says relatively (`tomorrow`) counts from its own time, not the file's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime

SANE_YEARS = range(1970, 2200)
"""A stamp with another year is none."""

_MARKS = "[\u200e\u200f\u202a-\u202c\ufeff]?"
_DAY = (
    r"(?:\d{1,4}[./-]\s?(?:\d{1,2}|[^\W\d_]{3,5})[./-]\s?\d{2,4}|\d{1,2}\s[^\W\d_]{3,10}\.?\s\d{4})"
)
_TIME = r"\d{1,2}[:.]\d{2}(?:[:.]\d{2})?(?:[\s\u202f\u00a0]?[apAP]\.?\s?[mM]\.?)?"
_STAMP = rf"(?P<day>{_DAY})(?:,|T|\sat|\sum|\sà|\sa\slas)?[\s\u202f\u00a0]?(?P<time>{_TIME})"
_CLOCK = rf"(?P<time>{_TIME})"
_SENDER = r"(?P<sender>[^\n:\[\]<>]{1,60}?)"
_STYLES = tuple(
    re.compile(rf"^{_MARKS}{pattern}", re.MULTILINE)
    for pattern in (
        rf"\[{_STAMP}\]\s{{1,2}}{_SENDER}:(?:[ \t]|$)",
        rf"\[(?P<time>{_TIME}),\s(?P<day>{_DAY})\]\s{{1,2}}{_SENDER}:(?:[ \t]|$)",
        rf"{_STAMP}\s[-–—]\s{_SENDER}:(?:[ \t]|$)",
        rf"{_SENDER},?\s\[{_STAMP}\]:?[ \t]*$",
        rf"\[{_STAMP}\]\s{_SENDER}[ \t]*$",
        rf"\[?{_STAMP}\]?\s+<{_SENDER}>[ \t]",
        rf"{_STAMP}\s+{_SENDER}:[ \t]",
        rf"{_SENDER}\s[—–-]\s{_STAMP}[ \t]*$",
        rf"{_SENDER}[ \t]{{1,4}}\(?{_STAMP}\)?[ \t]*$",
    )
)
# Copied out of a chat's window: no day, so a sender must come again to make it a chat.
_TIMED_STYLES = tuple(
    re.compile(rf"^{_MARKS}{pattern}", re.MULTILINE)
    for pattern in (
        rf"{_SENDER}\n[ \t]{{0,4}}\[?{_CLOCK}\]?[ \t]*$",
        rf"{_SENDER}[ \t]{{1,4}}\[?{_CLOCK}\]?[ \t]*$",
        rf"\[?{_CLOCK}\]?[ \t]{{1,4}}(?:<{_SENDER}>|{_SENDER.replace('sender', 'named')}:)[ \t]",
    )
)
_CLOCK_SEEN = re.compile(r"\d[:.]\d\d")
_HEADERS = re.compile(r"(?:[A-Z][\w-]{1,30}:[^\n]{0,1000}\n){1,8}")
_DATE_HEADER = re.compile(r"^Date:[ \t]*([^\n]{6,80})$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """A message's head at text[start:end]: who, and when as written."""

    start: int
    end: int
    sender: str
    written: str


def chat_stamps(text: str) -> list[Stamp]:
    """The heads of a chat's messages, empty when the text is no chat: a chat has two or more."""
    if len(_CLOCK_SEEN.findall(text)) < 2:  # every style has a time
        return []
    best: list[re.Match[str]] = []
    for style in (*_STYLES, *_TIMED_STYLES):
        matches = [match for match in style.finditer(text) if _sender(match)]
        if style in _TIMED_STYLES and len({_sender(match) for match in matches}) == len(matches):
            continue
        if len(matches) > len(best):
            best = matches
    if len(best) < 2:
        return []
    return [
        Stamp(start=match.start(), end=match.end(), sender=_sender(match), written=_written(match))
        for match in best
    ]


def _sender(match: re.Match[str]) -> str:
    groups = match.groupdict()
    name = (groups["sender"] or groups.get("named") or "").strip(" \t~*_\u200e\u202a\u202c")
    return name if any(map(str.isalpha, name)) else ""


def _written(match: re.Match[str]) -> str:
    """Day and time; empty when the stamp has no day."""
    groups = match.groupdict()
    if not groups.get("day"):
        return ""
    return f"{groups['day']} {groups['time'].replace('.', ':')}".replace("\u202f", " ")


def mail_date(text: str) -> datetime | None:
    """The Date header (aware) when the text begins with a mail's headers."""
    headers = _HEADERS.match(text)
    date = _DATE_HEADER.search(text, 0, headers.end()) if headers else None
    if not date:
        return None
    try:
        moment = parsedate_to_datetime(date[1])
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo and moment.year in SANE_YEARS else None
