"""Which column of a table says what, and whether the table lists tasks or milestones at all.

A header proposes roles (headers.py), the values below it decide: a due column holds days, an
owner's names, a state's states. Two certain roles make a list of tasks. Lists of goods, people or
results, programmes and tables of settings have none or give themselves away by other columns.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from noond.llm.embedded.cells import cell_date, is_date, plain_cell, state_of
from noond.llm.embedded.headers import (
    Role,
    is_day,
    is_general,
    is_loose_limit,
    is_moment,
    is_owner,
    roles_of,
)
from noond.llm.embedded.reading import Reading
from noond.llm.embedded.vocabulary import status_of
from noond.models.document import Table

_CLOCK = re.compile(r"\b\d{1,2}[:.h]\d{2}\b|\b\d{1,2}\s?(?:Uhr|h|am|pm)\b", re.IGNORECASE)
_SAMPLE = 60
_OWNER_LENGTH = 60
_TRAITS = frozenset[Role]({"owner", "due", "status", "priority"})
_FOREIGN = frozenset[Role]({"place", "thing"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A table's columns by role (the first of each), and what its rows are."""

    columns: Mapping[Role, int]
    table: Table

    def cell(self, row: Sequence[str], role: Role) -> str:
        """A row's cell, empty when the row or the table has none."""
        index = self.columns.get(role)
        return row[index].strip() if index is not None and index < len(row) else ""


def understand(
    header: Sequence[str], rows: Sequence[Sequence[str]], reading: Reading, *, explicit_only: bool
) -> Grid | None:
    """What a table promises, if anything, by its header and the rows below it.

    A general title such as "Name" makes tasks only beside two columns that tasks have;
    `explicit_only` (prose) never takes it with a state or an owner alone.
    """
    return _Columns(header, rows, reading).grid(explicit_only=explicit_only)


