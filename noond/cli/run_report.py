"""How a run and its records are shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Any

import click

from noond.cli.output import (
    Cell,
    local_day,
    local_time,
    on_terminal,
    one_line,
    print_facts,
    print_line,
    print_text,
)

_TITLE_FIELDS = ("title", "name", "content")


def waits_for(run: dict[str, Any]) -> str:
    """The run's status; for a waiting run also what it waits for."""
    if run["status"] == "waiting" and run["waiting_for"]:
        return f"waiting for {run['waiting_for']}"
    return str(run["status"])


def title_of(record: dict[str, Any]) -> str:
    """What a person would call the record."""
    data = record["data"]
    return next((str(data[field]) for field in _TITLE_FIELDS if data.get(field)), "")


def due_of(record: dict[str, Any], zone: tzinfo | None = None) -> str:
    """The record's date in the zone, or here; empty for none."""
    data = record["data"]
    return local_day(data.get("dueDate", data.get("date")), zone)


def print_run(
    run: dict[str, Any],
    records: Sequence[dict[str, Any]] = (),
    *,
    zone: tzinfo | None = None,
) -> None:
    """Print a run with all its errors, and its records when given, dates in the zone or here."""
    print_facts(_facts(run))
    for error in run["errors"]:
        if on_terminal():
            where = f"{error['file']}: " if error["file"] else ""
            print_text(f"error: {where}{error['message']} [{error['code']}]")
        else:
            print_line("error", error["file"], error["code"], error["message"])
    for record in records:
        print_record(record, zone=zone, with_status=True)


def print_record(
    record: dict[str, Any], *, zone: tzinfo | None = None, with_status: bool = False
) -> None:
    """Print a record: on a terminal in a few lines, else table, title, due, file and quote.

    With `with_status` a line into a pipe begins with `record`, and the delivery's state and
    error come last.
    """
    title, due = title_of(record), due_of(record, zone)
    if not on_terminal():
        cells: list[Cell] = [record["table"], title, due, record["path"], record["quote"]]
        if with_status:
            cells = ["record", *cells, record["status"], record["error"]]
        print_line(*cells)
        return
    click.echo()
    head = f"{record['table']}: {title}" + (f" (due {due})" if due else "")
    print_text(head)
    print_text(f"  {record['path']}: “{one_line(record['quote'])}”")
    if with_status:
        why = f": {record['error']}" if record["error"] else ""
        print_text(f"  {record['status']}{why}")


def _facts(run: dict[str, Any]) -> dict[str, Cell]:
    files = run["coverage"]
    sent = run["deliveries"]
    listed = "" if files["listed"] is None else f"{files['listed']} listed, "
    return {
        "run": run["id"],
        "agent": run["agent_name"],
        "device": run["device_id"],
        "status": waits_for(run),
        "started_by": run["trigger"],
        "scheduled_for": local_time(run["scheduled_for"]),
        "late": run["late_reason"],
        "created": local_time(run["created_at"]),
        "took": _took(run),
        "files": f"{listed}{files['read']} read, {files['unchanged']} unchanged, "
        f"{files['skipped']} skipped, {files['failed']} failed",
        "records": f"{run['items_created']} new: {sent['delivered']} delivered, "
        f"{sent['pending']} pending, {sent['failed']} failed",
        "dropped": ", ".join(f"{count} {reason}" for reason, count in files["dropped"].items()),
        "model": _model_use(run["usage"]),
    }


def _took(run: dict[str, Any]) -> str | None:
    if not (run["started_at"] and run["completed_at"]):
        return None
    span = datetime.fromisoformat(run["completed_at"]) - datetime.fromisoformat(run["started_at"])
    return f"{span.total_seconds():.1f} s"


def _model_use(usage: dict[str, Any]) -> str | None:
    if not usage["calls"]:
        return None
    cost = "cost not known" if usage["cost_usd"] is None else f"{usage['cost_usd']:.4f} USD"
    return (
        f"{usage['calls']} calls, {usage['prompt_tokens']} + {usage['completion_tokens']} "
        f"tokens, {cost}"
    )
