"""Tables with a header row, of Markdown or CSV: a record a row."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from noond.llm.embedded.cells import cell_date, plain_cell, read_owners, state_of
from noond.llm.embedded.columns import Grid, understand
from noond.llm.embedded.judgement import is_nothing
from noond.llm.embedded.milestones import is_reached
from noond.llm.embedded.outline import Line, mask_code
from noond.llm.embedded.reading import Reading, assignee
from noond.llm.embedded.tasktext import read_task
from noond.llm.embedded.titles import clean_title, has_words
from noond.llm.embedded.vocabulary import priority_of, status_of
from noond.models.document import Candidate, Table

_SEPARATOR = re.compile(r"\s*\|?\s*:?-{1,}:?\s*(?:[|+]\s*:?-{1,}:?\s*)*\|?\s*$")
_CELL_END = re.compile(r"(?<!\\)\|")
_SUM = re.compile(
    r"(?:sub|sous|grand|zwischen|end|gesamt)?[\s-]?"
    r"(?:totals?|totaux|totales|sum|summe|somme|suma|gesamt)(?:\s[^\W_]+){0,2}\s?:?",
    re.IGNORECASE,
)
_ENTRY = re.compile(
    r"(?:(?:[-*+•]|\d{1,3}[.)])\s+)?(?:(?P<open>\[ ?\]|☐)|(?P<done>\[[xX]\]|[☑✅✓✔]))?\s*"
)
_NO = frozenset({"", "false", "no", "0"})


def read_table(lines: list[Line], reading: Reading) -> list[Candidate]:
    """The records of a Markdown table; the lines are its rows, the header first."""
    grid, rows = understood_table(lines, reading)
    return read_rows(grid, rows, reading) if grid else []


def read_rows(
    grid: Grid, rows: Sequence[tuple[list[str], Line]], reading: Reading
) -> list[Candidate]:
    """The records of the rows of a table whose columns are understood."""
    made = (read_row(grid, row, line.start, line.end, reading) for row, line in rows)
    return [candidate for candidate in made if candidate]


def understood_table(
    lines: list[Line], reading: Reading
) -> tuple[Grid | None, list[tuple[list[str], Line]]]:
    """The columns of a Markdown table and the rows below its header, each with its line."""
    if len(lines) < 3 or not _SEPARATOR.match(lines[1].body):
        return None, []
    header = split_cells(_row(lines[0], reading))
    rows = [(split_cells(_row(line, reading)), line) for line in lines[2:]]
    return understand(header, [row for row, _ in rows], reading, explicit_only=True), rows


def _row(line: Line, reading: Reading) -> str:
    """A row as it is written: it may begin as an item of a list does."""
    return reading.text[line.start : line.end]


def is_separator(body: str) -> bool:
    """Whether a line is the rule below a Markdown table's header."""
    return "|" in body and bool(_SEPARATOR.match(body))


def split_cells(body: str) -> list[str]:
    """The cells of a Markdown table's row, with or without outer pipes."""
    body = body.strip().removeprefix("|")
    if body.endswith("|") and not body.endswith("\\|"):
        body = body[:-1]
    masked = re.sub(
        r"\[\[[^\[\]\n]*\]\]", lambda m: m.group().replace("|", "\x01"), mask_code(body)
    )
    cells, start = [], 0
    for bar in _CELL_END.finditer(masked):
        cells.append(body[start : bar.start()].strip())
        start = bar.end()
    return [*cells, body[start:].strip()]


def read_row(
    grid: Grid, row: Sequence[str], start: int, end: int, reading: Reading
) -> Candidate | None:
    """The record of one row, quoting text[start:end]."""
    title_cell = grid.cell(row, "title")
    if is_nothing(title_cell) or not has_words(title_cell) or _is_heading(grid, row):
        return None
    project_id = reading.project_named(plain_cell(grid.cell(row, "project"))) or reading.project_id
    if grid.table is Table.TIMELINES:
        date = cell_date(grid.cell(row, "date"), reading)
        if not date or is_reached(title_cell) or _status(grid, row) in ("done", "cancelled"):
            return None
        data = {
            "title": clean_title(title_cell),
            "date": reading.ms(date),
            "projectId": project_id,
        }
        return reading.candidate(Table.TIMELINES, data, start, end)
    return _task_row(grid, row, start, end, reading, project_id)


def _is_heading(grid: Grid, row: Sequence[str]) -> bool:
    """Whether a row only names a sum or a group of rows: `TOTAL`, `Done`."""
    title = plain_cell(grid.cell(row, "title"))
    if grid.cell(row, "owner") or grid.cell(row, "due"):
        return False
    alone = sum(map(bool, row)) == 1 and status_of(title) is not None
    return alone or bool(_SUM.fullmatch(title))


def _task_row(
    grid: Grid, row: Sequence[str], start: int, end: int, reading: Reading, project_id: str | None
) -> Candidate | None:
    title = grid.cell(row, "title")
    entry = _ENTRY.match(title)
    status = _status(grid, row) or ("done" if entry and entry["done"] else None)
    if status == "cancelled" or grid.cell(row, "type").casefold() in ("section", "note"):
        return None
    due = cell_date(grid.cell(row, "due"), reading)
    task = read_task(
        title[entry.end() :] if entry else title,
        reading,
        # In a tracker's own title `@word` is its label; people have their column.
        at_is_person="owner" not in grid.columns,
        # So have days, when they have one.
        days_in_words=due is None,
    )
    if not has_words(task.title) or "~~" in title:
        return None
    data: dict[str, Any] = task.data() | {
        "status": status or task.status,
        "priority": priority_of(grid.cell(row, "priority")) or task.priority,
        "projectId": project_id or task.project_id,
        "description": grid.cell(row, "description") or None,
    }
    owners = read_owners(grid.cell(row, "owner"))
    if owners:
        data["assignee"] = assignee(owners)
    if due:
        data["dueDate"] = reading.ms(due)
    return reading.candidate(Table.TASKS, data, start, end)


def _status(grid: Grid, row: Sequence[str]) -> str | None:
    """The state of a row; a state that nobody knows is none that is open."""
    if grid.cell(row, "cancelled").casefold() not in _NO:
        return "cancelled"
    state = state_of(grid.cell(row, "status"))
    if "status" not in grid.columns and state_of(grid.cell(row, "description")) == "done":
        return "done"  # "✅ done" among the notes
    if state == "unknown":
        return "cancelled"
    if grid.cell(row, "completed").casefold() not in _NO:
        return state if state == "cancelled" else "done"
    listed = state_of(grid.cell(row, "list"))
    further = state in (None, "todo") and listed in ("in_progress", "done", "cancelled")
    return listed if further else state
