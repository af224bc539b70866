"""The verb that tells how an agent's suggestions fare."""

from __future__ import annotations

from typing import Any

import click

from noond.cli.client import Client, segment
from noond.cli.connected import connected, find_agent, json_option
from noond.cli.output import Cell, note, on_terminal, print_json, print_rows


@click.command()
@click.argument("name")
@json_option
@connected
def stats(client: Client, name: str, as_json: bool) -> None:
    """Show how many suggestions people kept.

    By week (its Monday, UTC) for the last twelve, then in all. Precision is the part of the
    decided suggestions that was approved or edited.

    \b
    Example:
      noond agent stats notes
    """
    found = find_agent(client, name)
    told = client.get(f"/agents/{segment(found['id'])}/stats")
    if as_json:
        print_json(told)
        return
    print_rows(
        ("WEEK", "SUGGESTED", "APPROVED", "EDITED", "REJECTED", "PRECISION"),
        [_row(week["week"], week) for week in told["weeks"]] + [_row("total", told)],
    )
    if not told["suggested"]:
        note(f"{found['name']} has suggested nothing yet.")
    elif told["precision"] is None:
        note("Nobody has decided on a suggestion yet.")


def _row(label: str, tally: dict[str, Any]) -> tuple[Cell, ...]:
    counts = (tally[key] for key in ("suggested", "approved", "edited", "rejected"))
    return (label, *counts, _precision(tally["precision"]))


def _precision(part: float | None) -> Cell:
    if part is None:
        return None
    return f"{part:.0%}" if on_terminal() else round(part, 4)
