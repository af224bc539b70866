"""A record's fields in words: its title, its date, its people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, Final

from noond.cli.output import local_day, on_terminal, one_line

DATE_FIELDS: Final = frozenset({"dueDate", "date"})
FLAGS: Final = frozenset({"isAiSuggested", "isApproved"})
"""Fields that say the same of every suggestion."""

_TITLE_FIELDS: Final = ("title", "name", "content")


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentView:
    """How an agent's records are shown: its zone, else the one here, and its folders."""

    zone: tzinfo | None = None
    folders: tuple[str, ...] = ()

    def near(self, path: str) -> str:
        """The path; on a terminal without the agent's folder before it."""
        if on_terminal():
            for folder in self.folders:
                prefix = folder.rstrip("/") + "/"
                if path.startswith(prefix):
                    return path.removeprefix(prefix)
        return path


HERE: Final = AgentView()


def title_of(data: Mapping[str, Any]) -> str:
    """What a person would call the record."""
    return next((str(data[field]) for field in _TITLE_FIELDS if data.get(field)), "")


def due_of(data: Mapping[str, Any], zone: tzinfo | None = None) -> str:
    """The record's date in the zone, or here; empty for none."""
    return local_day(data.get("dueDate", data.get("date")), zone)


def shown(field: str, value: Any, zone: tzinfo | None = None) -> str:
    """A field's value as one inert line: dates in the zone or here, people by their names."""
    if field in DATE_FIELDS and isinstance(value, int):
        return local_day(value, zone)
    if field == "assignee" and isinstance(value, str):
        return one_line(", ".join(names_of(value)))
    return one_line(value)


def names_of(assignee: str) -> list[str]:
    """The names in an assignee field, which is a JSON array as text."""
    try:
        names = json.loads(assignee)
    except ValueError:
        return [assignee]
    return [str(name) for name in names] if isinstance(names, list) else [assignee]
