"""The verb that shows jobs as they change: a live table on a terminal, else a line per change."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from typing import Any, Final

import click

from noond.cli.client import Client, Problem, segment
from noond.cli.connected import connected, json_option
from noond.cli.job_report import HEADERS, job_row
from noond.cli.output import on_terminal, print_json_line, print_line, rows_table
from noond.models.job import JobStatus

_POLL_SECONDS: Final = 1.0
_NEWEST: Final = 50
_ACTIVE: Final = 200
_ENDED_SHOWN: Final = 8
_ACTIVE_SHOWN: Final = 12

Job = dict[str, Any]


@click.command()
@json_option
@connected
def watch(client: Client, as_json: bool) -> None:
    """Show your jobs as they change, until Ctrl-C.

    First comes what waits or runs, then every change. On a terminal it is a table that keeps
    itself up to date; with --json one JSON document a line.

    \b
    Example:
      noond jobs watch
      noond jobs watch --json
    """
    changes = Changes(client)
    if on_terminal() and not as_json:
        _show_live(changes)
        return
    try:
        for batch in changes.batches():
            for job in batch:
                if as_json:
                    print_json_line(job)
                else:
                    print_line(*job_row(job))
    except BrokenPipeError:
        return  # whoever read it has enough


class Changes:
    """Asks for the jobs again and again, and tells which are not as they were."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._known: dict[str, Job] = {}
        self._newest = ""
        """The latest id so far: an ended job below it that shows up is not news."""

    @property
    def active(self) -> list[Job]:
        """What ran or waited when it was last asked: running ones first, then the oldest."""
        live = [job for job in self._known.values() if not JobStatus(job["status"]).final]
        return sorted(live, key=lambda job: (job["status"] != JobStatus.RUNNING, job["id"]))

    def batches(self) -> Iterator[list[Job]]:
        """What waits or runs, then, each second, the jobs that have changed."""
        self._remember(self._ask())
        yield self.active
        while True:
            time.sleep(_POLL_SECONDS)
            present = self._ask()
            changed = [job for job in present.values() if self._is_news(job)]
            self._remember(present)
            yield sorted(changed, key=lambda job: str(job["id"]))

    def _is_news(self, job: Job) -> bool:
        known = self._known.get(job["id"])
        if known is None:
            return job["id"] > self._newest or not JobStatus(job["status"]).final
        return known != job

    def _remember(self, present: dict[str, Job]) -> None:
        self._known = present
        self._newest = max((self._newest, *present))

    def _ask(self) -> dict[str, Job]:
        found: list[Job] = []
        for status in (JobStatus.PENDING, JobStatus.RUNNING):
            found += self._client.items("/jobs", at_most=_ACTIVE, status=status.value)
        # Asked for last: a job that has ended meanwhile is in here.
        found += self._client.items("/jobs", at_most=_NEWEST)
        present = {job["id"]: job for job in found}
        for key, before in self._known.items():
            if key not in present and not JobStatus(before["status"]).final:
                ended = self._look(key)
                if ended is not None:
                    present[key] = {name: ended[name] for name in before}
        return present

    def _look(self, job_id: str) -> Job | None:
        try:
            found: Job = self._client.get(f"/jobs/{segment(job_id)}")
        except Problem as problem:
            if problem.status == 404:
                return None  # deleted
            raise
        return found


def _show_live(changes: Changes) -> None:
    from rich.console import Console, Group
    from rich.live import Live
    from rich.text import Text

    ended: deque[Job] = deque(maxlen=_ENDED_SHOWN)
    with Live(console=Console(highlight=False), auto_refresh=False) as live:
        for batch in changes.batches():
            ended.extendleft(job for job in batch if JobStatus(job["status"]).final)
            active = changes.active
            said = f"{len(active)} waiting or running; Ctrl-C ends this"
            if len(active) > _ACTIVE_SHOWN:
                said = f"{len(active)} waiting or running, {_ACTIVE_SHOWN} shown; Ctrl-C ends this"
            rows = [job_row(job) for job in (*active[:_ACTIVE_SHOWN], *ended)]
            live.update(Group(rows_table(HEADERS, rows), Text(said, style="dim")), refresh=True)
