"""The verbs of tasks: what chat agents were asked, how it goes, what came of it."""

from __future__ import annotations

import json
from typing import Any, Final

import click

from noond.cli.answer import raise_unless_done, show_answer, told_cost
from noond.cli.client import Client, segment
from noond.cli.connected import connected, find_task_id, json_option
from noond.cli.default_group import DefaultGroup
from noond.cli.flowing_text import FlowingText, inert_lines
from noond.cli.listing import limit_option
from noond.cli.output import (
    Cell,
    local_time,
    note,
    on_terminal,
    print_facts,
    print_json,
    print_json_line,
    print_line,
    print_rows,
    to_json,
)
from noond.cli.task_stream import hear
from noond.inert import HARMFUL

_STATUSES: Final = {
    "queued": "pending",
    "processing": "running",
    "completed": "completed",
    "failed": "failed",
    "cancelled": "cancelled",
}
"""What a task's status is called here, and as a job's. One that is retried is `queued`, too."""

_LONGEST: Final = 60
"""Characters of a message in a list."""


@click.group(cls=DefaultGroup, default="list", default_without_arguments=True)
def tasks() -> None:
    """Show what chat agents were asked, and what came of it.

    `noond tasks` alone lists the newest ones. A TASK is named by its id or the end of it.

    \b
    Example:
      noond tasks --status failed
      noond tasks show 4f1c2a9b
    """


@tasks.command("list")
@click.option("--status", type=click.Choice(list(_STATUSES)), help="Only these.")
@limit_option
@json_option
@connected
def list_tasks(client: Client, status: str | None, limit: int, as_json: bool) -> None:
    """List your tasks, newest first.

    \b
    Example:
      noond tasks list --status processing
      noond tasks list --limit 100 --json
    """
    wanted = None if status is None else _STATUSES[status]
    found = client.items("/agents/tasks", at_most=limit, status=wanted)
    if as_json:
        print_json({"items": found})
        return
    print_rows(
        ("ID", "AGENT", "STATUS", "CREATED", "USD", "MESSAGE"), [_row(each) for each in found]
    )
    if not found:
        note("No such tasks. `noond ask` makes one.")


@tasks.command()
@click.argument("task")
@json_option
@connected
def show(client: Client, task: str, as_json: bool) -> None:
    """Show a task: its message, how it goes, what is written so far.

    \b
    Example:
      noond tasks show 4f1c2a9b
    """
    found = client.get(f"/agents/tasks/{segment(find_task_id(client, task))}")
    if as_json:
        print_json(found)
    else:
        _print_task(found)


@tasks.command()
@click.argument("task")
@json_option
@connected
def cancel(client: Client, task: str, as_json: bool) -> None:
    """Cancel a task: at once while it waits; one that runs is asked to end.

    \b
    Example:
      noond tasks cancel 4f1c2a9b
    """
    reply = client.post(f"/agents/tasks/{segment(find_task_id(client, task))}/cancel")
    if as_json:
        print_json(reply)
    elif reply["outcome"] == "already_final":
        print_line(f"Task {reply['task_id']} had already ended as {reply['status']}.")
    elif reply["state"] == "REVOKED":
        print_line(f"Task {reply['task_id']} is cancelled.")
    else:
        print_line(f"Task {reply['task_id']} is being cancelled.")


@tasks.command()
@click.argument("task")
@click.option(
    "--format",
    "wanted",
    type=click.Choice(["json", "jsonl", "csv"]),
    help="The whole, or its steps as lines.  [default: json]",
)
@json_option
@connected
def result(client: Client, task: str, wanted: str | None, as_json: bool) -> None:
    """Print what came of a task that has ended, with each step of it.

    jsonl and csv have a line for each step.

    \b
    Example:
      noond tasks result 4f1c2a9b --format csv > steps.csv
    """
    if as_json and wanted not in (None, "json"):
        raise click.UsageError("Take --json or --format.", click.get_current_context())
    path = f"/agents/tasks/{segment(find_task_id(client, task))}/result"
    if wanted in (None, "json"):
        click.echo(to_json(client.get(path)))
        return
    text = client.text(path, format=wanted)
    if wanted == "jsonl":
        text = "".join(f"{_spelled(line)}\n" for line in text.split("\n") if line)
    elif on_terminal():
        text = inert_lines(text)  # into a pipe goes the file as it is
    click.echo(text, nl=False)


@tasks.command()
@click.argument("task")
@json_option
@connected
def watch(client: Client, task: str, as_json: bool) -> None:
    """Show what a task tells, from its beginning to its end.

    On a terminal the answer as it is written; into a pipe, and with --json, one event a line.
    The exit code is that of `noond ask`. A streamed task ends when its last reader leaves.

    \b
    Example:
      noond tasks watch 4f1c2a9b
      noond tasks watch 4f1c2a9b --json
    """
    stream = hear(client, find_task_id(client, task))
    if on_terminal() and not as_json:
        show_answer(stream, live=True, as_json=False)
        return
    last: dict[str, Any] = {}
    try:
        for event in stream:
            last = event.data
            if as_json:
                print_json_line({"id": event.id, "event": event.name, "data": event.data})
            else:
                print_line(event.id, event.name, json.dumps(event.data, ensure_ascii=False))
    except BrokenPipeError:
        return  # whoever read it has enough
    raise_unless_done(last)


def _row(task: dict[str, Any]) -> tuple[Cell, ...]:
    message, cost = str(task["message"]), task["cost"]
    if on_terminal() and len(message) > _LONGEST:
        message = f"{message[: _LONGEST - 1]}…"
    return (
        _short(task["task_id"]),
        task["agent_id"],
        task["status"],
        local_time(task["created_at"]),
        None if cost is None else f"{cost:.4f}",
        message,
    )


def _short(task_id: str) -> str:
    """The end of a task's id, on a terminal; uncut into a pipe."""
    return task_id[-8:] if on_terminal() else task_id


def _print_task(task: dict[str, Any]) -> None:
    error, done = task["error"], task["result"]
    cost = task["cost"]
    content = task["content"]
    facts: dict[str, Cell] = {
        "task": task["task_id"],
        "agent": task["agent_id"],
        "conversation": task["session_id"],
        "batch": task["batch_id"],
        "status": task["status"],
        "progress": f"{task['progress']} % {task['progress_message'] or ''}".rstrip(),
        "error": None if error is None else f"{error['code']}: {error['message']}",
        "attempt": task["attempt"],
        "next": local_time(task["next_attempt_at"]),
        "created": local_time(task["created_at"]),
        "started": local_time(task["started_at"]),
        "completed": local_time(task["completed_at"]),
        "calls": task["calls"],
        "tokens": task["tokens_used"],
        "cost": "price unknown" if cost is None else f"{cost:.6f} USD",
        "answered": None if done is None else told_cost(done["metadata"]),
        "message": task["message"],
        "answer": "not kept any more" if task["result_expired"] else None,
    }
    if not on_terminal():
        print_facts(facts | {"answer": facts["answer"] or content})
        return
    print_facts(facts)
    if content:
        click.echo()
        screen = FlowingText()
        screen.write(content)
        screen.fresh_line()


def _spelled(line: str) -> str:
    """A JSON text with its harmful characters as JSON spells them."""
    return HARMFUL.sub(lambda found: json.dumps(found[0])[1:-1], line)
