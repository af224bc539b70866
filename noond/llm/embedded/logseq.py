"""Logseq's tasks: a keyword after the bullet, planning and properties in the lines below."""

from __future__ import annotations

import re

from noond.llm.embedded.actors import Frame
from noond.llm.embedded.markers import is_definition
from noond.llm.embedded.outline import Kind, Line
from noond.llm.embedded.reading import Reading
from noond.llm.embedded.tasktext import read_task
from noond.llm.embedded.titles import has_words
from noond.models.document import Candidate, Table

KEYWORD_STATUS = {
    "TODO": "todo", "LATER": "todo", "WAITING": "todo", "WAIT": "todo", "NEXT": "todo",
    "HOLD": "todo", "DOING": "in_progress", "NOW": "in_progress", "STARTED": "in_progress",
    "IN-PROGRESS": "in_progress", "INPROGRESS": "in_progress", "DONE": "done",
    "CANCELED": "cancelled", "CANCELLED": "cancelled", "KILL": "cancelled",
}  # fmt: skip
_KEYWORD = re.compile(
    r"(TODO|LATER|WAITING|WAIT|DOING|NOW|IN-PROGRESS|DONE|CANCELED|CANCELLED)\s+(?:[–—-]\s+)?(?=\S)"
)
PLANNING = re.compile(r"(DEADLINE|SCHEDULED|CLOSED):\s*[<\[]([^<>\[\]\n]{8,60})[>\]]")
_DRAWER = re.compile(r":(LOGBOOK|END|PROPERTIES):$|CLOCK:|[\w-]+::\s?.*$")


def read_keyword(
    lines: list[Line], index: int, reading: Reading
) -> tuple[Candidate | None, int] | None:
    """The task of a bullet that begins with a keyword, None when cancelled; the index after."""
    line = lines[index]
    match = _KEYWORD.match(line.masked)
    if not match or not line.bullet or is_definition(line.masked[match.end() :], bare=True):
        return None
    status = KEYWORD_STATUS[match[1]]
    text = line.body[match.end() :]
    planning: dict[str, int] = {}
    end, span_end = index + 1, line.end
    while (
        end < len(lines)
        and lines[end].kind in (Kind.TEXT, Kind.CODE)
        and lines[end].indent >= line.indent
    ):
        body = lines[end].body
        plans = read_planning(body, reading)
        if plans:
            planning |= plans
            span_end = lines[end].end
        elif _DRAWER.match(body):
            text += f" [{body}]" if "::" in body else ""
        else:
            break
        end += 1
    planning |= read_planning(text, reading)
    task = read_task(PLANNING.sub(" ", text), reading, frame=Frame.LIST)
    if status == "cancelled" or not has_words(task.title):
        return None, end
    due = planning.get("DEADLINE", task.due)
    data = task.data() | {
        "status": status,
        "dueDate": due if due is not None else planning.get("SCHEDULED"),
        "projectId": task.project_id or reading.project_id,
    }
    return reading.candidate(Table.TASKS, data, line.body_start + match.end(), span_end), end


def read_planning(text: str, reading: Reading) -> dict[str, int]:
    """`DEADLINE: <2026-03-12 Thu 14:00>` and its like: keyword to milliseconds."""
    planning: dict[str, int] = {}
    for match in PLANNING.finditer(text):
        found = reading.dates.find(match[2])
        if found:
            planning[match[1]] = reading.ms(found[0])
    return planning
