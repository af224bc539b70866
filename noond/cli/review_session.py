"""One suggestion after the other on a terminal, decided with one key each.

A decision is kept when the next one is made, so that the last one can be taken back: what the
device has kept, it tells the daemon, and a rejected record is gone.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click

from noond.cli.exits import CommandFailed, ExitCode
from noond.cli.output import Cell, note, print_facts, print_text
from noond.cli.record_text import DATE_FIELDS, shown, title_of
from noond.cli.review_edit import LABELS, Names, ask_changes
from noond.cli.review_keys import ask_key
from noond.device.errors import RecordRefused
from noond.device.reviews import StoredRecord, Verdict, decide, list_records
from noond.device.store import DeviceStore
from noond.errors import NotFound
from noond.models.document import Table

_PROMPT: Final = "[a]pprove [e]dit [r]eject [s]kip [u]ndo [q]uit: "
_UNREMARKABLE: Final = {"status": "todo", "priority": "medium"}
_LONGEST: Final = 400
"""Characters of a field that are shown."""
_LONGEST_PATH: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """A decision that can still be taken back."""

    number: int
    verdict: Verdict
    changes: Mapping[str, Any] | None


class ReviewSession:
    """Asks about suggestions; `run()` returns when all were shown or the person quits."""

    def __init__(
        self, runner: asyncio.Runner, store: DeviceStore, suggestions: Sequence[StoredRecord]
    ) -> None:
        self._runner = runner
        self._store = store
        self._suggestions = suggestions
        self._names = Names(projects=self._named(Table.PROJECTS), tasks=self._named(Table.TASKS))
        self._held: _Held | None = None
        self._previous: int | None = None
        self._counts: Counter[str] = Counter()

    def run(self) -> None:
        """Ask about each suggestion. Raises CommandFailed when the person presses Ctrl-C."""
        interrupted = False
        try:
            self._ask_about_all()
        except (KeyboardInterrupt, EOFError) as end:
            click.echo()
            interrupted = isinstance(end, KeyboardInterrupt)
        self._keep_held()
        decided = self._counts.total()
        left = len(self._suggestions) - decided
        told = ", ".join(f"{count} {verdict}" for verdict, count in self._counts.items())
        click.echo(f"{told or 'Nothing decided'}; {left} left.")
        if interrupted:
            raise CommandFailed("Interrupted; what was decided is kept.", ExitCode.INTERRUPTED)

    def _ask_about_all(self) -> None:
        number: int | None = 0
        while number is not None:
            is_over = number == len(self._suggestions)
            number = self._finish() if is_over else self._ask_about(number)

    def _ask_about(self, number: int) -> int | None:
        """Ask about one suggestion; the number of the next to ask about, None to quit."""
        record = self._suggestions[number]
        self._show(number, record)
        while True:
            match ask_key(_PROMPT, "aersuq"):
                case "a":
                    return self._decide(number, "approved")
                case "r":
                    return self._decide(number, "rejected")
                case "e":
                    changes = ask_changes(record, self._names)
                    if changes is not None:
                        return self._decide(number, "edited", changes)
                    click.echo("not changed")
                case "s":
                    click.echo("skipped")
                    return self._go_on(number, None)
                case "u":
                    if self._previous is not None:
                        click.echo("undone")
                        return self._undo(self._previous)
                    click.echo("nothing to undo")
                case _:
                    click.echo("quit")
                    return None

    def _decide(
        self, number: int, verdict: Verdict, changes: Mapping[str, Any] | None = None
    ) -> int:
        click.echo(verdict)
        return self._go_on(number, _Held(number=number, verdict=verdict, changes=changes))

    def _go_on(self, number: int, held: _Held | None) -> int:
        """Keep the decision before this one; the number of the next to ask about."""
        refused = self._keep_held()
        self._held, self._previous = held, number
        return number + 1 if refused is None else self._undo(refused)

    def _undo(self, number: int) -> int:
        self._held = self._previous = None
        return number

    def _finish(self) -> int | None:
        """After the last suggestion; it too can be taken back."""
        if self._held is None:
            return None
        click.echo()
        if ask_key("That was the last one. Enter finishes, [u] undoes it: ", "uq\r") == "u":
            click.echo("undone")
            return self._undo(self._held.number)
        click.echo()
        refused = self._keep_held()
        return None if refused is None else self._undo(refused)

    def _keep_held(self) -> int | None:
        """Keep the decision that can still be taken back; its number when that is refused."""
        held, self._held = self._held, None
        if held is None:
            return None
        record = self._suggestions[held.number]
        try:
            self._runner.run(decide(self._store, record.id, held.verdict, held.changes))
        except NotFound:
            note(f"{title_of(record.data)}: withdrawn meanwhile.")
        except RecordRefused as error:
            note(f"{title_of(record.data)}: {error.message}.")
            return held.number
        else:
            self._counts[held.verdict] += 1
        return None

    def _show(self, number: int, record: StoredRecord) -> None:
        click.echo()
        print_text(f"{number + 1} of {len(self._suggestions)} · {record.table}")
        print_text(title_of(record.data), bold=True)
        title = ("title", "name")
        facts: dict[str, Cell] = {
            LABELS.get(field, field): self._field(field, value)
            for field, value in sorted(
                record.data.items(), key=lambda item: item[0] not in DATE_FIELDS
            )
            if field not in title and _UNREMARKABLE.get(field) != value
        }
        facts["file"] = _short(record.path)
        facts["quote"] = record.quote and f"“{_cut(record.quote)}”"
        print_facts(facts)

    def _field(self, field: str, value: Any) -> str:
        named = self._names.of(field).get(str(value))
        text = _cut(named or shown(field, value))
        if field in DATE_FIELDS:
            text += f" ({_weekday(value)})"
        return text

    def _named(self, table: Table) -> dict[str, str]:
        records = self._runner.run(list_records(self._store, table=table))
        return {record.id: title_of(record.data) for record in records}


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[:_LONGEST].rstrip() + " …"


def _weekday(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).astimezone().strftime("%a")


def _short(path: str | None) -> str | None:
    """The path from the home directory on, or the end of it, so that it fits in a line."""
    if path is None:
        return None
    home = f"{Path.home()}/"
    text = f"~/{path.removeprefix(home)}" if path.startswith(home) else path
    return text if len(text) <= _LONGEST_PATH else f"…{text[1 - _LONGEST_PATH :]}"
