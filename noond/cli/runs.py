"""The group `run`: start, cancel, send again."""

from __future__ import annotations

from typing import Any

import click

from noond.cli.client import Client, Problem, segment
from noond.cli.connected import (
    connected,
    find_agent,
    find_run_id,
    json_option,
    run_verb,
    view_of_agent,
)
from noond.cli.default_group import DefaultGroup
from noond.cli.exits import CommandFailed, ExitCode
from noond.cli.output import note, on_terminal, print_facts, print_json, print_line
from noond.cli.preview_report import count_proposals, estimate_facts, print_proposals
from noond.cli.previews import apply, diff, revert
from noond.cli.progress import wait_for_run
from noond.cli.run_report import print_errors, print_run
from noond.models.preview import RunMode
from noond.models.run import RunStatus

DONE = frozenset({RunStatus.SUCCESS, RunStatus.PARTIAL})


@click.group(cls=DefaultGroup, default="start")
def run() -> None:
    """Run an agent, look before it, undo it.

    `noond run NAME` is short for `noond run start NAME`.

    \b
    Example:
      noond run notes --wait
      noond run notes --dry-run
    """


for _verb in (apply, revert, diff):
    run.add_command(_verb)


@run.command()
@click.argument("name")
@click.option("--wait", is_flag=True, help="Wait for the end and show the progress.")
@click.option("--estimate", is_flag=True, help="Only tell what there is to read, and its price.")
@click.option("--dry-run", is_flag=True, help="Only show what would be suggested.")
@json_option
@connected
def start(
    client: Client, name: str, wait: bool, estimate: bool, dry_run: bool, as_json: bool
) -> None:
    """Run the agent NAME now.

    With --wait the exit code says how the run ended: 0 for success and partial, else 1.
    --estimate and --dry-run wait too; neither changes anything on the device. An estimate asks
    no model. A dry run can be applied. A run waits for its device when the device is away.

    \b
    Example:
      noond run start notes --wait
      noond run start notes --estimate
      noond run start notes --dry-run
    """
    if estimate and dry_run:
        raise click.UsageError("Take --estimate or --dry-run.", click.get_current_context())
    mode = RunMode.ESTIMATE if estimate else RunMode.DRY_RUN if dry_run else RunMode.FULL
    found = find_agent(client, name)
    try:
        accepted = client.post(f"/agents/{segment(found['id'])}/runs", {"mode": mode.value})
    except Problem as problem:
        if problem.members.get("code") == "run_in_progress":
            raise _in_progress(found["name"], str(problem.members.get("run_id"))) from None
        raise
    if mode is RunMode.FULL and not wait:
        if as_json:
            print_json(accepted)
        else:
            print_line(accepted["run_id"], accepted["status"])
            note(f"See what comes of it: `noond runs {accepted['run_id']}`")
        return
    if accepted["status"] == RunStatus.WAITING:
        note(f"{found['device_id']} is away; the run begins when it is back.")
    ended = _wait(client, accepted["run_id"], mode)
    match mode:
        case RunMode.FULL:
            _show(ended, as_json)
        case RunMode.ESTIMATE:
            _show_estimate(ended, as_json)
        case RunMode.DRY_RUN:
            _show_proposals(client, ended, as_json)
    if ended["status"] not in DONE:
        raise CommandFailed(
            f"The run ended as {ended['status']}; `noond runs {ended['id']}` shows all of it."
        )


def _wait(client: Client, run_id: str, mode: RunMode) -> dict[str, Any]:
    try:
        return wait_for_run(client, run_id, counts_records=mode is RunMode.FULL)
    except KeyboardInterrupt:
        raise CommandFailed(
            f"No longer waiting; the run goes on. End it with `noond run cancel {run_id}`.",
            ExitCode.INTERRUPTED,
        ) from None


def _show(ended: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(ended)
    else:
        print_run(ended)


def _show_estimate(ended: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(ended)
        return
    print_facts(
        {
            "run": ended["id"],
            "agent": ended["agent_name"],
            **estimate_facts(ended["estimate"]),
        }
    )
    print_errors(ended)
    if ended["status"] in DONE:
        command = run_verb(ended["agent_name"])
        note(f"See what it would suggest: `{command} --dry-run`")
        note(f"Run it: `{command} --wait`")


def _show_proposals(client: Client, ended: dict[str, Any], as_json: bool) -> None:
    proposals = client.items(f"/runs/{segment(ended['id'])}/proposals")
    if as_json:
        print_json({**ended, "proposals": proposals})
        return
    view = view_of_agent(client, ended["agent_id"])
    print_proposals(proposals, view=view)
    if proposals and on_terminal():
        click.echo()
    print_errors(ended, view)
    files = ended["coverage"]
    note(f"Proposals: {count_proposals(proposals)}.")
    note(f"Files: {files['read']} read, {files['unchanged']} unchanged since the last run.")
    if any(each["novelty"] == "new" for each in proposals):
        note(f"Take what is new: `noond run apply {ended['id']}`")


@run.command()
@click.argument("run_id", metavar="RUN")
@json_option
@connected
def cancel(client: Client, run_id: str, as_json: bool) -> None:
    """Cancel a run.

    RUN is a run's id or the end of it, or an agent's name for its newest run.

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

    RUN is a run's id or the end of it, or an agent's name for its newest run.

    \b
    Example:
      noond run resend notes
    """
    reply = client.post(f"/runs/{segment(find_run_id(client, run_id))}/resend")
    if as_json:
        print_json(reply)
    else:
        print_line(f"{reply['deliveries']} records of run {reply['run_id']} are sent again.")


def _in_progress(name: str, run_id: str) -> CommandFailed:
    return CommandFailed(
        f"{name} already has run {run_id}; watch it with `noond runs {run_id}` or end it with "
        f"`noond run cancel {run_id}`.",
        ExitCode.CONFLICT,
    )
