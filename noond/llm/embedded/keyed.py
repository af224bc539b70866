"""A task on one line of keys and values: `Owner: Ana · Task: order chairs · Due: 4 May`."""

from __future__ import annotations

import re

from noond.llm.embedded.cells import read_owners
from noond.llm.embedded.entries import Place
from noond.llm.embedded.judgement import is_no_task, is_nothing
from noond.llm.embedded.reading import Reading
from noond.llm.embedded.taskfields import ANY_KEY, KIND_OF, TaskText
from noond.llm.embedded.tasktext import read_task
from noond.llm.embedded.titles import has_words
from noond.models.document import Candidate, Table

_TASK_KEY = (
    r"task|action(?:\sitem)?|todo|to\sdo|aufgabe|maßnahme|zu\stun|tâche|à\sfaire|tarea|acción"
)
_SOON = re.compile(
    r"asap|open|soon|as\ssoon\sas\spossible|offen|bald|sofort|dringend|so\s?bald\swie\smöglich|urgente?"
    r"|dès\sque\spossible|lo\santes\sposible",
    re.IGNORECASE,
)
_PART = re.compile(
    r"\s+[·•|/–—-]\s+|\s*[;|·•]\s+|,\s+(?=[^\W\d_]+(?:\s[^\W\d_]+)?\s?:)|\s{2,}|\.\s+(?=[^\W\d_]+\s?:)"
)
_PAIR = re.compile(
    rf"[*_]{{0,2}}(?:(?P<task>{_TASK_KEY})|(?P<key>{ANY_KEY}))[*_]{{0,2}}\s?:[*_]{{0,2}}\s*(?P<value>\S.*)",
    re.IGNORECASE,
)


def keyed_task(body: str, start: int, place: Place) -> Candidate | None:
    """The task of a line that is nothing but keys and values, with a task's and another's."""
    pairs = _pairs(body)
    title = next((pair["value"] for pair in pairs if pair["task"]), None)
    if title is None or is_no_task(title):
        return None
    reading = place.reading
    task = read_task(title, reading)
    for pair in pairs:
        key = " ".join((pair["key"] or "").lower().split())
        if key and not _take(task, key, pair["value"], reading):
            return None
    if task.status == "cancelled" or not has_words(task.title):
        return None
    data = task.data() | {"projectId": task.project_id or reading.project_id}
    return reading.candidate(Table.TASKS, data, start, place.end)


def is_keyed(body: str) -> bool:
    """Whether a line is nothing but keys and values, with a task's and another's."""
    return bool(_pairs(body))


def _pairs(body: str) -> list[re.Match[str]]:
    if body.count(":") < 2:
        return []
    parts = [_PAIR.fullmatch(part.strip()) for part in _PART.split(body) if part.strip()]
    pairs = [pair for pair in parts if pair]
    one_task = sum(pair["task"] is not None for pair in pairs) == 1
    return pairs if one_task and 2 <= len(pairs) == len(parts) else []


def _take(task: TaskText, key: str, value: str, reading: Reading) -> bool:
    """Take a value over; False when a day is none."""
    if KIND_OF[key] == "owner":
        task.people += read_owners(value)
        return True
    dates = reading.dates.find(value, cell=True)
    taken = task.take(KIND_OF[key], value, dates[0] if dates else None, reading)
    return taken or KIND_OF[key] != "due" or is_nothing(value) or bool(_SOON.fullmatch(value))
