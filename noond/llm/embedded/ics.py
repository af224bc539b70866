"""iCalendar (RFC 5545): a VTODO becomes a task, a VEVENT a timeline.

The text is unfolded already (source.py), so each property is one line; values and parameters are
read by the icalendar library, line by line, so that one broken line costs only itself. A series
(RRULE) is one record with the day of its first event.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from icalendar import Parameters
from icalendar.parser import Contentline
from icalendar.prop import vDDDTypes, vText

from noond.clock import to_ms
from noond.llm.embedded.outline import split_lines
from noond.llm.embedded.reading import Reading, assignee
from noond.llm.embedded.titles import has_words
from noond.models.document import Candidate, Table

_WANTED = frozenset(
    "SUMMARY DESCRIPTION DUE DTSTART DURATION STATUS PRIORITY PERCENT-COMPLETE COMPLETED ATTENDEE"
    " RECURRENCE-ID CATEGORIES".split()
)
_NAME = re.compile(r"([A-Za-z-]{1,40})[;:]")
_STATUS = {"IN-PROCESS": "in_progress", "COMPLETED": "done", "NEEDS-ACTION": "todo"}
_VALUE_LIMIT = 20_000

# The library's own signatures are not annotated.
_read_line: Callable[[str], Contentline] = Contentline
_read_value: Callable[[str, str | None], object] = vDDDTypes.from_ical
_read_text: Callable[[str], str] = vText.from_ical


@dataclass(slots=True)
class _Property:
    params: Parameters
    value: str
    start: int
    end: int


@dataclass(slots=True)
class _Component:
    name: str
    properties: dict[str, list[_Property]] = field(default_factory=dict)

    def first(self, name: str) -> _Property | None:
        found = self.properties.get(name)
        return found[0] if found else None

    def text(self, name: str) -> str:
        found = self.first(name)
        return str(_read_text(found.value)) if found else ""


def read_ics(reading: Reading) -> list[Candidate]:
    """The tasks and timelines of a calendar's text."""
    made: list[Candidate] = []
    for component in _components(reading.text):
        read = _todo if component.name == "VTODO" else _event
        candidate = read(component, reading)
        if candidate:
            made.append(candidate)
    return made


def _components(text: str) -> Iterator[_Component]:
    stack: list[str] = []
    current: _Component | None = None
    for start, line in split_lines(text):
        upper = line[:40].upper()
        if upper.startswith("BEGIN:"):
            name = upper[6:].strip()
            if name in ("VTODO", "VEVENT"):
                current, stack = _Component(name), [name]
            elif current:
                stack.append(name)
        elif upper.startswith("END:"):
            if current and stack:
                stack.pop()
                if not stack:
                    yield current
                    current = None
        elif current and len(stack) == 1:
            _add_line(current, line, start)


def _add_line(component: _Component, line: str, start: int) -> None:
    match = _NAME.match(line)
    name = match[1].upper() if match else ""
    if name not in _WANTED or len(line) > _VALUE_LIMIT:
        return
    try:
        _, params, value = _read_line(line).parts()
    except ValueError:
        return
    found = _Property(params, value, start, start + len(line))
    component.properties.setdefault(name, []).append(found)


def _todo(component: _Component, reading: Reading) -> Candidate | None:
    status = component.text("STATUS").upper()
    summary = component.first("SUMMARY")
    if status == "CANCELLED" or not summary or not has_words(summary.value):
        return None
    done = component.first("COMPLETED") or component.text("PERCENT-COMPLETE") == "100"
    due = _due(component, reading)
    data = {
        "title": " ".join(component.text("SUMMARY").split()),
        "description": component.text("DESCRIPTION").strip(),
        "status": _STATUS.get(status) or ("done" if done else "todo"),
        "priority": _priority(component.text("PRIORITY")),
        "assignee": assignee(_people(component)),
        "dueDate": due,
        "projectId": _project(component, reading),
    }
    return reading.candidate(Table.TASKS, data, summary.start, summary.end)


def _event(component: _Component, reading: Reading) -> Candidate | None:
    summary = component.first("SUMMARY")
    start = _moment(component.first("DTSTART"), reading)
    if component.text("STATUS").upper() == "CANCELLED" or not summary or start is None:
        return None
    if component.first("RECURRENCE-ID") or not has_words(summary.value):
        return None
    data = {
        "title": " ".join(component.text("SUMMARY").split()),
        "date": _ms(start, reading.zone),
        "projectId": _project(component, reading),
    }
    return reading.candidate(Table.TIMELINES, data, summary.start, summary.end)


def _due(component: _Component, reading: Reading) -> int | None:
    due = _moment(component.first("DUE"), reading)
    if due is None:
        due = _moment(component.first("DTSTART"), reading)
        length = component.first("DURATION")
        if due is None or length is None:
            return None
        try:
            duration = _read_value(length.value, None)
            due = due + duration if isinstance(duration, timedelta) else due
        except (ValueError, OverflowError):
            return None
    return _ms(due, reading.zone)


def _moment(found: _Property | None, reading: Reading) -> date | datetime | None:
    """A DATE or DATE-TIME value; one without a zone is in the user's."""
    if not found:
        return None
    zone = str(found.params.get("TZID", "")) or None
    try:
        value = _read_value(found.value, zone)
    except (ValueError, KeyError, OverflowError):
        return None
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=reading.zone)
    return value if isinstance(value, date) else None


def _ms(moment: date | datetime, zone: ZoneInfo) -> int:
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day, tzinfo=zone)
    try:
        return to_ms(moment.astimezone(UTC))
    except OverflowError:
        return to_ms(moment.replace(tzinfo=UTC))


def _priority(text: str) -> str | None:
    """RFC 5545: 1 to 4 are high, 5 is medium, 6 to 9 are low, 0 says nothing."""
    level = int(text) if text.strip().isdecimal() and len(text) < 3 else 0
    if level == 0:
        return None
    return "high" if level < 5 else "medium" if level == 5 else "low"


def _people(component: _Component) -> list[str]:
    people = []
    for found in component.properties.get("ATTENDEE", []):
        name = str(found.params.get("CN", "")) or re.sub(r"(?i)^mailto:", "", found.value)
        if name.strip():
            people.append(name.strip())
    return people


def _project(component: _Component, reading: Reading) -> str | None:
    for found in component.properties.get("CATEGORIES", []):
        for name in found.value.split(","):
            project = reading.project_named(name)
            if project:
                return project
    return reading.project_id
