"""The verbs that apply a dry run, undo a run, and compare two."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from noond.cli.client import Client, segment
from noond.cli.connected import connected, find_run_id, json_option, view_of_agent
from noond.cli.exits import CommandFailed, ExitCode
from noond.cli.output import note, print_facts, print_json, print_line
from noond.cli.preview_report import print_diff
from noond.cli.progress import wait_until_settled
from noond.cli.record_text import AgentView
from noond.cli.run_report import print_record


@click.command()
@click.argument("run_id", metavar="RUN")
@click.option("--wait", is_flag=True, help="Wait until the device has taken the records.")
@json_option
@connected
def apply(client: Client, run_id: str, wait: bool, as_json: bool) -> None:
    """Bring what a dry run proposed and is new.

    Nothing is read again and no model is asked again. RUN is a run's id or the end of it, or
    an agent's name for its newest run.

    \b
    Example:
      noond run notes --dry-run
      noond run apply notes --wait
    """
    run_id = find_run_id(client, run_id)
    reply = client.post(f"/runs/{segment(run_id)}/apply")
    run = client.get(f"/runs/{segment(run_id)}")
    count = reply["deliveries"]
    if not wait:
        if as_json:
            print_json(reply)
        elif count:
            print_line(f"{_records(count)} of run {run_id} {_are(count)} on the way.")
            _note_absence(client, run)
        else:
            print_line(f"Nothing of run {run_id} is new; nothing is sent.")
        return
    _note_absence(client, run)
    run = _wait(
        client,
        f"/runs/{segment(run_id)}",
        lambda state: int(state["deliveries"]["pending"]),
        "the records are delivered all the same.",
    )
    sent = run["deliveries"]
    if as_json:
        print_json(run)
    else:
        print_line(f"{_records(count)}: {sent['delivered']} delivered, {sent['failed']} failed.")
    if sent["failed"]:
        raise CommandFailed(f"Try those again with `noond run resend {run_id}`.")


@click.command()
@click.argument("run_id", metavar="RUN")
@click.option("--wait", is_flag=True, help="Wait for the deletions and list what was kept.")
@json_option
@connected
def revert(client: Client, run_id: str, wait: bool, as_json: bool) -> None:
    """Undo a run: delete its records from the device.

    What a person approved or edited stays. What is undone does not come back until the
    agent's prompt, types or model change. RUN is a run's id or the end of it, or an agent's
    name for its newest run.

    \b
    Example:
      noond run revert notes --wait
    """
    run_id = find_run_id(client, run_id)
    begun = client.post(f"/runs/{segment(run_id)}/revert")
    run = client.get(f"/runs/{segment(run_id)}")
    deleting, kept = begun["deleting"], begun["kept"]
    if deleting:
        _note_absence(client, run)
    if not wait:
        if as_json:
            print_json(begun)
            return
        if deleting:
            print_line(f"{_records(deleting)} of run {run_id} {_are(deleting)} being deleted.")
        else:
            print_line(f"Nothing is left to delete of run {run_id}.")
        if kept:
            stay = "stays" if kept == 1 else "stay"
            print_line(f"{_records(kept)} {stay}: approved or edited by a person.")
        note(f"See what comes of it: `noond runs {run_id}`")
        return
    state = _wait(
        client,
        f"/runs/{segment(run_id)}/revert",
        lambda state: int(state["pending"]),
        "the records are deleted all the same.",
    )
    records = [
        record
        for record in client.items(f"/runs/{segment(run_id)}/records")
        if record["decision"] in ("approved", "edited") or record["retraction"] == "kept"
    ]
    state |= {"kept": len(records)}
    if as_json:
        print_json({**state, "records": records})
    else:
        _print_reverted(state, records, view_of_agent(client, run["agent_id"]))
    if state["failed"]:
        raise CommandFailed(
            f"{_records(state['failed'])} could not be deleted; the device did not answer."
        )


@click.command()
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@json_option
@connected
def diff(client: Client, before: str, after: str, as_json: bool) -> None:
    """Show what run B adds, changes and drops against run A.

    Made for dry runs before and after a change of an agent's prompt, types or model. A record
    counts as dropped only if B read its file. A and B are runs' ids or the ends of them, or an
    agent's name for its newest run.

    \b
    Example:
      noond run diff 7ab3c9d2e1f0 notes
    """
    before_id, after_id = find_run_id(client, before), find_run_id(client, after)
    found = client.get(f"/runs/{segment(before_id)}/diff/{segment(after_id)}")
    if as_json:
        print_json(found)
        return
    run = client.get(f"/runs/{segment(after_id)}")
    print_diff(found, view=view_of_agent(client, run["agent_id"]))
    counts = {word: len(found[word]) for word in ("added", "changed", "dropped")}
    note(", ".join(f"{count} {word}" for word, count in counts.items()) + ".")


def _wait(
    client: Client, path: str, pending: Callable[[dict[str, Any]], int], without_us: str
) -> dict[str, Any]:
    """What the path answers once nothing is pending. Raises CommandFailed for Ctrl-C."""
    try:
        return wait_until_settled(lambda: client.get(path), pending)
    except KeyboardInterrupt:
        raise CommandFailed(f"No longer waiting; {without_us}", ExitCode.INTERRUPTED) from None


def _note_absence(client: Client, run: dict[str, Any]) -> None:
    for device in client.items("/devices"):
        if device["device_id"] == run["device_id"] and not device["online"]:
            note(f"{device['name']} is away; it happens when the device is back.")


def _print_reverted(state: dict[str, Any], records: list[dict[str, Any]], view: AgentView) -> None:
    print_facts(
        {
            "run": state["run_id"],
            "deleted": state["deleted"],
            "kept": state["kept"],
            "failed": state["failed"] or None,
        }
    )
    for record in records:
        print_record(record, view=view, with_status=True)


def _records(count: int) -> str:
    return "1 record" if count == 1 else f"{count} records"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"
