"""The fields an extractor may fill, by table; the device owns all others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from noond.models.document import Table


class Kind(StrEnum):
    """How a field's value is read and made safe."""

    LINE = "line"
    """Text on one line."""
    TEXT = "text"
    """Text that may have lines, Markdown for instance."""
    CHOICE = "choice"
    """One of `choices`; anything else becomes the default."""
    DATE = "date"
    """Milliseconds since 1970-01-01 UTC; must be derivable from the source."""
    NAME = "name"
    """A person whom the source names, on one line."""
    ASSIGNEE = "assignee"
    """Persons whom the source names, as the text of a JSON array."""
    PROJECT = "project"
    """The id of a project that the device told of, or the agent's default."""
    TASK = "task"
    """The id of an open task that the device told of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field: its kind, whether a record needs it, its length in characters."""

    kind: Kind
    meaning: str
    required: bool = False
    limit: int = 300
    choices: tuple[str, ...] = ()
    default: str | None = None


_LONG: Final = 20_000
_PROJECT = Field(kind=Kind.PROJECT, meaning="id of a project listed under CONTEXT")

FIELDS: Final[Mapping[Table, Mapping[str, Field]]] = {
    Table.TASKS: {
        "title": Field(kind=Kind.LINE, required=True, meaning="what is to be done, short"),
        "description": Field(kind=Kind.TEXT, limit=_LONG, meaning="details the source gives"),
        "status": Field(
            kind=Kind.CHOICE,
            choices=("todo", "in_progress", "done"),
            default="todo",
            meaning="where the source says it stands",
        ),
        "priority": Field(
            kind=Kind.CHOICE,
            choices=("high", "medium", "low"),
            default="medium",
            meaning="how urgent the source says it is",
        ),
        "assignee": Field(kind=Kind.ASSIGNEE, meaning="names of those who are to do it"),
        "dueDate": Field(kind=Kind.DATE, meaning="when the source says it is due"),
        "projectId": _PROJECT,
    },
    Table.NOTES: {
        "title": Field(kind=Kind.LINE, required=True, meaning="what the note is about"),
        "content": Field(kind=Kind.TEXT, limit=_LONG, meaning="the fact or decision, Markdown"),
        "projectId": _PROJECT,
    },
    Table.TIMELINES: {
        "title": Field(kind=Kind.LINE, required=True, meaning="the milestone or event"),
        "date": Field(kind=Kind.DATE, required=True, meaning="its day"),
        "projectId": Field(kind=Kind.PROJECT, required=True, meaning=_PROJECT.meaning),
    },
    Table.PROJECTS: {
        "name": Field(kind=Kind.LINE, required=True, meaning="the project's name"),
    },
    Table.TASK_COMMENTS: {
        "taskId": Field(
            kind=Kind.TASK, required=True, meaning="id of an open task listed under CONTEXT"
        ),
        "author": Field(kind=Kind.NAME, limit=200, meaning="who says it"),
        "content": Field(
            kind=Kind.TEXT, required=True, limit=_LONG, meaning="what is said about the task"
        ),
    },
}
"""`projects.clientId` is not among them: a device tells of no clients."""

NAMING_FIELD: Final[Mapping[Table, str]] = {
    Table.TASKS: "title",
    Table.NOTES: "title",
    Table.TIMELINES: "title",
    Table.PROJECTS: "name",
    Table.TASK_COMMENTS: "content",
}
"""The field by which a person tells two records of a table apart."""
