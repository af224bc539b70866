"""The source text of formats that are stored encoded."""

from __future__ import annotations

import re
from pathlib import PurePath

from noond.llm.embedded.mail import mail_text

_FOLD = re.compile(r"\r?\n[ \t]")
_CALENDAR = re.compile(r"\s*BEGIN:V(?:CALENDAR|TODO|EVENT)\b", re.IGNORECASE)


def source_text(path: str, raw_text: str) -> str:
    """The text that quotes are taken from: iCalendar unfolded, mail decoded, the rest as it is.

    A mail becomes its Subject, From, To and Date lines and its readable body, without quoted
    history and signature. Pure; never raises for any text.
    """
    suffix = PurePath(path.replace("\\", "/")).suffix.lower()
    if is_calendar(path, raw_text):
        return _FOLD.sub("", raw_text)
    if suffix in (".eml", ".emlx"):
        return mail_text(raw_text)
    return raw_text


def is_calendar(path: str, text: str) -> bool:
    """Whether a file is iCalendar: by its suffix and by how it begins."""
    suffix = PurePath(path.replace("\\", "/")).suffix.lower()
    return suffix in (".ics", ".ical", ".icalendar", ".ifb") or bool(_CALENDAR.match(text))
