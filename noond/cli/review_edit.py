"""Changing a suggestion's fields before it is kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Final

import click

from noond.cli.output import note, print_facts
from noond.cli.record_text import DATE_FIELDS, shown
from noond.cli.review_keys import ask_key, ask_line
from noond.device.errors import RecordRefused
from noond.device.reviews import StoredRecord
from noond.device.tables import FIELDS, check_edit
from noond.models.document import Table

LABELS: Final = {"dueDate": "due", "projectId": "project", "taskId": "task", "clientId": "client"}
"""What people call a field, where that is not its name."""

_HINTS: Final = {
    "dueDate": " (YYYY-MM-DD)",
    "date": " (YYYY-MM-DD)",
    "status": " (todo, in_progress, done)",
    "priority": " (high, medium, low)",
    "assignee": " (names, with commas)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What records that others refer to are called, by their ids."""

    projects: Mapping[str, str]
    tasks: Mapping[str, str]

    def of(self, field: str) -> Mapping[str, str]:
        """The names of what this field may refer to."""
        return {"projectId": self.projects, "taskId": self.tasks}.get(field, {})


def ask_changes(record: StoredRecord, names: Names) -> dict[str, Any] | None:
    """The fields that the person changes, as the device keeps them; None for no change."""
    click.echo("edit")
    fields = list(FIELDS[record.table])
    changes: dict[str, Any] = {}
    while True:
        data = {**record.data, **changes}
        shown_fields = {
            f"{number} {_label(field)}": _text(field, data.get(field), names) or "-"
            for number, field in enumerate(fields, 1)
        }
        print_facts(shown_fields)
        done = "Enter keeps it" if changes else "Enter goes back"
        numbers = "".join(str(number) for number in range(1, len(fields) + 1))
        key = ask_key(f"Field to change [1-{len(fields)}], {done}: ", f"{numbers}\r")
        click.echo("" if key == "\r" else key)
        if key == "\r":
            return changes or None
        field = fields[int(key) - 1]
        try:
            changes |= _ask_field(record.table, field, data.get(field), names)
        except RecordRefused as error:
            note(f"{error.message}.")
        changes = {name: value for name, value in changes.items() if value != record.data.get(name)}


def _ask_field(table: Table, field: str, present: Any, names: Names) -> dict[str, Any]:
    """The field with its new value; empty when it stays. Raises RecordRefused."""
    before = _text(field, present, names)
    typed = ask_line(f"  {_label(field)}{_HINTS.get(field, '')}, - for none: ", before).strip()
    if not typed or typed == before:
        return {}
    value = None if typed == "-" else _value(field, typed, names)
    return check_edit(table, {field: value})


def _label(field: str) -> str:
    return LABELS.get(field, field)


def _text(field: str, value: Any, names: Names) -> str:
    return names.of(field).get(str(value)) or shown(field, value)


def _value(field: str, typed: str, names: Names) -> Any:
    """What the person typed, as the device keeps it. Raises RecordRefused."""
    if field in DATE_FIELDS:
        return _milliseconds(typed)
    if field == "assignee":
        people = [name.strip() for name in typed.split(",")]
        return json.dumps([name for name in people if name], ensure_ascii=False)
    known = names.of(field)
    if known and typed not in known:
        found = [id_ for id_, name in known.items() if name.casefold() == typed.casefold()]
        if len(found) != 1:
            those = "None is" if not found else f"{len(found)} are"
            raise RecordRefused(f"{those} named {typed!r}: {', '.join(list(known.values())[:10])}")
        return found[0]
    return typed


def _milliseconds(typed: str) -> int:
    """The day's local midnight. Raises RecordRefused for what is no date."""
    try:
        moment = datetime.combine(date.fromisoformat(typed), time()).astimezone()
    except ValueError:
        raise RecordRefused(f"{typed!r} is not a date such as 2026-11-27") from None
    return int(moment.timestamp() * 1000)
