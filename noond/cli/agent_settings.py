"""An agent's settings as options of a command, and as fields of the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

from noond.cli.client import Client
from noond.cli.connected import find_device
from noond.models.document import Table

F = TypeVar("F", bound=Callable[..., Any])

_SETTINGS: Final = (
    click.option("--device", help="The device that reads: its id or name."),
    click.option(
        "--path",
        "paths",
        multiple=True,
        metavar="DIR",
        help="Folder on the device, with all below it.  [repeat for more]",
    ),
    click.option(
        "--ext",
        "extensions",
        multiple=True,
        metavar=".EXT",
        help="File extension to read.  [repeat for more]",
    ),
    click.option(
        "--type",
        "types",
        multiple=True,
        type=click.Choice([table.value for table in Table]),
        help="Records to look for.  [repeat for more]",
    ),
    click.option("--cron", metavar="CRON", help="Minute hour day month weekday; '' for by hand."),
    click.option("--timezone", metavar="ZONE", help="Zone of --cron, such as Europe/Berlin."),
    click.option("--prompt", metavar="TEXT", help="What to look for, in your words."),
    click.option(
        "--missed",
        type=click.Choice(["latest", "skip"]),
        help="What becomes of a time at which the device was away.",
    ),
    click.option(
        "--max-age-hours",
        type=click.IntRange(min=1),
        metavar="HOURS",
        help="How late a missed time may still start a run.",
    ),
    click.option("--quiet-hours", metavar="SPAN", help="No start then: 22:00-07:00; '' for none."),
    click.option(
        "--default-project", metavar="ID", help="Project for records without one; '' for none."
    ),
)


def with_settings(command: F) -> F:
    """Give a command the options of an agent's settings; they arrive as `**given`."""
    for option in reversed(_SETTINGS):
        command = option(command)
    return command


def fields_of(client: Client, given: dict[str, Any]) -> dict[str, Any]:
    """The fields of the API for the options that were given; an empty text means none."""
    fields = {
        "directory_paths": list(given["paths"]) or None,
        "file_extensions": list(given["extensions"]) or None,
        "data_types": list(given["types"]) or None,
        "prompt_template": given["prompt"],
        "timezone": given["timezone"],
        "missed": given["missed"],
        "max_age_hours": given["max_age_hours"],
    }
    body = {name: value for name, value in fields.items() if value is not None}
    for name, text in (
        ("schedule_cron", given["cron"]),
        ("quiet_hours", given["quiet_hours"]),
        ("default_project_id", given["default_project"]),
    ):
        if text is not None:
            body[name] = text.strip() or None
    if given["device"] is not None:
        body["device_id"] = find_device(client, given["device"])["device_id"]
    return body
