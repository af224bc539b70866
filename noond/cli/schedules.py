"""The verbs of schedules: messages that the clock sends to chat agents."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

from noond.cli.client import Client, segment
from noond.cli.connected import connected, find_conversation_id, find_schedule_id, json_option
from noond.cli.default_group import DefaultGroup
from noond.cli.listing import limit_option
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

F = TypeVar("F", bound=Callable[..., Any])

_SETTINGS: Final = (
    click.option("--zone", metavar="ZONE", help="Zone of CRON: Europe/Berlin; '' for your own."),
    click.option("--agent", metavar="ID", help="assistant or simple_llm_agent."),
    click.option(
        "--missed",
        type=click.Choice(["skip", "latest", "all"]),
        help="What becomes of fires while noond was down.",
    ),
    click.option(
        "--most",
        type=click.IntRange(1, 100),
        help="How many of them `--missed all` makes up for.",
    ),
    click.option(
        "--conversation", metavar="ID", help="Send it into this conversation; '' for none."
    ),
)


def _with_settings(command: F) -> F:
    for option in reversed(_SETTINGS):
        command = option(command)
    return command


@click.group(cls=DefaultGroup, default="list", default_without_arguments=True)
def schedules() -> None:
    """Have chat agents asked by the clock.

    `noond schedules` alone lists them. A SCHEDULE is named by its name, its id or the end of it.

    \b
    Example:
      noond schedules add morning "0 7 * * 1-5" "How did the last runs go?"
      noond schedules fires morning
    """


@schedules.command("list")
@limit_option
@json_option
@connected
def list_schedules(client: Client, limit: int, as_json: bool) -> None:
    """List your schedules, newest first.

    \b
    Example:
      noond schedules list --json
    """
    found = client.items("/schedules", at_most=limit)
    if as_json:
        print_json({"items": found})
        return
    print_rows(
        ("NAME", "STATUS", "CRON", "NEXT", "AGENT", "MESSAGE"), [_row(each) for each in found]
    )
    if not found:
        note("No schedules yet; make one with `noond schedules add`.")


@schedules.command()
@click.argument("schedule")
@json_option
@connected
def show(client: Client, schedule: str, as_json: bool) -> None:
    """Show a schedule with its next fires.

    \b
    Example:
      noond schedules show morning
    """
    _show(client.get(_path(client, schedule)), as_json)


@schedules.command()
@click.argument("name")
@click.argument("cron")
@click.argument("message")
@_with_settings
@click.option("--paused", is_flag=True, help="Do not begin yet.")
@json_option
@connected
def add(
    client: Client, /, name: str, cron: str, message: str, paused: bool, as_json: bool, **given: Any
) -> None:
    """Have MESSAGE sent whenever CRON says: minute hour day month weekday.

    Without options the assistant is asked, in your own zone, and one task makes up for all fires
    that were missed. What it may do is bounded by the key that made or last changed it.

    \b
    Example:
      noond schedules add morning "0 7 * * 1-5" "How did the last runs go?" \\
        --zone Europe/Berlin
    """
    body = {"name": name, "cron": cron, "message": message, **_fields(client, given)}
    _show(client.post("/schedules", {**body, "enabled": not paused}), as_json)


@schedules.command()
@click.argument("schedule")
@click.option("--name", help="Its new name.")
@click.option("--cron", metavar="CRON", help="Minute hour day month weekday.")
@click.option("--message", metavar="MESSAGE", help="What is sent.")
@_with_settings
@click.option("--paused/--resumed", default=None, help="Stop it for now, or go on.")
@json_option
@connected
def change(
    client: Client,
    /,
    schedule: str,
    name: str | None,
    cron: str | None,
    message: str | None,
    paused: bool | None,
    as_json: bool,
    **given: Any,
) -> None:
    """Change a schedule; what is not named stays.

    What passed while it was paused is not made up for.

    \b
    Example:
      noond schedules change morning --cron "30 6 * * 1-5"
      noond schedules change morning --paused
    """
    said: dict[str, Any] = {"name": name, "cron": cron, "message": message}
    body = {key: value for key, value in said.items() if value is not None}
    body = {**body, **_fields(client, given)}
    if paused is not None:
        body["enabled"] = not paused
    if not body:
        raise click.UsageError("Say what to change.", click.get_current_context())
    _show(client.patch(_path(client, schedule), body), as_json)


@schedules.command()
@click.argument("schedule")
@json_option
@connected
def remove(client: Client, schedule: str, as_json: bool) -> None:
    """Delete a schedule. Tasks that it has queued stay.

    \b
    Example:
      noond schedules remove morning
    """
    found = find_schedule_id(client, schedule)
    client.delete(f"/schedules/{segment(found)}")
    if as_json:
        print_json({"id": found, "removed": True})
    else:
        print_line(f"Schedule {schedule} is removed.")


@schedules.command()
@click.argument("schedule")
@click.option(
    "--limit", type=click.IntRange(1, 200), default=20, show_default=True, help="Show so many."
)
@json_option
@connected
def fires(client: Client, schedule: str, limit: int, as_json: bool) -> None:
    """Show when a schedule fired, newest first, and the task of each fire.

    \b
    Example:
      noond schedules fires morning
    """
    found = client.get(f"{_path(client, schedule)}/fires", limit=limit)
    if as_json:
        print_json(found)
        return
    rows = [
        (local_time(each["fire_at"]), each["task_id"] or "passed over") for each in found["items"]
    ]
    print_rows(("TIME", "TASK"), rows)
    if not rows:
        note("It has not fired yet.")


def _path(client: Client, schedule: str) -> str:
    return f"/schedules/{segment(find_schedule_id(client, schedule))}"


def _fields(client: Client, given: dict[str, Any]) -> dict[str, Any]:
    """The fields of the API for the options that were given; an empty text means none."""
    body = {name: given[name] for name in ("missed", "most") if given[name] is not None}
    if given["agent"] is not None:
        body["agent_id"] = given["agent"]
    if given["zone"] is not None:
        body["timezone"] = given["zone"].strip() or None
    if (conversation := given["conversation"]) is not None:
        body["session_id"] = find_conversation_id(client, conversation) if conversation else None
    return body


def _row(schedule: dict[str, Any]) -> tuple[Cell, ...]:
    upcoming = schedule["next_fires"]
    return (
        schedule["name"],
        "enabled" if schedule["enabled"] else "paused",
        schedule["cron"],
        local_time(upcoming[0]) if upcoming else None,
        schedule["agent_id"],
        schedule["message"],
    )


def _show(schedule: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(schedule)
        return
    missed = schedule["missed"]
    facts: dict[str, Cell] = {
        "schedule": schedule["id"],
        "name": schedule["name"],
        "status": "enabled" if schedule["enabled"] else "paused",
        "cron": f"{schedule['cron']} ({schedule['timezone']})",
        "agent": schedule["agent_id"],
        "message": schedule["message"],
        "conversation": schedule["session_id"],
        "missed": f"all, the last {schedule['most']}" if missed == "all" else missed,
        "created": local_time(schedule["created_at"]),
    }
    print_facts(facts)
    for place, fire in enumerate(schedule["next_fires"]):
        if on_terminal():
            click.echo(f"{'next' if not place else '':14}{local_time(fire)}")
        else:
            print_line("next", fire)
