"""The verbs for runs: `run` starts, cancels and sends again; `runs` tells what came of them."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import click

from noond.cli.client import Client, Problem, segment
from noond.cli.connected import connected, find_agent, find_run_id, json_option
from noond.cli.default_group import DefaultGroup
from noond.cli.exits import CommandFailed, ExitCode
from noond.cli.output import local_time, note, print_json, print_line, print_rows
from noond.cli.progress import wait_for_run
from noond.cli.run_report import print_run, waits_for
from noond.models.run import RunStatus

DONE = frozenset({RunStatus.SUCCESS, RunStatus.PARTIAL})


@click.group(cls=DefaultGroup, default="start")
def run() -> None:
    """Run an agent now, cancel a run, send again.

    `noond run NAME` is short for `noond run start NAME`.

    \b
    Example:
      noond run notes --wait
    """


@run.command()
@click.argument("name")
@click.option("--wait", is_flag=True, help="Wait for the end and show the progress.")
@json_option
@connected
def start(client: Client, name: str, wait: bool, as_json: bool) -> None:
    """Run the agent NAME now.

    With --wait the exit code says how the run ended: 0 for success and partial, else 1.
    A run waits for its device when the device is away.

    \b
    Example:
      noond run start notes --wait
    """
    found = find_agent(client, name)
    try:
        accepted = client.post(f"/agents/{segment(found['id'])}/runs")
    except Problem as problem:
        if problem.members.get("code") == "run_in_progress":
            raise _in_progress(found["name"], str(problem.members.get("run_id"))) from None
        raise
    if not wait:
        if as_json:
            print_json(accepted)
        else:
            print_line(accepted["run_id"], accepted["status"])
            note(f"See what comes of it: `noond runs {accepted['run_id']}`")
        return
    try:
        ended = wait_for_run(client, accepted["run_id"])
    except KeyboardInterrupt:
        raise CommandFailed(
            "No longer waiting; the run goes on. End it with "
            f"`noond run cancel {accepted['run_id']}`.",
            ExitCode.INTERRUPTED,
        ) from None
    if as_json:
        print_json(ended)
    else:
        print_run(ended)
    if ended["status"] not in DONE:
        raise CommandFailed(
            f"The run ended as {ended['status']}; `noond runs {ended['id']}` shows all of it."
        )


@run.command()
@click.argument("run_id", metavar="RUN")
@json_option
@connected
def cancel(client: Client, run_id: str, as_json: bool) -> None:
    """Cancel a run: its id, or its agent's name for the newest.

    \b
    Example:
      noond run cancel notes
    """
    reply = client.post(f"/runs/{segment(find_run_id(client, run_id))}/cancel")
    if as_json:
        print_json(reply)
    elif reply["outcome"] == "already_final":
        print_line(f"Run {reply['run_id']} had already ended as {reply['status']}.")
    else:
        print_line(f"Run {reply['run_id']} is being cancelled.")


@run.command()
@click.argument("run_id", metavar="RUN")
@json_option
@connected
def resend(client: Client, run_id: str, as_json: bool) -> None:
    """Send a run's failed records to the device again.

    RUN is a run's id, or an agent's name for its newest run.

    \b
    Example:
      noond run resend notes
    """
    reply = client.post(f"/runs/{segment(find_run_id(client, run_id))}/resend")
    if as_json:
        print_json(reply)
    else:
        print_line(f"{reply['deliveries']} records of run {reply['run_id']} are sent again.")


@click.command()
@click.argument("run_id", metavar="[RUN]", required=False)
@click.option(
    "--status", type=click.Choice([status.value for status in RunStatus]), help="Only these."
)
@click.option("--agent", metavar="NAME", help="Only this agent's runs.")
@click.option(
    "--limit",
    type=click.IntRange(1, 10_000),
    default=20,
    show_default=True,
    help="Show so many.",
)
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

    The list begins with the newest.

    RUN is a run's id, or an agent's name for its newest run.

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
        ("ID", "AGENT", "STATUS", "CREATED", "FILES", "NEW", "ERRORS"),
        [
            (
                each["id"],
                each["agent_name"],
                waits_for(each),
                local_time(each["created_at"]),
                each["items_processed"],
                each["items_created"],
                each["error_count"],
            )
            for each in found
        ],
    )
    if not found:
        note("No such runs yet; start one with `noond run NAME`.")


def _show(client: Client, run_id: str, as_json: bool) -> None:
    found: dict[str, Any] = client.get(f"/runs/{segment(run_id)}")
    records = client.items(f"/runs/{segment(run_id)}/records")
    if as_json:
        print_json({**found, "records": records})
    else:
        print_run(found, records, zone=_zone_of(client, found["agent_id"]))


def _zone_of(client: Client, agent_id: str) -> ZoneInfo | None:
    """The zone in which the agent's records have their dates; None when the agent is removed."""
    try:
        return ZoneInfo(client.get(f"/agents/{segment(agent_id)}")["timezone"])
    except Problem as problem:
        if problem.status == 404:
            return None
        raise


def _in_progress(name: str, run_id: str) -> CommandFailed:
    return CommandFailed(
        f"{name} already has run {run_id}; watch it with `noond runs {run_id}` or end it with "
        f"`noond run cancel {run_id}`.",
        ExitCode.CONFLICT,
    )
