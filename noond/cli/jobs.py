"""The verbs of background jobs: `noond jobs` lists them, shows, cancels and retries one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click

from noond.cli.client import Client, segment
from noond.cli.connected import connected, find_job_id, json_option
from noond.cli.default_group import DefaultGroup
from noond.cli.job_engine import pause, queue, registered, resume, run, stats
from noond.cli.job_report import HEADERS, job_row, print_job
from noond.cli.job_watch import watch
from noond.cli.listing import limit_option, span_options
from noond.cli.output import note, print_json, print_line, print_rows
from noond.models.job import JobStatus

_ENDS = [status.value for status in JobStatus if status.final]


@click.group(cls=DefaultGroup, default="list", default_without_arguments=True)
def jobs() -> None:
    """Show what goes on in the background: runs, clean-ups.

    `noond jobs` alone lists the newest ones. A JOB is named by its id or the end of it.

    \b
    Example:
      noond jobs --status failed
      noond jobs watch
    """


@jobs.command("list")
@click.option(
    "--status", type=click.Choice([status.value for status in JobStatus]), help="Only these."
)
@click.option("--type", "job_type", metavar="TYPE", help="Only of this type.")
@click.option("--queue", metavar="QUEUE", help="Only of this queue.")
@span_options("Queued at or after", "Queued before")
@limit_option
@json_option
@connected
def list_jobs(client: Client, /, limit: int, as_json: bool, **filters: str | None) -> None:
    """List your jobs, newest first.

    \b
    Example:
      noond jobs list --status failed --since 2026-11-20T00:00:00Z
      noond jobs list --type agent_run --json
    """
    found = client.items("/jobs", at_most=limit, **filters)
    if as_json:
        print_json({"items": found})
        return
    print_rows(HEADERS, [job_row(job) for job in found])
    if not found:
        note("No such jobs.")


@jobs.command()
@json_option
@connected
def active(client: Client, as_json: bool) -> None:
    """List what runs, and then what waits.

    \b
    Example:
      noond jobs active
    """
    found = client.items("/jobs", status="running") + client.items("/jobs", status="pending")
    if as_json:
        print_json({"items": found})
        return
    print_rows(HEADERS, [job_row(job) for job in found])
    if not found:
        note("Nothing runs or waits.")


@jobs.command()
@click.argument("job")
@json_option
@connected
def show(client: Client, job: str, as_json: bool) -> None:
    """Show a job: its attempts with their errors, the next time, its result.

    \b
    Example:
      noond jobs show 4f1c2a9b
    """
    found = client.get(f"/jobs/{segment(find_job_id(client, job))}")
    if as_json:
        print_json(found)
    else:
        print_job(found)


@jobs.command()
@click.argument("job")
@json_option
@connected
def cancel(client: Client, job: str, as_json: bool) -> None:
    """Cancel a job, and what it has queued.

    One that waits is cancelled at once, one that runs is asked to end.

    \b
    Example:
      noond jobs cancel 4f1c2a9b
    """
    reply = client.post(f"/jobs/{segment(find_job_id(client, job))}/cancel")
    if as_json:
        print_json(reply)
    elif reply["outcome"] == "already_final":
        print_line(f"Job {reply['job_id']} had already ended as {reply['status']}.")
    elif JobStatus(reply["status"]).final:
        print_line(f"Job {reply['job_id']} is cancelled.")
    else:
        print_line(f"Job {reply['job_id']} is being cancelled.")


@jobs.command()
@click.argument("job")
@json_option
@connected
def retry(client: Client, job: str, as_json: bool) -> None:
    """Try a job again that has failed or was cancelled.

    It is due at once, with all its retries. A run is not tried again: run its agent.

    \b
    Example:
      noond jobs retry 4f1c2a9b
    """
    reply = client.post(f"/jobs/{segment(find_job_id(client, job))}/retry")
    if as_json:
        print_json(reply)
    else:
        print_line(f"Job {reply['job_id']} is tried again.")


@jobs.command()
@click.option("--status", type=click.Choice(_ENDS), help="Only those that ended so.")
@click.option("--type", "job_type", metavar="TYPE", help="Only of this type.")
@click.option("--older-than", type=click.FloatRange(min=0), metavar="DAYS", help="Only older ones.")
@click.option("--all-users", is_flag=True, help="Those of all users; for administrators.")
@json_option
@connected
def purge(
    client: Client,
    status: str | None,
    job_type: str | None,
    older_than: float | None,
    all_users: bool,
    as_json: bool,
) -> None:
    """Delete jobs that have ended. What waits or runs stays.

    \b
    Example:
      noond jobs purge --status completed --older-than 7
    """
    before = None
    if older_than is not None:
        try:
            before = (datetime.now(UTC) - timedelta(days=older_than)).isoformat()
        except OverflowError:
            raise click.BadParameter("is too far back", param_hint="--older-than") from None
    reply = client.delete(
        "/jobs",
        status=status,
        job_type=job_type,
        before=before,
        all_users="true" if all_users else None,
    )
    if as_json:
        print_json(reply)
    else:
        print_line(f"{reply['deleted']} jobs are deleted.")


for _verb in (registered, stats, run, pause, resume, queue, watch):
    jobs.add_command(_verb)
