"""The fields of the device's tables: what a record may and must hold."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from noond.device.errors import RecordRefused
from noond.models.document import Table

Check = Callable[[object], str | None]
"""Says what a value must be when it is something else."""

_LAST_MS: Final = 253_402_300_799_999  # 9999-12-31T23:59:59.999Z


def _text(value: object) -> str | None:
    return None if isinstance(value, str) else "must be text"


def _milliseconds(value: object) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _LAST_MS:
        return None
    return "must be a whole number of milliseconds since 1970-01-01 UTC"


def _names(value: object) -> str | None:
    """The assignees: a JSON array of texts, itself as text."""
    wrong = 'must be a JSON array of names as text, like ["Ana"]'
    if not isinstance(value, str):
        return wrong
    try:
        names = json.loads(value)
    except ValueError:
        return wrong
    return None if isinstance(names, list) and all(isinstance(n, str) for n in names) else wrong


def _one_of(*allowed: str) -> Check:
    return lambda value: None if value in allowed else f"must be one of {', '.join(allowed)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field of a table; `refers_to` names the table whose ids it holds."""

    check: Check
    required: bool = False
    refers_to: Table | None = None


_PROJECT = Field(check=_text, refers_to=Table.PROJECTS)

FIELDS: Final[Mapping[Table, Mapping[str, Field]]] = {
    Table.TASKS: {
        "title": Field(check=_text, required=True),
        "description": Field(check=_text),
        "status": Field(check=_one_of("todo", "in_progress", "done")),
        "priority": Field(check=_one_of("high", "medium", "low")),
        "assignee": Field(check=_names),
        "dueDate": Field(check=_milliseconds),
        "projectId": _PROJECT,
    },
    Table.NOTES: {
        "title": Field(check=_text, required=True),
        "content": Field(check=_text),
        "projectId": _PROJECT,
    },
    Table.TIMELINES: {
        "title": Field(check=_text, required=True),
        "projectId": Field(check=_text, required=True, refers_to=Table.PROJECTS),
        "date": Field(check=_milliseconds),
    },
    Table.PROJECTS: {
        "name": Field(check=_text, required=True),
        "clientId": Field(check=_text),
    },
    Table.TASK_COMMENTS: {
        "taskId": Field(check=_text, required=True, refers_to=Table.TASKS),
        "author": Field(check=_text),
        "content": Field(check=_text, required=True),
    },
}
"""What a record's `data` may hold. The device's own columns (id, createdAt, …) are not in it."""

_FLAGS: Final = {"isAiSuggested": 1, "isApproved": 0}


def check_insert(table: Table, data: Mapping[str, Any]) -> dict[str, Any]:
    """The columns to insert for a suggestion; null fields are left out.

    Only the person approves, so the flags may only say "suggested" and "not approved". Raises
    RecordRefused that names the field.
    """
    for flag, value in _FLAGS.items():
        if data.get(flag, value) != value:
            raise RecordRefused(f"{table}.{flag} must be {value} in a suggestion")
    values = {name: value for name, value in data.items() if name not in _FLAGS}
    values = _checked(table, values)
    for name, field in FIELDS[table].items():
        if field.required and values.get(name) is None:
            raise RecordRefused(f"{table}.{name} is required")
    return {name: value for name, value in values.items() if value is not None}


def check_edit(table: Table, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The columns to change for a person's edit; null empties a field that is not required.

    Raises RecordRefused that names the field.
    """
    if not changes:
        raise RecordRefused("an edit must change something")
    values = _checked(table, changes)
    for name, value in values.items():
        if value is None and (FIELDS[table][name].required or name in ("status", "priority")):
            raise RecordRefused(f"{table}.{name} can't be empty")
    return values


def _checked(table: Table, values: Mapping[str, Any]) -> dict[str, Any]:
    fields = FIELDS[table]
    for name, value in values.items():
        field = fields.get(name)
        if field is None:
            raise RecordRefused(f"{table} has no field {name!r}; it has {', '.join(fields)}")
        if value is None:
            continue
        wrong = field.check(value)
        if wrong is None and field.required and not value.strip():
            wrong = "can't be empty"
        if wrong is not None:
            raise RecordRefused(f"{table}.{name} {wrong}")
    return dict(values)
