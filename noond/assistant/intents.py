"""What a message is about, told by rules: the intent, and the people, places and times in it.

The categories are those by which requests are counted; calendar tools act on them. English,
German, French and Spanish.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo

from noond.llm.dates import find_dates
from noond.llm.dates.words import MONTHS


class Intent(StrEnum):
    """What somebody wants of a calendar."""

    SCHEDULE_MEETING = "schedule_meeting"
    SCHEDULE_SOCIAL = "schedule_social"
    CREATE_EVENT = "create_event"
    VIEW_CALENDAR = "view_calendar"
    FIND_EVENT = "find_event"
    MODIFY_EVENT = "modify_event"
    CANCEL_EVENT = "cancel_event"


def _words(text: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{text})\b", re.IGNORECASE)


_CANCEL: Final = _words(
    r"cancel|call off|delete|remove|absagen|sage? .{1,40} ab|lösch\w*|streich\w*|annul\w+|"
    r"supprim\w+|cancel\w+|elimin\w+"
)
_MODIFY: Final = _words(
    r"move|reschedule|postpone|shift|change|extend|shorten|verschieb\w*|verleg\w*|änder\w*|"
    r"déplac\w+|report\w+|modifi\w+|muev\w+|mover|aplaz\w+|cambi\w+"
)
_FIND: Final = _words(r"when (?:is|was|did|do)|find|search|look for|wann|such\w*|quand|cherch\w+|"
                      r"cuándo|cuando|busc\w+")  # fmt: skip
_CALENDAR: Final = _words(
    r"calendar|agenda|my day|am i free|kalender|termine|bin ich frei|calendrier|suis-je libre|"
    r"calendario|estoy libre"
)
_CREATE: Final = _words(
    r"schedule|book|set up|plan|arrange|add|create|put|organi[sz]e|make|plane?|buch\w*|trag\w*|"
    r"leg\w*|verabrede|planifi\w+|ajout\w+|crée\w*|organis\w+|program\w+|agend\w+|crea\w*|añad\w+"
)
_SOCIAL: Final = _words(
    r"coffee|lunch|dinner|breakfast|brunch|drinks?|beer|party|birthday|cinema|movie|kaffee|"
    r"mittagessen|abendessen|frühstück|bier|kino|geburtstag|café|déjeuner|dîner|cinéma|"
    r"anniversaire|comida|cena|desayuno|cerveza|cine|cumpleaños"
)
_MEETING: Final = _words(
    r"meeting|call|sync|stand-?up|review|1:1|one-on-one|interview|besprechung|treffen|termin mit|"
    r"anruf|réunion|appel|entretien|rendez-vous avec|reunión|llamada|entrevista"
)
_EVENT: Final = _words(
    r"event|appointment|reminder|meeting|call|termin\w*|besprechung|treffen|verabredung|"
    r"rendez-vous|réunion|événement|cita|evento|reunión|dentist|doctor|zahnarzt|arzt"
)
_PERSON: Final = r"[^\W\d_a-zß-ÿ][\w'\u2019-]+(?:\s[^\W\d_a-zß-ÿ][\w'\u2019-]+)?"
_PEOPLE: Final = re.compile(
    rf"\b(?:with|mit|avec|con|and|und|et|y|,)\s+({_PERSON})(?=$|[\s.,;:!?])"
)
_COMPANY: Final = re.compile(r"\b(?:with|mit|avec|con)\s", re.IGNORECASE)
_LOCATION: Final = re.compile(
    rf"\b(?:at|in|im|bei|beim|à|au|chez|en)\s+(?:the\s|der\s|dem\s|la\s|le\s|el\s)?({_PERSON})"
)
_CLOCK: Final = re.compile(
    r"\b(?:at\s|um\s|à\s|a las\s)?(\d{1,2}(?::\d\d)?\s?(?:am|pm|uhr|h)|\d{1,2}:\d\d)\b",
    re.IGNORECASE,
)


def extract_intent(text: str) -> Intent | None:
    """What the message wants of a calendar; None when it is about something else."""
    social, meeting = _SOCIAL.search(text), _MEETING.search(text)
    event = social or meeting or _EVENT.search(text)
    if event and _CANCEL.search(text):
        return Intent.CANCEL_EVENT
    if event and _MODIFY.search(text):
        return Intent.MODIFY_EVENT
    if event and _FIND.search(text):
        return Intent.FIND_EVENT
    if event and _CREATE.search(text):
        if social:
            return Intent.SCHEDULE_SOCIAL
        return Intent.SCHEDULE_MEETING if meeting else Intent.CREATE_EVENT
    return Intent.VIEW_CALENDAR if _CALENDAR.search(text) else None


def extract_entities(text: str, *, now: datetime, zone: ZoneInfo) -> dict[str, list[Any]]:
    """People, location and time as the message names them; only what it does name."""
    dates = find_dates(text, reference=now, zone=zone)
    spans = [(found.start, found.end) for found in dates]
    found: dict[str, list[Any]] = {
        "people": _names(_PEOPLE, text, spans) if _COMPANY.search(text) else [],
        "location": _names(_LOCATION, text, spans),
        "time": [
            each.day.isoformat() + (f"T{each.time:%H:%M}" if each.time else "") for each in dates
        ]
        or [match[1] for match in _CLOCK.finditer(text)],
    }
    return {kind: list(dict.fromkeys(values)) for kind, values in found.items() if values}


def _names(pattern: re.Pattern[str], text: str, dates: Sequence[tuple[int, int]]) -> list[str]:
    """What the pattern finds outside of dates: `in May 2027` names no place."""
    return [
        match[1]
        for match in pattern.finditer(text)
        if match[1].casefold() not in MONTHS
        and not any(start < match.end(1) and match.start(1) < end for start, end in dates)
    ]
