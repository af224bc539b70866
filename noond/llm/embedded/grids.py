"""Tables with a header row, of Markdown or CSV: which column says what, and a record a row."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from noond.llm.dates import FoundDate
from noond.llm.embedded.judgement import is_nothing
from noond.llm.embedded.outline import Line, mask_code
from noond.llm.embedded.reading import Reading, assignee
from noond.llm.embedded.tasktext import read_task
from noond.llm.embedded.titles import clean_title, has_words
from noond.llm.embedded.vocabulary import priority_of, status_of
from noond.models.document import Candidate, Table

Column = Literal[
    "task", "title", "milestone", "owner", "due", "date", "status", "priority", "project",
    "description", "completed", "cancelled", "type",
]  # fmt: skip
_HEADERS: dict[Column, str] = {
    "task": "task, tasks, action, actions, action item, action items, todo, to do, to-do, what, "
    "task name, "
    "activity, deliverable, next step, aufgabe, aufgaben, maßnahme, massnahme, was, tätigkeit, "
    "to-dos, "
    "tâche, tâches, quoi, à faire, tarea, tareas, acción, qué, actividad, por hacer, card name, "
    "next steps, follow-up",
    "title": "title, summary, name, content, subject, item, issue, ticket, story, titel, "
    "zusammenfassung, "
    "betreff, vorgang, titre, résumé, nom, objet, intitulé, título, resumen, nombre, asunto, "
    "issue title, thema, sujet",
    "milestone": "milestone, milestones, meilenstein, meilensteine, jalon, jalons, hito, hitos, "
    "event, phase, "
    "ereignis, événement, evento, étape, fase",
    "owner": "owner, assignee, assignees, assigned to, assigned, assign, responsible, who, "
    "members, member, person, "
    "lead, verantwortlich, verantwortlicher, verantwortliche, zuständig, wer, bearbeiter, "
    "zugewiesen an, "
    "zugewiesene person, responsable, assigné, assigné à, assignée, qui, attribué à, personne "
    "assignée, asignado, "
    "asignado a, asignada a, quién, encargado, persona asignada, responsables",
    "due": "termin, due, due date, due by, due on, deadline, by when, when, target date, duedate, "
    "due_date, frist, "
    "fällig, fällig am, fälligkeit, fälligkeitsdatum, bis, bis wann, wann, zieldatum, échéance, "
    "date d'échéance, pour quand, quand, date limite, délai, vence, vencimiento, fecha de "
    "vencimiento, "
    "fecha límite, plazo, cuándo, para cuándo, fecha de entrega",
    "date": "date, datum, fecha, target, day, tag, jour, día",
    "status": "status, state, progress, fortschritt, statut, état, estado, list name, list, done, "
    "section/column, erledigt, fait, hecho, "
    "liste, spalte, section, columna",
    "priority": "priority, prio, priorität, dringlichkeit, priorité, prioridad, urgency",
    "project": "project, project name, projects, projekt, projet, proyecto",
    "description": "description, card description, notes, body, details, beschreibung, notizen, "
    "details, "
    "descripción, notas, detalles, détails",
    "completed": "completed, completed at, closed at, closed_at, done at, completion date, "
    "erledigt am, "
    "abgeschlossen am, terminé le, completado el, date completed",
    "cancelled": "canceled, cancelled, canceled at, cancelled at, archived, archived at",
    "type": "type, typ, tipo",
}
_COLUMN_OF: dict[str, Column] = {
    word.strip(): column for column, words in _HEADERS.items() for word in words.split(",")
}
_GENERAL_TITLES = frozenset("name nom nombre item subject betreff objet asunto thema sujet".split())
_SEPARATOR = re.compile(r"\s*\|?\s*:?-{1,}:?\s*(?:[|+]\s*:?-{1,}:?\s*)*\|?\s*$")
_CELL_END = re.compile(r"(?<!\\)\|")
_LINKED = re.compile(r"\[\[(?:[^\[\]|]*\\?\|)?([^\[\]]*)\]\]|\[([^\[\]]*)\]\([^()\s]*\)")
_ASIDE = re.compile(r"<[^<>]*@[^<>]*>|\((?:\d{1,9}|[^()]*@[^()]*)\)")
_NAMES_SPLIT = re.compile(r"\s*(?:,|;|/|&|\+|<br\s?/?>|\b(?:and|und|et|y)\b)\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A table's columns by meaning (the first of each), and whether its rows are tasks."""

    columns: Mapping[Column, int]
    table: Table

    def cell(self, row: list[str], column: Column) -> str:
        """A row's cell, empty when the row or the table has none."""
        index = self.columns.get(column)
        return row[index].strip() if index is not None and index < len(row) else ""


