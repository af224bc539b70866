"""The person's side of the bundled device: look at the suggestions and decide."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from noond.cli.connected import json_option
from noond.cli.output import note, on_terminal, print_json, print_line
from noond.cli.record_text import due_of, title_of

if TYPE_CHECKING:
    import asyncio

    from noond.device.reviews import StoredRecord, Verdict
    from noond.device.store import DeviceStore


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

    On a terminal each suggestion is shown, and one key decides; else they are listed. Works
    while the device runs, and while it does not; the daemon hears of it when the device runs.
    What is rejected is removed, and stays away until its source text changes.

    \b
    Example:
      noond device review --store device.db
      noond device review --json
      noond device review --approve 0199c2d1-… --reject 0199c2d2-…
    """
    import asyncio

    from noond.clock import SystemClock
    from noond.device.store import DeviceStore
    from noond.log import configure_logging

    if store is None:
        assert context.parent is not None
        store = Path(context.parent.params["store"])
    both = sorted({*approve} & {*reject})
    if both:
        raise click.UsageError(f"Approve or reject {both[0]}, not both.", context)
    decisions: list[tuple[str, Verdict]] = [(each, "approved") for each in approve]
    decisions += [(each, "rejected") for each in reject]
    configure_logging(level="warning", style="console")
    # The loop runs only while the store is used, so that Ctrl-C ends a prompt at once.
    with asyncio.Runner() as runner:
        opened = runner.run(DeviceStore.open(store, clock=SystemClock(), create=False))
        try:
            if decisions:
                _decide_all(runner, opened, decisions, as_json)
            else:
                _review(runner, opened, as_json)
        finally:
            runner.run(opened.close())


def _decide_all(
    runner: asyncio.Runner,
    store: DeviceStore,
    decisions: list[tuple[str, Verdict]],
    as_json: bool,
) -> None:
    from noond.device.reviews import decide

    for record_id, decision in decisions:
        runner.run(decide(store, record_id, decision))
        if not as_json:
            print_line(record_id, decision)
    if as_json:
        print_json({"items": [{"id": each, "decision": what} for each, what in decisions]})


def _review(runner: asyncio.Runner, store: DeviceStore, as_json: bool) -> None:
    from noond.device.reviews import list_suggestions

    suggestions = runner.run(list_suggestions(store))
    if as_json:
        print_json({"items": [_document(each) for each in suggestions]})
        return
    if not suggestions:
        note("No suggestions wait for a decision.")
    elif on_terminal() and sys.stdin.isatty():
        from noond.cli.review_session import ReviewSession

        ReviewSession(runner, store, suggestions).run()
    else:
        for each in suggestions:
            due = due_of(each.data)
            print_line(each.id, each.table, title_of(each.data), due, each.path, each.quote)


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
