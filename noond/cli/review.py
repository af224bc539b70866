"""The person's side of the bundled device: look at the suggestions and decide."""

from __future__ import annotations

import sys
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from noond.cli.connected import json_option
from noond.cli.output import (
    local_day,
    note,
    on_terminal,
    one_line,
    print_json,
    print_line,
    print_text,
)

if TYPE_CHECKING:
    from noond.device.reviews import StoredRecord
    from noond.device.store import DeviceStore

_DATES = frozenset({"dueDate", "date"})


@click.command()
@click.option(
    "--store",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The device's database.  [default: the one of `noond device`, device.db]",
)
@click.option("--approve", multiple=True, metavar="ID", help="Approve it.  [repeat for more]")
@click.option("--reject", multiple=True, metavar="ID", help="Reject it.  [repeat for more]")
@json_option
@click.pass_context
def review(
    context: click.Context,
    store: Path | None,
    approve: tuple[str, ...],
    reject: tuple[str, ...],
    as_json: bool,
) -> None:
    """Approve, edit or reject the suggestions on this device.

    On a terminal each suggestion is shown and asked about; else they are listed. Works while
    the device runs, and while it does not.

    \b
    Example:
      noond device review --store device.db
      noond device review --json
      noond device review --approve 0199c2d1-… --reject 0199c2d2-…
    """
    import asyncio

    if store is None:
        assert context.parent is not None
        store = Path(context.parent.params["store"])
    both = sorted({*approve} & {*reject})
    if both:
        raise click.UsageError(f"Approve or reject {both[0]}, not both.", context)
    decisions = [(each, "approved") for each in approve] + [(each, "rejected") for each in reject]
    asyncio.run(_review(store, decisions, as_json))


async def _review(store: Path, decisions: list[tuple[str, str]], as_json: bool) -> None:
    from noond.clock import SystemClock
    from noond.device.reviews import decide, list_suggestions
    from noond.device.store import open_store
    from noond.log import configure_logging

    configure_logging(level="warning", style="console")
    async with open_store(store, clock=SystemClock(), create=False) as opened:
        if decisions:
            for record_id, decision in decisions:
                await decide(
                    opened, record_id, "approved" if decision == "approved" else "rejected"
                )
                if not as_json:
                    print_line(record_id, decision)
            if as_json:
                print_json({"items": [{"id": each, "decision": what} for each, what in decisions]})
            return
        suggestions = await list_suggestions(opened)
        if as_json:
            print_json({"items": [_document(each) for each in suggestions]})
        elif on_terminal() and sys.stdin.isatty():
            await _ask_about_all(opened, suggestions)
        else:
            for each in suggestions:
                due = local_day(each.data.get("dueDate", each.data.get("date")))
                print_line(each.id, each.table, _title(each), due, each.path, each.quote)
        if not suggestions:
            note("No suggestions wait for a decision.")


def _document(record: StoredRecord) -> dict[str, Any]:
    return {
        "id": record.id,
        "table": record.table.value,
        "data": record.data,
        "path": record.path,
        "quote": record.quote,
        "agent_id": record.agent_id,
        "run_id": record.run_id,
        "created_at": record.created_at.isoformat(),
    }


def _title(record: StoredRecord) -> str:
    data = record.data
    return str(data.get("title") or data.get("name") or data.get("content") or "")


async def _ask_about_all(store: DeviceStore, suggestions: list[StoredRecord]) -> None:
    from noond.device.errors import RecordRefused
    from noond.device.reviews import decide
    from noond.errors import NotFound

    for number, record in enumerate(suggestions, 1):
        click.echo()
        print_text(f"[{number}/{len(suggestions)}] {record.table}: {_title(record)}")
        for field, value in record.data.items():
            if field not in ("title", "name"):
                print_text(f"  {field}: {_shown(field, value)}")
        if record.path:
            print_text(f"  {record.path}: “{one_line(record.quote)}”")
        while True:
            choice = click.prompt(
                "approve, edit, reject, skip or quit?",
                type=click.Choice(tuple("aersq")),
                default="s",
            )
            if choice == "q":
                return
            try:
                if choice == "a":
                    await decide(store, record.id, "approved")
                elif choice == "r":
                    await decide(store, record.id, "rejected")
                elif choice == "e":
                    await decide(store, record.id, "edited", _ask_fields(record))
            except (RecordRefused, NotFound) as error:
                note(error.message)
                continue
            break


def _ask_fields(record: StoredRecord) -> dict[str, Any]:
    """What the person typed for each field; Enter keeps it, a lone - empties it."""
    from noond.device.tables import FIELDS

    note("Enter keeps a field, - empties it.")
    changes: dict[str, Any] = {}
    for field in FIELDS[record.table]:
        present = _shown(field, record.data.get(field))
        typed = click.prompt(
            one_line(f"  {field} [{present}]"), default="", show_default=False
        ).strip()
        if typed == "-":
            changes[field] = None
        elif typed:
            changes[field] = _typed_date(typed) if field in _DATES else typed
    return changes


def _shown(field: str, value: Any) -> str:
    return local_day(value) if field in _DATES else one_line(value)


def _typed_date(text: str) -> int:
    """Milliseconds of the day's local midnight; raises RecordRefused for what is no date."""
    from noond.device.errors import RecordRefused

    try:
        moment = datetime.combine(date.fromisoformat(text), time()).astimezone()
    except ValueError:
        raise RecordRefused(f"{text!r} is not a date such as 2026-11-27") from None
    return int(moment.timestamp() * 1000)
