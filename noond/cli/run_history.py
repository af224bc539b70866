"""The verb that tells what came of the runs: `noond runs`."""

from __future__ import annotations

from typing import Any

import click

from noond.cli.client import Client, segment
from noond.cli.connected import connected, find_agent, find_run_id, json_option, view_of_agent
from noond.cli.listing import limit_option
from noond.cli.output import Cell, local_time, note, on_terminal, print_json, print_rows
from noond.cli.preview_report import count_proposals, estimate_facts, print_proposals
from noond.cli.run_report import print_run, waits_for
from noond.models.run import RunStatus


@click.command()
@click.argument("run_id", metavar="[RUN]", required=False)
@click.option(
    "--status", type=click.Choice([status.value for status in RunStatus]), help="Only these."
)
@click.option("--agent", metavar="NAME", help="Only this agent's runs.")
@limit_option
@json_option
@connected
def runs(
    client: Client,
    run_id: str | None,
    status: str | None,
    agent: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """List the runs, or show one with its records.

    The list begins with the newest. A dry run is shown with its proposals until it is applied.

    RUN is a run's id or the end of it, or an agent's name for its newest run.

    \b
    Example:
      noond runs --agent notes --limit 5
      noond runs notes
    """
    if run_id is not None:
        _show(client, find_run_id(client, run_id), as_json)
        return
    agent_id = find_agent(client, agent)["id"] if agent is not None else None
    found = client.items("/runs", at_most=limit, agent_id=agent_id, status=status)
    if as_json:
        print_json({"items": found})
        return
    print_rows(
        ("ID", "AGENT", "MODE", "STATUS", "CREATED", "FILES", "NEW", "ERRORS"),
        [_row(each) for each in found],
    )
    if not found:
        note("No such runs yet; start one with `noond run NAME`.")


def _row(run: dict[str, Any]) -> tuple[Cell, ...]:
    return (
        short_id(run["id"]),
        run["agent_name"],
        run["mode"].replace("_", " "),
        waits_for(run),
        local_time(run["created_at"]),
        run["items_processed"],
        run["items_created"],
        run["error_count"],
    )


def _withdrawn(record: dict[str, Any]) -> dict[str, Any]:
    """The record of an undone run, with what became of its deletion as its status."""
    if record["retraction"] is None:
        return record
    return {**record, "status": record["retraction"], "error": record["retraction_error"]}


def short_id(run_id: str) -> str:
    """The end of a run's id, on a terminal; uncut into a pipe."""
    return run_id[-8:] if on_terminal() else run_id


def _show(client: Client, run_id: str, as_json: bool) -> None:
    path = f"/runs/{segment(run_id)}"
    found: dict[str, Any] = client.get(path)
    records = client.items(f"{path}/records")
    is_dry = found["mode"] == "dry_run"
    proposals = client.items(f"{path}/proposals") if is_dry else []
    if as_json:
        print_json({**found, "records": records} | ({"proposals": proposals} if is_dry else {}))
        return
    view = view_of_agent(client, found["agent_id"])
    more = estimate_facts(found["estimate"])
    if is_dry:
        more["proposals"] = count_proposals(proposals)
    if found["reverted_at"]:
        undone = client.get(f"{path}/revert")
        more["undone"] = ", ".join(
            f"{undone[key]} {key}" for key in ("deleted", "pending", "kept", "failed")
        )
        records = [_withdrawn(record) for record in records]
    print_run(found, records, view=view, more=more)
    if is_dry and found["applied_at"] is None:
        print_proposals(proposals, view=view)
