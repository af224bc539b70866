"""The fields of a task and the words that people write before their values."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from noond.llm.dates import FoundDate
from noond.llm.embedded.reading import Reading, assignee
from noond.llm.embedded.vocabulary import priority_of, status_of

_KEYS = {
    "due": "due|due date|due on|due by|deadline|until|by|bis|d|fällig|fällig am|faellig|fälligkeit"
    "|frist"
    "|termin|stichtag|échéance|echeance|date limite|pour le|vence|vencimiento|fecha límite"
    "|fecha limite|plazo|when|wann|bis wann|quand|pour quand|cuándo|cuando|para cuándo|entrega",
    "owner": "owner|assignee|assigned|assigned to|responsible|who|verantwortlich|zuständig|wer"
    "|bearbeiter|responsable|assigné à|assignée à|qui|asignado a|asignada a|quién|encargado"
    "|encargada|verantw.|verantw|zust.|zust|resp.|resp|encarg.|lead|référent|référente|pilote"
    "|a cargo de",
    "priority": "pri|prio|priority|priorität|prioritaet|priorité|prioridad",
    "status": "status|state|statut|état|estado",
    "project": "project|projekt|projet|proyecto",
    "ignored": "created|start|scheduled|geplant|completion|completed|done|cancelled|repeat|rec"
    "|recurrence|id|t|uuid|estimate|effort|est|spent|tag|tags|context|depends",
}
KIND_OF = {key: kind for kind, keys in _KEYS.items() for key in keys.split("|")}
"""due, owner, priority, status, project or ignored, by the (lower-case) word before the colon."""

ANY_KEY = "|".join(sorted(map(re.escape, KIND_OF), key=len, reverse=True))
OWNER_KEY = "|".join(sorted(_KEYS["owner"].split("|"), key=len, reverse=True))
_META_LINE = re.compile(
    rf"[*_]{{0,3}}(?P<key>{ANY_KEY})[*_]{{0,3}}\s?:{{1,2}}[*_]{{0,3}}\s*(?P<value>\S.{{0,120}})",
    re.IGNORECASE,
)


@dataclass(slots=True)
class TaskText:
    """A task's text, read."""

    title: str = ""
    due: int | None = None
    priority: str | None = None
    status: str | None = None
    project_id: str | None = None
    people: list[str] = field(default_factory=list)

    def data(self) -> dict[str, Any]:
        """The record's fields; those not said are None."""
        return {
            "title": self.title,
            "status": self.status,
            "priority": self.priority,
            "assignee": assignee(self.people),
            "dueDate": self.due,
            "projectId": self.project_id,
        }

    def take_due(self, date: FoundDate | None, reading: Reading) -> bool:
        """Take the day over unless there is one; False without a date."""
        if date and self.due is None:
            self.due = reading.ms(date)
        return date is not None

    def take(self, kind: str, value: str, date: FoundDate | None, reading: Reading) -> bool:
        """Take a field's value over (`date` is the one in it); False when it is no such value."""
        value = value.strip()
        match kind:
            case "due":
                return self.take_due(date, reading)
            case "owner":
                names = [name.strip(" @[]*_") for name in re.split(r"\s?[,;&+]\s?", value)]
                self.people += [name for name in names if name]
                return bool(names)
            case "priority":
                level = priority_of(value)
                self.priority = self.priority or level
                return level is not None
            case "status":
                state = status_of(value)
                self.status = self.status or state
                return state is not None
            case "project":
                project = reading.project_named(value)
                self.project_id = self.project_id or project
                return project is not None
        return True


def is_meta_line(body: str) -> bool:
    """Whether a line only gives a field of the task above it: `Due: Friday`, `owner:: Ana`."""
    match = _META_LINE.fullmatch(body)
    if not match:
        return False
    kind = KIND_OF[" ".join(match["key"].lower().split())]
    reads = {"status": status_of, "priority": priority_of}.get(kind)
    return reads is None or reads(match["value"]) is not None
