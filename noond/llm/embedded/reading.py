"""What all grammars share while they read one document."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from noond.llm.dates import DateGrammar, FoundDate, due_ms
from noond.llm.embedded.names import People
from noond.models.document import Candidate, DeviceContext, Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A document being read: its text, its dates, its people, and what exists on the device.

    `projects` and `tasks` map case-folded names and titles to ids. `project_id` is the project that
    the document as a whole belongs to; `speaker` who says "I" here.
    """

    text: str
    zone: ZoneInfo
    dates: DateGrammar
    people: People
    projects: dict[str, str]
    tasks: dict[str, str]
    project_id: str | None = None
    speaker: str | None = None

    def at(self, reference: datetime, speaker: str | None) -> Reading:
        """The same reading for words said at another time by someone."""
        return replace(self, dates=self.dates.at(reference), speaker=speaker)

    def project_named(self, name: str) -> str | None:
        """The id of the device's project of that name."""
        return self.projects.get(_key(name))

    def ms(self, found: FoundDate) -> int:
        """A found date as the records carry it."""
        return due_ms(found, self.zone)

    def candidate(self, table: Table, data: dict[str, Any], start: int, end: int) -> Candidate:
        """A record quoting text[start:end], white space at its ends left out; empty fields go."""
        quote = self.text[start:end]
        start += len(quote) - len(quote.lstrip())
        return Candidate(
            table=table.value,
            data={name: value for name, value in data.items() if value not in (None, "")},
            quote=quote.strip(),
            start=start,
        )


def known_projects(context: DeviceContext | None) -> dict[str, str]:
    """The device's projects by case-folded name."""
    return {_key(project.name): project.id for project in context.projects} if context else {}


def known_tasks(context: DeviceContext | None) -> dict[str, str]:
    """The device's open tasks by case-folded title."""
    return {_key(task.title): task.id for task in context.tasks} if context else {}


def assignee(names: list[str]) -> str | None:
    """People as the device keeps them: the text of a JSON array."""
    return json.dumps(list(dict.fromkeys(names)), ensure_ascii=False) if names else None


def _key(text: str) -> str:
    return " ".join(text.split()).casefold()
