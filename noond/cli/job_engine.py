"""The verbs of the engine behind the jobs: its types, figures and queues, and clean-ups by hand."""

from __future__ import annotations

import time
from typing import Any, Final

import click

from noond.cli.client import Client, segment
from noond.cli.connected import connected, json_option
from noond.cli.exits import CommandFailed, ExitCode
from noond.cli.job_report import job_note, print_job
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
from noond.models.job import JobStatus

_POLL_SECONDS: Final = 0.2


@click.command()
@json_option
@connected
def registered(client: Client, as_json: bool) -> None:
    """List the types of jobs, and when the clock queues them (in UTC).

    \b
    Example:
      noond jobs registered
    """
    found = client.get("/jobs/types")
    if as_json:
        print_json(found)
        return
    print_rows(
        ("TYPE", "QUEUE", "RETRIES", "CRON", "NEXT"),
        [
            (
                each["name"],
                each["queue"],
                each["max_retries"],
                each["cron"],
                local_time(each["next_at"]),
            )
            for each in found["items"]
        ],
    )


@click.command()
@json_option
@connected
def stats(client: Client, as_json: bool) -> None:
    """Show what the engine has to do and how it fares; for administrators.

    \b
    Example:
      noond jobs stats --json
    """
    found = client.get("/jobs/stats")
    if as_json:
        print_json(found)
        return
    backlog, counted = found["backlog"], found["telemetry"]
    facts: dict[str, Cell] = {
        "running": counted["running"],
        "free": counted["free"],
        "ready": sum(backlog["ready"].values()),
        "held": backlog["held"],
        "later": backlog["later"],
        "oldest ready": local_time(backlog["oldest_ready_at"]),
        "stuck": counted["stuck"],
        "given up": backlog["quarantined"],
        "wait": _mean(counted["queue_wait"]),
        "run time": _mean(counted["run_time"]),
        "commit": _mean(counted["commit_time"]),
        "paused": ", ".join(each["queue"] for each in found["queues"] if each["paused_at"]),
    }
    print_facts(facts)
    if found["counts"] and on_terminal():
        click.echo()
    print_rows(
        ("TYPE", "QUEUE", "STATUS", "JOBS"),
        [
            (each["job_type"], each["queue"], each["status"], each["count"])
            for each in found["counts"]
        ],
    )


@click.command()
@click.argument("job_type", metavar="TYPE")
@click.option("--wait", is_flag=True, help="Wait for the end and show what was done.")
@json_option
@connected
def run(client: Client, job_type: str, wait: bool, as_json: bool) -> None:
    """Do a clean-up now; for administrators. `noond jobs registered` lists the types.

    With --wait the exit code says how it ended: 0 for completed, else 1.

    \b
    Example:
      noond jobs run archive_audit_log --wait
    """
    started = client.post("/jobs", {"type": job_type})
    job_id = started["job_id"]
    if not wait:
        if as_json:
            print_json(started)
        else:
            print_line(job_id)
            note(f"See what comes of it: `noond jobs show {job_id}`")
        return
    ended = _wait(client, job_id)
    if as_json:
        print_json(ended)
    else:
        print_job(ended)
    if ended["status"] != JobStatus.COMPLETED:
        raise CommandFailed(f"The job ended as {ended['status']}: {job_note(ended)}")


@click.command()
@click.argument("queue")
@json_option
@connected
def pause(client: Client, queue: str, as_json: bool) -> None:
    """Start nothing more of a queue until it is resumed; for administrators.

    \b
    Example:
      noond jobs pause agent-tasks
    """
    reply = client.post(f"/job-queues/{segment(queue)}/pause")
    if as_json:
        print_json(reply)
    else:
        print_line(f"{reply['queue']} is paused since {local_time(reply['paused_at'])}.")


@click.command()
@click.argument("queue")
@json_option
@connected
def resume(client: Client, queue: str, as_json: bool) -> None:
    """Let a paused queue go on; for administrators.

    \b
    Example:
      noond jobs resume agent-tasks
    """
    reply = client.post(f"/job-queues/{segment(queue)}/resume")
    if as_json:
        print_json(reply)
    else:
        print_line(f"{reply['queue']} goes on.")


@click.command()
@click.argument("queue")
@click.option(
    "--concurrency",
    metavar="N|none",
    required=True,
    help="So many of its jobs at once; `none` for no such limit.",
)
@json_option
@connected
def queue(client: Client, queue: str, concurrency: str, as_json: bool) -> None:
    """Say how many jobs of a queue may run at once; for administrators.

    \b
    Example:
      noond jobs queue agent-tasks --concurrency 2
      noond jobs queue agent-tasks --concurrency none
    """
    if concurrency != "none" and not (concurrency.isdecimal() and int(concurrency)):
        raise click.BadParameter("is a whole number from 1 on, or none", param_hint="--concurrency")
    limit = None if concurrency == "none" else int(concurrency)
    reply = client.patch(f"/job-queues/{segment(queue)}", {"concurrency": limit})
    if as_json:
        print_json(reply)
    elif reply["concurrency"] is None:
        print_line(f"{reply['queue']} has no limit of its own.")
    else:
        print_line(f"Of {reply['queue']} at most {reply['concurrency']} jobs run at once.")


def _wait(client: Client, job_id: str) -> dict[str, Any]:
    try:
        while True:
            job: dict[str, Any] = client.get(f"/jobs/{segment(job_id)}")
            if JobStatus(job["status"]).final:
                return job
            time.sleep(_POLL_SECONDS)
    except KeyboardInterrupt:
        raise CommandFailed(
            f"No longer waiting; the job goes on. End it with `noond jobs cancel {job_id}`.",
            ExitCode.INTERRUPTED,
        ) from None


def _mean(durations: dict[str, Any]) -> str | None:
    if not durations["count"]:
        return None
    mean = 1000 * durations["total_seconds"] / durations["count"]
    return f"{mean:.1f} ms on average of {durations['count']}"
