"""How a run and its records are shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import click

from noond.cli.output import (
    Cell,
    local_time,
    on_terminal,
    one_line,
    print_facts,
    print_line,
    print_text,
)
from noond.cli.record_text import HERE, AgentView, due_of, title_of


def waits_for(run: dict[str, Any]) -> str:
    """The run's status; for a waiting run also what it waits for."""
    if run["status"] == "waiting" and run["waiting_for"]:
        return f"waiting for {run['waiting_for']}"
    return str(run["status"])


def print_run(
    run: dict[str, Any],
    records: Sequence[dict[str, Any]] = (),
    *,
    view: AgentView = HERE,
    more: Mapping[str, Cell] | None = None,
) -> None:
    """Print a run with all its errors, and its records when given, dates and paths as in the view.

    `more` are facts that the run itself does not hold.
    """
    decisions = Counter(each["decision"] for each in records if each["decision"])
    decided = {"decisions": ", ".join(f"{n} {decision}" for decision, n in decisions.items())}
    print_facts({**_facts(run), **decided, **(more or {})})
    print_errors(run, view)
    for record in records:
        print_record(record, view=view, with_status=True)


def print_errors(run: dict[str, Any], view: AgentView = HERE) -> None:
    """Print what went wrong, one after the other."""
    for error in run["errors"]:
        if on_terminal():
            where = f"{view.near(error['file'])}: " if error["file"] else ""
            print_text(f"error: {where}{error['message']} [{error['code']}]")
        else:
            print_line("error", error["file"], error["code"], error["message"])


def print_record(
    record: dict[str, Any], *, view: AgentView = HERE, with_status: bool = False
) -> None:
    """Print a record: on a terminal in a few lines, else table, title, due, file and quote.

    With `with_status` a line into a pipe begins with `record`, and the delivery's state, its
    error and the person's decision come last.
    """
    if not on_terminal():
        cells = record_cells(record, view)
        if with_status:
            cells = ["record", *cells, record["status"], record["error"], record["decision"]]
        print_line(*cells)
        return
    click.echo()
    print_text(headline(record, view))
    print_source(record, view)
    if with_status:
        why = f": {record['error']}" if record["error"] else ""
        decision = f", {record['decision']}" if record["decision"] else ""
        print_text(f"  {record['status']}{why}{decision}")


def record_cells(record: dict[str, Any], view: AgentView) -> list[Cell]:
    """A record for a line into a pipe: table, title, due, file and quote."""
    data = record["data"]
    return [
        record["table"],
        title_of(data),
        due_of(data, view.zone),
        record["path"],
        record["quote"],
    ]


def headline(record: dict[str, Any], view: AgentView) -> str:
    """A record for a person: what it is, its title, and what matters about when."""
    data = record["data"]
    due = due_of(data, view.zone)
    about = ["done"] if data.get("status") == "done" else []
    about += [f"due {due}"] if due else []
    return f"{record['table']}: {title_of(data)}" + (f" ({', '.join(about)})" if about else "")


def print_source(record: dict[str, Any], view: AgentView) -> None:
    """Print for a person where a record comes from."""
    print_text(f"  {view.near(record['path'])}: “{one_line(record['quote'])}”")


def _facts(run: dict[str, Any]) -> dict[str, Cell]:
    files = run["coverage"]
    sent = run["deliveries"]
    listed = "" if files["listed"] is None else f"{files['listed']} listed, "
    delivers = run["mode"] == "full" or run["applied_at"] is not None
    return {
        "run": run["id"],
        "agent": run["agent_name"],
        "device": run["device_id"],
        "mode": run["mode"].replace("_", " "),
        "status": waits_for(run),
        "reason": run["waiting_note"],
        "started_by": run["trigger"],
        "scheduled_for": local_time(run["scheduled_for"]),
        "late": run["late_reason"],
        "created": local_time(run["created_at"]),
        "took": _took(run),
        "files": f"{listed}{files['read']} read, {files['unchanged']} unchanged, "
        f"{files['skipped']} skipped, {files['failed']} failed",
        "records": f"{run['items_created']} new: {sent['delivered']} delivered, "
        f"{sent['pending']} pending, {sent['failed']} failed"
        if delivers
        else None,
        "dropped": ", ".join(f"{count} {reason}" for reason, count in files["dropped"].items()),
        "model": _model_use(run["usage"]),
        "applied": local_time(run["applied_at"]),
        "reverted": local_time(run["reverted_at"]),
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
