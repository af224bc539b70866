"""The verb that tells what is wrong and needs a person."""

from __future__ import annotations

from typing import Any

import click

from noond.cli.client import Client
from noond.cli.connected import connected, json_option
from noond.cli.listing import limit_option
from noond.cli.output import Cell, local_time, note, print_json, print_rows
from noond.models.finding import FindingKind


@click.command()
@click.option("--all", "all_states", is_flag=True, help="Those that are over, too.")
@click.option("--kind", type=click.Choice([kind.value for kind in FindingKind]), help="Only this.")
@limit_option
@json_option
@connected
def findings(client: Client, all_states: bool, kind: str | None, limit: int, as_json: bool) -> None:
    """Show what is wrong and needs a person, newest first.

    Jobs that fail, queues that grow, schedules that did not fire, money that is nearly used up.
    Administrators also see what concerns the whole daemon.

    \b
    Example:
      noond findings
      noond findings --all --json
    """
    filters = {"state": "all" if all_states else "open", "kind": kind}
    found = client.items("/findings", at_most=limit, **filters)
    paused = client.get("/findings", limit="1")["paused_queues"]
    if as_json:
        print_json({"items": found, "paused_queues": paused})
        return
    print_rows(("OPENED", "STATE", "WHAT", "SEEN", "MORE"), [_row(each) for each in found])
    if not found:
        note("Nothing is wrong." if not all_states else "Nothing was ever wrong.")
    if paused:
        note(f"Not watched, because they are paused: {', '.join(paused)}.")


def _row(finding: dict[str, Any]) -> tuple[Cell, ...]:
    return (
        local_time(finding["opened_at"]),
        finding["state"],
        finding["title"],
        finding["count"],
        finding["detail"],
    )
