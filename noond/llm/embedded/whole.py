"""What concerns a document as a whole: its declared type, a mail's head."""

from __future__ import annotations

import re
from email.utils import parseaddr
from pathlib import PurePath

from noond.llm.embedded import notes
from noond.llm.embedded.cells import read_owners
from noond.llm.embedded.front_matter import FrontMatter
from noond.llm.embedded.outline import Kind, Line
from noond.llm.embedded.reading import Reading, assignee
from noond.llm.embedded.tasktext import read_task
from noond.llm.embedded.vocabulary import priority_of, status_of
from noond.models.document import Candidate, Table

_NOTE_TYPES = frozenset(
    "note notes notiz nota decision entscheidung beschluss décision decisión".split()
)
_PROJECT_TYPES = frozenset("project projekt projet proyecto".split())
_TASK_TYPES = frozenset("task todo aufgabe tâche tarea".split())
_FROM = re.compile(r"^From:[ \t]*([^\n]{1,300})$", re.MULTILINE)


def mail_sender(text: str) -> str | None:
    """The name of who sent the mail, if its head gives one."""
    header = _FROM.search(text[: mail_body_start(text)])
    name = parseaddr(header[1])[0] if header else ""
    return name.strip() or None


def mail_body_start(text: str) -> int:
    """Where the body begins: after the first empty line."""
    blank = text.find("\n\n")
    return len(text) if blank < 0 else blank + 2


def read_typed(
    matter: FrontMatter, lines: list[Line], path: str, reading: Reading
) -> list[Candidate]:
    """The record that the document itself is, when its front matter has such a `type`."""
    kind = matter.first("type", "typ", "tipo", "kind").casefold()
    if kind not in _NOTE_TYPES | _PROJECT_TYPES | _TASK_TYPES:
        return []
    heading = next((line for line in lines if line.kind is Kind.HEADING and line.body), None)
    name = PurePath(path.replace("\\", "/")).stem
    title = matter.first("title", "titel", "titre", "título", "name") or (
        heading.body if heading else name
    )
    start, end = _title_line(title, matter, heading, reading.text) or _opening(lines, matter)
    if kind in _PROJECT_TYPES:
        made = notes.project(title, start, end, reading)
    elif kind in _NOTE_TYPES:
        body_start = heading.end if heading and not _visible_before(lines, heading) else matter.end
        body = reading.text[body_start:].strip()
        made = notes.note(body, start, end, reading, title)
    else:
        made = _task(title, matter, start, end, reading)
    return [made] if made else []


def _title_line(
    title: str, matter: FrontMatter, heading: Line | None, text: str
) -> tuple[int, int] | None:
    """Where the title is written: in the front matter, else the heading."""
    place = text.find(title, 0, matter.end)
    if place >= 0:
        end = text.find("\n", place)
        return text.rfind("\n", 0, place) + 1, end
    return (heading.start, heading.end) if heading and heading.body == title else None


def _visible_before(lines: list[Line], heading: Line) -> bool:
    return any(line.kind is not Kind.BLANK for line in lines if line.start < heading.start)


def _opening(lines: list[Line], matter: FrontMatter) -> tuple[int, int]:
    """The first paragraph (with its heading), or the front matter when nothing follows."""
    visible = [line for line in lines if line.kind is not Kind.BLANK]
    if not visible:
        return 0, matter.end
    start, end = visible[0].start, visible[0].end
    for line in visible[1:]:
        if line.kind is Kind.HEADING or (line.start > end + 1 and end > visible[0].end):
            break
        end = line.end
    return start, end


def _task(
    title: str, matter: FrontMatter, start: int, end: int, reading: Reading
) -> Candidate | None:
    status = status_of(matter.first("status", "state", "statut", "estado"))
    if status == "cancelled":
        return None
    due = reading.dates.find(
        matter.first("due", "deadline", "due date", "fällig", "échéance", "vence")
    )
    owners = [
        owner
        for key in ("assignee", "owner", "assigned", "verantwortlich", "responsable")
        for value in matter.values.get(key, [])
        for owner in read_owners(value)
    ]
    task = read_task(title, reading)
    data = task.data() | {
        "status": status,
        "priority": priority_of(matter.first("priority", "priorität", "priorité", "prioridad")),
        "assignee": assignee(owners) or task.data()["assignee"],
        "dueDate": reading.ms(due[0]) if due else task.due,
        "projectId": reading.project_id,
    }
    return reading.candidate(Table.TASKS, data, start, end) if task.title else None
