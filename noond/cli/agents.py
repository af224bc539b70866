"""The verbs for agents: what to read, what to look for in it, and when."""

from __future__ import annotations

from typing import Any

import click

from noond.cli.agent_settings import fields_of, with_settings
from noond.cli.agent_stats import stats
from noond.cli.client import Client, segment
from noond.cli.connected import connected, find_agent, json_option, run_verb
from noond.cli.exits import CommandFailed, ExitCode
from noond.cli.output import (
    local_time,
    note,
    print_facts,
    print_json,
    print_line,
    print_rows,
)


@click.command()
@json_option
@connected
def agents(client: Client, as_json: bool) -> None:
    """List the agents.

    \b
    Example:
      noond agents
    """
    found = client.items("/agents", kind="local")
    if as_json:
        print_json({"items": found})
        return
    print_rows(
        ("NAME", "DEVICE", "STATUS", "CRON", "NEXT", "LAST RUN"),
        [
            (
                agent["name"],
                agent["device_id"],
                "enabled" if agent["enabled"] else "paused",
                agent["schedule_cron"] or "by hand",
                local_time(next(iter(agent["next_fires"]), None)),
                local_time(agent["last_run_at"]),
            )
            for agent in found
        ],
    )
    if not found:
        note("No agents yet; add one with `noond agent add local`.")


@click.group()
def agent() -> None:
    """Add, show and change agents.

    \b
    Example:
      noond agent pause notes
    """


agent.add_command(stats)


@agent.group()
def add() -> None:
    """Add an agent.

    \b
    Example:
      noond agent add local --help
    """


@add.command("local")
@click.argument("name")
@with_settings
@json_option
@connected
def add_local(client: Client, /, name: str, as_json: bool, **given: Any) -> None:
    """Add an agent that reads folders on a device.

    \b
    Example:
      noond agent add local notes --device laptop --path ~/Notes \\
        --ext .md --ext .txt --type tasks --type notes \\
        --cron "0 8 * * 1-5" --timezone Europe/Berlin
    """
    missing = [
        option
        for option, key in (("--path", "paths"), ("--ext", "extensions"), ("--type", "types"))
        if not given[key]
    ]
    if missing:
        raise click.UsageError(f"Missing {', '.join(missing)}.", click.get_current_context())
    body = {"kind": "local", "name": name, **fields_of(client, given)}
    if "device_id" not in body:
        body["device_id"] = _only_device(client)
    made = client.post("/agents", body)
    if as_json:
        print_json(made)
    else:
        _print_agent(made)
        note(f"Read it now with `{run_verb(made['name'])} --wait`.")


def _only_device(client: Client) -> str:
    found = client.items("/devices")
    if len(found) == 1:
        return str(found[0]["device_id"])
    raise CommandFailed(
        "Name the device with --device; `noond devices` lists them."
        if found
        else "There is no device yet; let one in with `noond pair`.",
        ExitCode.USAGE,
    )


@agent.command()
@click.argument("name")
@json_option
@connected
def show(client: Client, name: str, as_json: bool) -> None:
    """Show an agent's settings.

    \b
    Example:
      noond agent show notes
    """
    found = find_agent(client, name)
    if as_json:
        print_json(found)
    else:
        _print_agent(found)


@agent.command()
@click.argument("name")
@click.option("--name", "new_name", metavar="NAME", help="A new name.")
@with_settings
@json_option
@connected
def edit(client: Client, /, name: str, new_name: str | None, as_json: bool, **given: Any) -> None:
    """Change an agent; what is not named stays.

    Repeated options (--path, --ext, --type) replace the whole list.

    \b
    Example:
      noond agent edit notes --cron "30 7 * * *" --missed skip
    """
    body = fields_of(client, given)
    if new_name is not None:
        body["name"] = new_name
    if not body:
        raise click.UsageError("Say what to change.", click.get_current_context())
    _change(client, name, body, as_json)


@agent.command()
@click.argument("name")
@json_option
@connected
def pause(client: Client, name: str, as_json: bool) -> None:
    """Stop an agent's schedule; it can still be run by hand.

    \b
    Example:
      noond agent pause notes
    """
    _change(client, name, {"enabled": False}, as_json)


@agent.command()
@click.argument("name")
@json_option
@connected
def resume(client: Client, name: str, as_json: bool) -> None:
    """Start an agent's schedule again, from now on.

    \b
    Example:
      noond agent resume notes
    """
    _change(client, name, {"enabled": True}, as_json)


@agent.command("rm")
@click.argument("name")
@json_option
@connected
def remove(client: Client, name: str, as_json: bool) -> None:
    """Remove an agent; its runs and its records stay.

    \b
    Example:
      noond agent rm notes
    """
    found = find_agent(client, name)
    client.delete(f"/agents/{segment(found['id'])}")
    if as_json:
        print_json({"id": found["id"], "removed": True})
    else:
        print_line(f"{found['name']} is removed.")


@agent.command("next")
@click.argument("name")
@json_option
@connected
def next_fires(client: Client, name: str, as_json: bool) -> None:
    """Show when an agent runs next.

    \b
    Example:
      noond agent next notes
    """
    found = find_agent(client, name)
    if as_json:
        print_json({key: found[key] for key in ("next_fires", "timezone", "schedule_note")})
        return
    for moment in found["next_fires"]:
        print_line(local_time(moment))
    if found["schedule_note"]:
        note(found["schedule_note"])
    elif not found["next_fires"]:
        note(f"{found['name']} has no schedule; give it one: `noond agent edit NAME --cron …`.")


def _change(client: Client, name: str, body: dict[str, Any], as_json: bool) -> None:
    found = find_agent(client, name)
    changed = client.patch(f"/agents/{segment(found['id'])}", body)
    if as_json:
        print_json(changed)
    else:
        _print_agent(changed)


def _print_agent(agent: dict[str, Any]) -> None:
    facts = {
        "id": agent["id"],
        "name": agent["name"],
        "status": "enabled" if agent["enabled"] else "paused",
        "device": agent["device_id"],
        "paths": ", ".join(agent["directory_paths"]),
        "extensions": " ".join(agent["file_extensions"]),
        "types": " ".join(agent["data_types"]),
        "prompt": agent["prompt_template"],
        "cron": agent["schedule_cron"],
        "timezone": agent["timezone"],
        "missed": agent["missed"],
        "max_age_hours": agent["max_age_hours"],
        "quiet_hours": agent["quiet_hours"],
        "default_project": agent["default_project_id"],
        "note": agent["schedule_note"],
        "last_run": local_time(agent["last_run_at"]),
        "next": ", ".join(local_time(moment) for moment in agent["next_fires"][:2]),
    }
    print_facts(facts)
