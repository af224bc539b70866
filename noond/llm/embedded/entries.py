"""Makes tasks of checkboxes, of entries in lists of tasks, and of lines with a task's marker."""

from __future__ import annotations

import re
from dataclasses import dataclass

from noond.llm.embedded.actors import Frame
from noond.llm.embedded.judgement import (
    is_cancelled,
    is_no_task,
    is_nothing,
    is_question,
    says_cancelled,
    without_done_mark,
)
from noond.llm.embedded.markers import Marker
from noond.llm.embedded.outline import Line, mask_code
from noond.llm.embedded.reading import Reading
from noond.llm.embedded.taskfields import TaskText, is_meta_line
from noond.llm.embedded.tasktext import read_task
from noond.llm.embedded.titles import has_words
from noond.llm.embedded.vocabulary import status_of
from noond.models.document import Candidate, Table

_BOX_STATUS = {
    " ": "todo", ">": "todo", "<": "todo", "!": "todo", "*": "todo",
    "/": "in_progress", "o": "in_progress", "~": "in_progress", ".": "in_progress",
    "x": "done", "X": "done", "✓": "done", "✔": "done",
}  # fmt: skip
_PLURAL_MARKER = re.compile(r"s$|étapes$|schritte$|pasos$|pendientes$")
_TEMPLATE = re.compile(r"^(?:<[^<>]*>|\{\{?[^{}]*\}?\}|\[[^\[\]]*\]|…|\.{3}|_+)$")
_HANDLE = re.compile(r"@?[\w.-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What the surroundings add to a task: where it ends, whose list it is in, if in any."""

    reading: Reading
    end: int
    people: list[str]
    listed: bool


def checkbox_task(line: Line, text: str, marker: Marker | None, place: Place) -> Candidate | None:
    """The task of a line with a checkbox, unless it is off, empty or a template's."""
    status = _BOX_STATUS.get(line.box or "")
    off = says_cancelled(text) if status == "done" else is_cancelled(text)
    if status is None or off or is_nothing(text) or _TEMPLATE.match(text):
        return None
    if status == "todo" and line.section and status_of(line.section.title) == "in_progress":
        status = "in_progress"
    who = ""
    if marker and not marker.start:
        text, who = text[marker.rest_start :], marker.who
    text = re.sub(r"^~~(.*)~~$", r"\1", text)
    priority = "high" if line.box == "!" else None
    frame = Frame.LIST if place.listed or marker else Frame.BOX
    return _task(
        text, line.body_start, place, status=status, who=who, priority=priority, frame=frame
    )


def listed_task(line: Line, text: str, place: Place) -> Candidate | None:
    """The task of an entry below `Next steps` and the like, unless it is none."""
    if line.masked.startswith("\x00") or _TEMPLATE.match(text):
        return None
    if text.rstrip(" *_").endswith(":"):
        return None  # a heading without a list
    text, done = without_done_mark(text)
    if is_no_task(mask_code(text)):
        return None
    return _task(text, line.body_start, place, status="done" if done else None)


def marked_tasks(line: Line, rest: str, marker: Marker, place: Place) -> list[Candidate]:
    """The task after a marker; after a plural one perhaps several, parted by semicolons."""
    parts = [rest]
    if _PLURAL_MARKER.search(marker.word) and "; " in rest:
        pieces = rest.split("; ")
        parts = parts if is_meta_line(pieces[1]) else pieces
    made = []
    for part in parts:
        text, done = without_done_mark(part)
        if is_nothing(text) or is_question(text) or is_cancelled(text):
            continue
        status = "done" if done else None
        made.append(
            _task(text, line.body_start + marker.start, place, status=status, who=marker.who)
        )
    return [candidate for candidate in made if candidate]


def _task(
    text: str,
    start: int,
    place: Place,
    *,
    status: str | None = None,
    who: str = "",
    priority: str | None = None,
    frame: Frame = Frame.LIST,
) -> Candidate | None:
    reading = place.reading
    task = read_task(text, reading, frame=frame)
    if task.status == "cancelled" or not has_words(task.title):
        return None
    if who and not task.people:
        _take_who(task, who, reading)
    task.people = task.people or place.people
    data = task.data()
    data["status"] = status if status and status != "todo" else task.status or status
    data["priority"] = task.priority or priority
    data["projectId"] = task.project_id or reading.project_id
    return reading.candidate(Table.TASKS, data, start, place.end)


def _take_who(task: TaskText, who: str, reading: Reading) -> None:
    """What stands in a marker's parentheses: people, perhaps a day or a priority."""
    named = read_task(who, reading)
    task.due = named.due if task.due is None else task.due
    task.priority = task.priority or named.priority
    task.people = named.people or reading.people.listed(named.title, framed=True)
    if not task.people and _HANDLE.fullmatch(who) and named.due is None and not named.priority:
        task.people = [who.lstrip("@")]
