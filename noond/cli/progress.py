"""Waits for a run's end and, on a terminal, shows how far it is."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

from noond.cli.client import Client, StreamBroken, segment
from noond.cli.output import one_line
from noond.cli.run_report import waits_for
from noond.models.run import RunStatus

_POLL_SECONDS: Final = 1.0


def wait_for_run(client: Client, run_id: str, *, counts_records: bool = True) -> dict[str, Any]:
    """The run, once it has ended. Progress goes to stderr when that is a terminal."""
    if sys.stderr.isatty():
        _watch(client, run_id, counts_records)
    else:
        for _ in _states(client, run_id):
            pass
    found: dict[str, Any] = client.get(f"/runs/{segment(run_id)}")
    return found


def _states(client: Client, run_id: str) -> Iterator[dict[str, Any]]:
    """The run's states until a final one: by its events, or by asking when they break off."""
    try:
        for state in client.events(f"/runs/{segment(run_id)}/events"):
            yield state
            if RunStatus(state["status"]).final:
                return
    except StreamBroken:
        pass
    while True:
        run = client.get(f"/runs/{segment(run_id)}")
        files = run["coverage"]
        yield {
            **run,
            "files_listed": files["listed"],
            "files_done": files["unchanged"] + files["read"] + files["skipped"] + files["failed"],
        }
        if RunStatus(run["status"]).final:
            return
        time.sleep(_POLL_SECONDS)


def wait_until_settled(
    ask: Callable[[], dict[str, Any]], pending: Callable[[dict[str, Any]], int]
) -> dict[str, Any]:
    """What `ask` answers once nothing is pending in it; on a terminal stderr says how many are."""
    from rich.console import Console

    state, pause = ask(), 0.1
    with Console(stderr=True, highlight=False).status("") as shown:
        while count := pending(state):
            shown.update(f"{count} still to go")
            time.sleep(pause)
            pause = min(pause * 1.5, _POLL_SECONDS)
            state = ask()
    return state


def _watch(client: Client, run_id: str, counts_records: bool) -> None:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    with Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("files{task.fields[records]}", markup=False),
        TimeElapsedColumn(),
        console=Console(stderr=True, highlight=False),
        transient=True,
    ) as progress:
        bar = progress.add_task("starting", total=None, records="")
        for state in _states(client, run_id):
            progress.update(
                bar,
                description=one_line(waits_for(state)),
                total=state["files_listed"],
                completed=state["files_done"],
                records=f", {state['items_created']} records" if counts_records else "",
            )
