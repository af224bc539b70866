"""The verbs of the audit log: `noond audit` lists it, `noond audit verify` looks if it is whole."""

from __future__ import annotations

from typing import Any

import click

from noond.cli.client import Client
from noond.cli.connected import connected, json_option
from noond.cli.default_group import DefaultGroup
from noond.cli.exits import CommandFailed
from noond.cli.listing import limit_option, span_options
from noond.cli.output import (
    Cell,
    local_time,
    note,
    on_terminal,
    print_facts,
    print_json,
    print_line,
    print_rows,
)
from noond.models.audit import Action


@click.group(cls=DefaultGroup, default="list", default_without_arguments=True)
def audit() -> None:
    """Show who did what, and whether that record is whole.

    `noond audit` alone lists the newest entries.

    \b
    Example:
      noond audit --action FAILED_AUTH
      noond audit verify
    """


@audit.command("list")
@click.option("--actor", metavar="NAME", help="Only what this user did; a name or an id.")
@click.option("--action", type=click.Choice([action.value for action in Action]), help="Only this.")
@click.option("--resource", metavar="KIND", help="Only on this kind of thing, such as agent.")
@click.option("--id", "resource_id", metavar="ID", help="Only on the thing with this id.")
@click.option("--status", type=click.IntRange(100, 599), help="Only with this HTTP status.")
@click.option("--ip", metavar="ADDRESS", help="Only from this address.")
@click.option("--request", "request_id", metavar="ID", help="Only of this X-Request-ID.")
@span_options()
@limit_option
@json_option
@connected
def list_entries(client: Client, /, limit: int, as_json: bool, **filters: str | int | None) -> None:
    """List the entries, newest first, as far as they are not archived.

    \b
    Example:
      noond audit list --actor ana --since 2026-11-20T00:00:00Z
      noond audit list --resource api_key --json
    """
    found = client.items("/audit", at_most=limit, **filters)
    if as_json:
        print_json({"items": found})
        return
    print_rows(("SEQ", "TIME", "WHO", "WHAT", "STATUS", "FROM"), [_row(entry) for entry in found])
    if not found:
        note("No such entries.")


@audit.command()
@json_option
@connected
def verify(client: Client, as_json: bool) -> None:
    """Look through the whole log for rows that were changed, removed or put in.

    Ends with 1 when there are any, and names them.

    \b
    Example:
      noond audit verify
    """
    found: dict[str, Any] = client.get("/audit/verification")
    if as_json:
        print_json(found)
    else:
        facts: dict[str, Cell] = {
            "rows": found["rows"],
            "archived rows": found["archived_rows"],
            "first": found["first_seq"],
            "last": found["last_seq"],
            "since": local_time(found["since"]),
        }
        print_facts(facts)
        for problem in found["problems"]:
            print_line(problem)
    if not found["ok"]:
        raise CommandFailed("The audit log was tampered with.")
    if on_terminal() and not as_json:
        note("The audit log is whole.")


def _row(entry: dict[str, Any]) -> tuple[Cell, ...]:
    thing = entry["resource"]
    if entry["resource_id"]:
        thing += f" {_shown(entry['resource_id'])}"
    return (
        entry["seq"],
        local_time(entry["at"]),
        entry["actor_name"] or _shown(entry["actor_id"] or "") or entry["actor_kind"],
        f"{entry['action']} {thing}",
        entry["status"],
        entry["ip"],
    )


def _shown(thing_id: str) -> str:
    """The end of an id, on a terminal; uncut into a pipe."""
    return thing_id[-8:] if on_terminal() else thing_id
