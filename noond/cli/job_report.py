"""How jobs are shown: in a line of a list, and one with all that stands beside it."""

from __future__ import annotations

import json
from typing import Any, Final

import click

from noond.cli.output import Cell, local_time, on_terminal, print_facts, print_line

HEADERS: Final = ("ID", "TYPE", "STATUS", "CREATED", "TRY", "NOTE")


def job_row(job: dict[str, Any]) -> tuple[Cell, ...]:
    """The job under `HEADERS`."""
    return (
        short_job_id(job["id"]),
        job["job_type"],
        job["status"],
        local_time(job["created_at"]),
        job["attempt"],
        job_note(job),
    )


def short_job_id(job_id: str) -> str:
    """The end of a job's id, on a terminal; uncut into a pipe."""
    return job_id[-8:] if on_terminal() else job_id


def job_note(job: dict[str, Any]) -> str:
    """What there is to say of the job besides its state."""
    if job["cancel_requested"] and job["status"] == "running":
        return "is being cancelled"
    if job["status"] == "running" and job["progress"] is not None:
        return _progress(job["progress"])
    if job["status"] == "pending" and job["scheduled_at"] != job["created_at"]:
        return f"due {local_time(job['scheduled_at'])}"
    if job["status"] == "failed":
        return f"{job['reason']}: {job['error_message'] or ''}"
    return job["error_message"] or ""


def print_job(job: dict[str, Any]) -> None:
    """Print the job with its attempts, its children and its result."""
    facts: dict[str, Cell] = {
        "id": job["id"],
        "type": job["job_type"],
        "queue": f"{job['queue']}, priority {job['priority']}",
        "status": job["status"],
        "reason": job["reason"],
        "error": job["error_message"],
        "attempt": f"{job['attempt']}, {job['retry_count']} of {job['max_retries']} retries used",
        "crashes": job["crashes"] or None,
        "progress": job["progress"] and _progress(job["progress"]),
        "created": local_time(job["created_at"]),
        "started": local_time(job["started_at"]),
        "completed": local_time(job["completed_at"]),
        "next": local_time(job["next_at"]),
        "deadline": local_time(job["deadline_at"]),
        "checkpoint": local_time(job["checkpoint_at"]),
        "parent": job["parent_id"],
        "payload": _compact(job["payload"]),
        "result": "not kept any more" if job["result_expired"] else _compact(job["result"]),
    }
    if job["batch"] is not None:
        batch = job["batch"]
        facts["batch"] = f"{batch['id']}: {batch['pending']} of {batch['total']} to go"
    print_facts(facts)
    _print_list("Attempts that went wrong:", job["attempts"], _attempt)
    _print_list("Queued by it:", job["children"], _child)


def _print_list(title: str, items: list[dict[str, Any]], show: Any) -> None:
    if items and on_terminal():
        click.echo(f"\n{title}")
    for item in items:
        print_line(*show(item))


def _attempt(attempt: dict[str, Any]) -> tuple[Cell, ...]:
    return (
        attempt["attempt"],
        local_time(attempt["ended_at"]),
        attempt["reason"],
        attempt["error"],
    )


def _child(child: dict[str, Any]) -> tuple[Cell, ...]:
    return (short_job_id(child["id"]), child["job_type"], child["status"])


def _progress(progress: dict[str, Any]) -> str:
    return f"{progress['percent']} % {progress['message'] or ''}".rstrip()


def _compact(value: Any) -> str | None:
    return None if value in (None, {}) else json.dumps(value, ensure_ascii=False)
