"""todo.txt (todotxt.org): one task a line; `x`, `(A)`, dates, `+project`, `@context`, `due:`."""

from __future__ import annotations

import re
from pathlib import PurePath

from noond.llm.embedded.outline import LINE_LIMIT, split_lines
from noond.llm.embedded.reading import Reading
from noond.llm.embedded.tasktext import read_task
from noond.llm.embedded.titles import clean_title, has_words
from noond.models.document import Candidate, Table

_DAY = r"\d{4}-\d\d-\d\d"
_HEAD = re.compile(
    rf"(?P<done>x\s+)?(?:\((?P<priority>[A-Z])\)\s+)?(?:(?P<first>{_DAY})\s+)?(?:(?P<second>{_DAY})\s+)?"
)
_PRIORITY_KEY = re.compile(r"(?<!\S)pri:([A-Z])(?!\S)", re.IGNORECASE)
_KEY = re.compile(r"(?<!\S)[a-zA-Z][\w-]{0,20}:(?!/)\S{1,80}")
_PROJECT = re.compile(r"(?<!\S)\+(\S{1,60})")
_CONTEXT = re.compile(r"(?<!\S)@\S{1,60}")
_TRAIT = re.compile(
    rf"(?:x\s+{_DAY}\s|\([A-Z]\)\s|{_DAY}\s(?!\d?\d:\d\d)\S)|.*(?<!\S)(?:\+[A-Za-z]\w*|(?:due|t"
    rf"|rec|pri):\S+)(?!\S)"
)
_SAMPLE = 200


def is_todotxt(path: str, text: str) -> bool:
    """Whether the file is todo.txt: by its name, or because most of its lines look so."""
    name = PurePath(path.replace("\\", "/")).name.lower()
    if name in ("todo.txt", "done.txt", "report.txt") or name.endswith((".todo.txt", ".todotxt")):
        return not re.search(
            r"^[ \t]{0,8}(?:#{1,6}\s|[-*+]\s|todo\s?:)", text[:20_000], re.MULTILINE | re.IGNORECASE
        )
    if not name.endswith(".txt"):
        return False
    lines = [line for line in text[:40_000].split("\n") if line.strip()][:_SAMPLE]
    traits = sum(1 for line in lines if len(line) < LINE_LIMIT and _TRAIT.match(line))
    return len(lines) >= 2 and traits * 10 >= len(lines) * 7


def read_todotxt(reading: Reading) -> list[Candidate]:
    """A task for each line that says anything."""
    made: list[Candidate] = []
    for start, line in split_lines(reading.text):
        if line.strip() and len(line) <= LINE_LIMIT and not line.lstrip().startswith("#"):
            candidate = _task(start, line, reading)
            if candidate:
                made.append(candidate)
    return made


def _task(start: int, line: str, reading: Reading) -> Candidate | None:
    head = _HEAD.match(line)
    rest_start = head.end() if head else 0
    text = line[rest_start:]
    letter = (head["priority"] if head else None) or next(
        (m[1].upper() for m in _PRIORITY_KEY.finditer(text)), None
    )
    project_id = None
    for match in _PROJECT.finditer(text):
        name = match[1]
        project_id = project_id or reading.project_named(name)
        project_id = project_id or reading.project_named(re.sub(r"[-_]", " ", name))
        project_id = project_id or reading.project_named(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name))
    due = next(
        (
            reading.ms(found)
            for match in re.finditer(r"(?<!\S)due:(\S{1,40})", text)
            for found in reading.dates.find(match[1])[:1]
        ),
        None,
    )
    plain = _CONTEXT.sub(" ", _PROJECT.sub(" ", _KEY.sub(" ", text)))
    title = clean_title(plain)
    if due is None:
        task = read_task(plain, reading, at_is_person=False)
        due, title = task.due, task.title
    if not has_words(title):
        return None
    data = {
        "title": title,
        "status": "done" if head and head["done"] else "todo",
        "priority": {"A": "high", "B": "medium"}.get(letter, "low") if letter else None,
        "dueDate": due,
        "projectId": project_id or reading.project_id,
    }
    return reading.candidate(Table.TASKS, data, start + rest_start, start + len(line))