def understand(header: list[str], *, explicit_only: bool) -> Grid | None:
    """What a header row promises, if anything.

    A general word such as "Name" makes a column of tasks only among at least two columns that
    tasks have; `explicit_only` (prose) never takes it alone with a state or a date.
    """
    columns: dict[Column, int] = {}
    for index, cell in enumerate(header):
        word = " ".join(cell.casefold().replace("’", "'").strip(' \t*_`#:?.\ufeff"').split())
        column = _COLUMN_OF.get(word)
        if column and column not in columns:
            columns[column] = index
    traits = {"owner", "due", "status", "priority"} & columns.keys()
    if "task" in columns and (traits or "date" in columns):
        columns["title"] = columns.pop("task")
        if "due" not in columns and "date" in columns:
            columns["due"] = columns["date"]
        return Grid(columns=columns, table=Table.TASKS)
    dated = bool({"date", "due"} & columns.keys())
    if "milestone" in columns and dated and ("title" not in columns or explicit_only):
        columns["title"] = columns["milestone"]
        columns.setdefault("date", columns.get("due", 0))
        return Grid(columns=columns, table=Table.TIMELINES)
    if "title" not in columns or len(traits | ({"date"} & columns.keys())) < 2:
        return None
    if "due" not in columns and "date" in columns and not explicit_only:
        columns["due"] = columns["date"]
    # A list of customers has a name, an owner and a status too.
    general = _plain_header(header[columns["title"]]) in _GENERAL_TITLES
    needed = (
        {"due", "priority"} if general or explicit_only else {"status", "owner", "due", "priority"}
    )
    return Grid(columns=columns, table=Table.TASKS) if needed & columns.keys() else None


def _plain_header(cell: str) -> str:
    return " ".join(cell.casefold().replace("’", "'").strip(' \t*_`#:?.\ufeff"').split())


def read_table(lines: list[Line], reading: Reading) -> list[Candidate]:
    """The records of a Markdown table; the lines are its rows, the header first."""
    if len(lines) < 3 or not _SEPARATOR.match(lines[1].body):
        return []
    grid = understand(_cells(lines[0].body), explicit_only=True)
    if not grid:
        return []
    made: list[Candidate] = []
    for line in lines[2:]:
        candidate = read_row(grid, _cells(line.body), line.start, line.end, reading)
        if candidate:
            made.append(candidate)
    return made


def is_separator(body: str) -> bool:
    """Whether a line is the rule below a Markdown table's header."""
    return "|" in body and bool(_SEPARATOR.match(body))


def _cells(body: str) -> list[str]:
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
    grid: Grid, row: list[str], start: int, end: int, reading: Reading
) -> Candidate | None:
    """The record of one row, quoting text[start:end]."""
    title_cell = grid.cell(row, "title")
    if is_nothing(title_cell) or not has_words(title_cell):
        return None
    project_id = reading.project_named(_plain(grid.cell(row, "project"))) or reading.project_id
    if grid.table is Table.TIMELINES:
        date = _first_date(grid.cell(row, "date"), reading)
        if not date:
            return None
        data = {
            "title": clean_title(title_cell),
            "date": reading.ms(date),
            "projectId": project_id,
        }
        return reading.candidate(Table.TIMELINES, data, start, end)
    return _task_row(grid, row, start, end, reading, project_id)


def _task_row(
    grid: Grid, row: list[str], start: int, end: int, reading: Reading, project_id: str | None
) -> Candidate | None:
    status = _status(grid, row)
    if status == "cancelled" or grid.cell(row, "type").casefold() in ("section", "note"):
        return None
    # In a tracker's own title `@word` is its label; people have their column.
    at_is_person = "owner" not in grid.columns
    task = read_task(grid.cell(row, "title"), reading, at_is_person=at_is_person)
    if not has_words(task.title) or "~~" in grid.cell(row, "title"):
        return None
    due = _first_date(grid.cell(row, "due"), reading)
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


def _status(grid: Grid, row: list[str]) -> str | None:
    if grid.cell(row, "cancelled").casefold() not in ("", "false", "no", "0"):
        return "cancelled"
    status = status_of(_plain(grid.cell(row, "status")))
    if grid.cell(row, "completed").casefold() not in ("", "false", "no", "0"):
        return "done" if status != "cancelled" else status
    return status


def _first_date(cell: str, reading: Reading) -> FoundDate | None:
    return next(iter(reading.dates.find(_plain(cell))), None) or next(
        # A cell of dates needs no preposition: "3/14".
        iter(reading.dates.find("due " + _plain(cell))),
        None,
    )


def _plain(cell: str) -> str:
    return _LINKED.sub(lambda m: m[1] or m[2] or "", cell).strip(" *_`")


def read_owners(cell: str) -> list[str]:
    """The people in a cell, as written but for `@`, links and addresses."""
    names = []
    for part in _NAMES_SPLIT.split(_ASIDE.sub("", _plain(cell))):
        name = part.strip(" \t@*_[]()\"'")
        if name and not is_nothing(name) and name.casefold() not in (
            "unassigned", "nobody", "tbd", "niemand", "offen", "personne", "nadie", "sin asignar",
            "non assigné", "nicht zugewiesen", "all", "alle", "tous", "todos",
        ):  # fmt: skip
            names.append(name)
    return names