class _Columns:
    def __init__(
        self, header: Sequence[str], rows: Sequence[Sequence[str]], reading: Reading
    ) -> None:
        self._header = header
        self._reading = reading
        cells = (
            [row[index].strip() for row in rows[:_SAMPLE] if index < len(row)]
            for index in range(len(header))
        )
        self._values = [[cell for cell in column if cell] for column in cells]
        self._allowed = [roles_of(cell) for cell in header]
        self._columns: dict[Role, int] = {}

    def grid(self, *, explicit_only: bool) -> Grid | None:
        if not any(self._allowed):
            return None
        self._assign()
        columns = self._columns
        if "task" in columns:
            return self._named_tasks()
        foreign = any(_FOREIGN & set(roles) for roles in self._allowed)
        dated = "milestone" in columns and bool({"date", "due"} & columns.keys())
        if dated and ("title" not in columns or explicit_only):
            columns["title"] = columns["milestone"]
            columns.setdefault("date", columns.get("due", 0))
            return Grid(columns=columns, table=Table.TIMELINES)
        if foreign:
            return None
        if "title" in columns:
            return self._titled_tasks(explicit_only=explicit_only)
        return self._untitled_tasks()

    def _assign(self) -> None:
        """Give each column the first role that its header allows and its values bear out."""
        for index, roles in enumerate(self._allowed):
            for role in roles:
                if role not in self._columns and self._bears(role, index):
                    self._columns[role] = index
                    break
        ended = self._columns.get("completed")
        if ended is None or "due" in self._columns or "due" not in self._allowed[ended]:
            return
        if self._any_ahead(ended):  # a "completion date" that is still to come
            self._columns["due"] = self._columns.pop("completed")

    def _bears(self, role: Role, index: int) -> bool:
        values = self._values[index]
        if not values:
            return True
        match role:
            case "task" | "title":
                return len(values) < 3 or len(set(values)) * 2 > len(values)
            case "due" | "date":
                return any(cell_date(value, self._reading) for value in values)
            case "owner":
                dates = sum(is_date(value, self._reading) for value in values)
                short = sum(len(value) <= _OWNER_LENGTH for value in values)
                letters = sum(any(map(str.isalpha, value)) for value in values)
                return dates * 2 < len(values) <= short * 2 and (
                    letters > 0 or not any(map(str.isdecimal, "".join(values)))
                )
            case "status":
                states = [state_of(value) for value in values]
                return any(state not in (None, "unknown") for state in states)
        return True

    def _any_ahead(self, index: int) -> bool:
        dates = (cell_date(value, self._reading) for value in self._values[index])
        return any(date.day >= self._reading.dates.today for date in dates if date)

    def _traits(self) -> set[Role]:
        return set(_TRAITS & self._columns.keys())

    def _named_tasks(self) -> Grid | None:
        """The header names a column of tasks: one more column that tasks have is enough."""
        columns = self._columns
        self._infer_due()
        self._infer_people()
        if (not self._traits() and "date" not in columns) or self._is_programme():
            return None
        if "due" not in columns and "date" in columns:
            if "status" not in columns and not self._any_ahead(columns["date"]):
                return None  # what was done, and when
            columns["due"] = columns["date"]
        columns["title"] = columns["task"]
        self._infer_status()
        return Grid(columns=columns, table=Table.TASKS)

    def _is_programme(self) -> bool:
        """Whether the rows are what takes place: at a place, at times of day, on days of a plan."""
        columns = self._columns
        if "routine" in columns and "due" not in columns:
            return True
        if "status" in columns:
            return False
        for index, header in enumerate(self._header):
            values = self._values[index]
            if not is_moment(header) and "time" not in self._allowed[index]:
                continue
            timed = sum(1 for value in values if _CLOCK.search(value))
            if timed * 2 > len(values) or "place" in columns or is_day(header):
                return True
        return False

    def _infer_status(self) -> None:
        """Without a state's column a nameless one with words for states is it; `yes` could be
        anything's."""
        if "status" in self._columns:
            return
        for index, roles in enumerate(self._allowed):
            values = [] if roles else self._values[index]
            states = [status_of(plain_cell(value)) for value in values if len(value) > 3]
            known = sum(1 for value in values if state_of(value))
            if any(states) and known * 2 >= len(values):
                self._columns["status"] = index
                return

    def _infer_people(self) -> None:
        """Without an owner's column a nameless one of people is it."""
        if "owner" in self._columns:
            return
        for index, roles in enumerate(self._allowed):
            values = [] if roles else self._values[index]
            known = sum(bool(self._reading.people.listed(plain_cell(value))) for value in values)
            if known * 2 > len(values):
                self._columns["owner"] = index
                return

    def _infer_due(self) -> None:
        """Without a due column a nameless column of days is it, if any is still to come."""
        if {"due", "date"} & self._columns.keys():
            return
        for index, roles in enumerate(self._allowed):
            values = self._values[index]
            if roles or not values or not all(is_date(value, self._reading) for value in values):
                continue
            if self._any_ahead(index):
                self._columns["due"] = index
                return

    def _titled_tasks(self, *, explicit_only: bool) -> Grid | None:
        """A title that any list could have needs two columns that tasks have."""
        columns = self._columns
        if len(self._traits() | ({"date"} & columns.keys())) < 2:
            return None
        if "due" not in columns and "date" in columns and not explicit_only:
            columns["due"] = columns["date"]
        # A list of customers has a name, an owner and a status too.
        general = is_general(self._header[columns["title"]]) or explicit_only
        needed = {"due", "priority"} if general else _TRAITS
        if not needed & columns.keys():
            return None
        self._prefer_words()
        self._infer_due()
        self._infer_status()
        return Grid(columns=columns, table=Table.TASKS)

    def _untitled_tasks(self) -> Grid | None:
        """Who and until when are named: what is to be done is the column with most to read."""
        columns = self._columns
        if len(self._certain()) < 2:
            return None
        widest = self._widest()
        if widest is None:
            return None
        columns["title"] = widest
        if columns.get("description") == widest:
            del columns["description"]
        self._infer_due()
        self._infer_status()
        return Grid(columns=columns, table=Table.TASKS)

    def _certain(self) -> set[Role]:
        """Which of people, days and states are there without a doubt; states alone are nothing."""
        columns, header = self._columns, self._header
        certain = set((_TRAITS - {"priority"}) & columns.keys())
        if "owner" in certain and not is_owner(header[columns["owner"]]):
            certain.remove("owner")
        if "due" in certain:
            index = columns["due"]
            past = is_moment(header[index]) and "status" not in columns
            if is_loose_limit(header[index]) or (past and not self._any_ahead(index)):
                certain.remove("due")
        return certain if {"owner", "due"} & certain else set()

    def _prefer_words(self) -> None:
        """`Topic | What was agreed`: when the titles are single words, other words say it."""
        columns = self._columns
        if self._mean_words(self._values[columns["title"]]) < 2 and "description" not in columns:
            widest = self._widest()
            columns["title"] = columns["title"] if widest is None else widest

    def _widest(self) -> int | None:
        """The column with most words (two or more on average) that is not taken yet."""
        taken = {index for role, index in self._columns.items() if role != "description"}
        words = {
            index: mean
            for index, values in enumerate(self._values)
            if index not in taken
            and "other" not in self._allowed[index]
            and (mean := self._mean_words(values)) >= 2
        }
        return max(words, key=lambda index: words[index]) if words else None

    def _mean_words(self, values: list[str]) -> float:
        """How many words a column's values have; 0 for days, numbers and people."""
        texts = [plain_cell(value) for value in values if not is_date(value, self._reading)]
        if not texts or len(texts) * 2 < len(values):
            return 0
        if all(self._reading.people.listed(text) for text in texts):
            return 0
        return sum(word[0].isalpha() for text in texts for word in text.split()) / len(texts)
