"""`noond demo`: a daemon, a device and an agent over a folder, from nothing to records."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import click

import noond
from noond.cli.client import Client
from noond.cli.connected import json_option
from noond.cli.demo_programs import Programs
from noond.cli.endpoint import Endpoint
from noond.cli.exits import CommandFailed, ExitCode
from noond.cli.output import note, on_terminal, print_json
from noond.cli.progress import wait_for_run
from noond.cli.record_text import AgentView
from noond.cli.run_report import print_record, print_run
from noond.cli.runs import DONE
from noond.models.document import Table

EXTENSIONS: Final = (
    ".md", ".markdown", ".mdown", ".mkd", ".mdx", ".qmd", ".txt", ".text", ".org", ".todotxt",
    ".ics", ".ical", ".icalendar", ".eml", ".emlx", ".csv", ".tsv",
    ".html", ".htm", ".pdf", ".docx",
)  # fmt: skip
"""The files that the extractor reads."""

_QUESTION: Final = "How did the last run go?"
"""What the assistant is asked in the end; it needs no model for this."""

_EXAMPLES: Final = Path(noond.__file__).parents[1] / "examples" / "inbox"


@click.command()
@click.argument(
    "folder", required=False, type=click.Path(path_type=Path, exists=True, file_okay=False)
)
@json_option
def demo(folder: Path | None, as_json: bool) -> None:
    """Show what noond finds in FOLDER, and leave nothing behind.

    Starts a daemon and a device of its own in a temporary directory, reads FOLDER and all below
    it with the embedded extractor (rules: no model, no network), and prints the records it
    would suggest. Nothing in FOLDER is changed. In a checkout FOLDER is examples/inbox when it
    is not given.

    \b
    Example:
      noond demo ~/Notes
    """
    if folder is None:
        if not _EXAMPLES.is_dir():
            raise CommandFailed("Name a folder to read: `noond demo ~/Notes`.", ExitCode.USAGE)
        folder = _EXAMPLES
    folder = folder.absolute()
    with Programs() as programs:
        run, records, view, answer = _try_out(programs, folder)
    if as_json:
        print_json({"run": run, "records": records})
    else:
        _print(folder, run, records, view)
        note(f'$ noond ask "{_QUESTION}"')
        note(answer)
    if run["status"] not in DONE:
        raise CommandFailed(f"The run ended as {run['status']}.")


def _try_out(
    programs: Programs, folder: Path
) -> tuple[dict[str, Any], list[dict[str, Any]], AgentView, str]:
    """The run over the folder, its records, how they are shown, and what is said of the run."""
    from noond.accounts.setup import init_data_dir
    from noond.device.schema import SEEDED_PROJECTS
    from noond.log import configure_logging

    configure_logging(level="warning", style="console")
    made = init_data_dir(programs.directory / "data")
    note("Starting a daemon and a device …")
    url = programs.start_daemon(made.data_dir)
    client = Client(Endpoint(url=url, api_key=made.api_key, origin="the demo"))
    pairing = client.post("/devices/pairings", {"device_id": "demo"})
    programs.start_device(url, pairing["code"], "demo", folder)
    project, _name = SEEDED_PROJECTS[0]
    agent = client.post(
        "/agents",
        {
            "kind": "local",
            "name": "demo",
            "device_id": "demo",
            "directory_paths": [str(folder)],
            "file_extensions": list(EXTENSIONS),
            "data_types": [table.value for table in Table],
            "default_project_id": project,
        },
    )
    note(f"Reading {folder} …")
    started = client.post(f"/agents/{agent['id']}/runs")
    run = wait_for_run(client, started["run_id"])
    records = client.items(f"/runs/{run['id']}/records")
    answer = client.post("/agents/invoke", {"message": _QUESTION})["response"]
    return run, records, AgentView(zone=ZoneInfo(agent["timezone"])), answer


def _print(
    folder: Path, run: dict[str, Any], records: list[dict[str, Any]], view: AgentView
) -> None:
    for record in records:
        path = record["path"].removeprefix(f"{folder}/")
        print_record({**record, "path": path}, view=view)
    if on_terminal():
        click.echo()
        print_run(run)
    else:
        # Into a pipe go the records alone, one a line.
        for error in run["errors"]:
            note(f"error: {error['file'] or 'run'}: {error['message']} [{error['code']}]")
        note(
            f"Run {run['status']}: {run['items_processed']} files, "
            f"{run['items_created']} records, {len(run['errors'])} errors."
        )
