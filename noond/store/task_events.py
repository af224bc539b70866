"""The task_events table: what the tasks of chat agents tell as they go on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from noond.models.invocation import TaskEvent, TaskEventName
from noond.models.job import Job
from noond.store import job_states
from noond.store.rows import Connection, Row, Transaction, dump, load


def _event(row: Row) -> TaskEvent:
    return TaskEvent(seq=row["seq"], name=TaskEventName(row["name"]), data=load(row["data"]))


def insert(tx: Transaction, job: Job, events: Sequence[TaskEvent]) -> None:
    """Add what the running attempt of a task tells. Raises AttemptEnded."""
    job_states.require_running(tx, job)
    tx.executemany(
        "INSERT INTO task_events (task_id, seq, name, data) VALUES (?, ?, ?, ?)",
        [(job.id, event.seq, event.name, dump(event.data)) for event in events],
    )


def list_after(
    connection: Connection, user_id: str, task_id: str, *, after: int, limit: int
) -> list[TaskEvent]:
    """What the user's task has told, oldest first, numbers above `after`."""
    rows = connection.execute(
        "SELECT seq, name, data FROM task_events JOIN jobs ON jobs.id = task_id"
        " WHERE user_id = ? AND task_id = ? AND seq > ? ORDER BY seq LIMIT ?",
        (user_id, task_id, after, limit),
    )
    return [_event(row) for row in rows]


def list_story(connection: Connection, user_id: str, task_id: str) -> list[TaskEvent]:
    """What the user's task has told, oldest first, without the pieces of its answer."""
    rows = connection.execute(
        "SELECT seq, name, data FROM task_events JOIN jobs ON jobs.id = task_id"
        " WHERE user_id = ? AND task_id = ? AND name <> 'message_delta' ORDER BY seq",
        (user_id, task_id),
    )
    return [_event(row) for row in rows]


def last_seq(connection: Connection, user_id: str, task_id: str) -> int:
    """The number of the last thing that the user's task told, 0 before the first."""
    row = connection.execute(
        "SELECT max(seq) FROM task_events JOIN jobs ON jobs.id = task_id"
        " WHERE user_id = ? AND task_id = ?",
        (user_id, task_id),
    ).fetchone()
    return row[0] or 0


def count(connection: Connection, user_id: str, task_id: str, name: TaskEventName) -> int:
    """How many events of that name the user's task has told."""
    row = connection.execute(
        "SELECT count(*) FROM task_events JOIN jobs ON jobs.id = task_id"
        " WHERE user_id = ? AND task_id = ? AND name = ?",
        (user_id, task_id, name),
    ).fetchone()
    return int(row[0])


def find_last(
    connection: Connection, user_id: str, task_id: str, name: TaskEventName
) -> dict[str, Any] | None:
    """The data of the last event of that name, or None."""
    row = connection.execute(
        "SELECT data FROM task_events JOIN jobs ON jobs.id = task_id"
        " WHERE user_id = ? AND task_id = ? AND name = ? ORDER BY seq DESC LIMIT 1",
        (user_id, task_id, name),
    ).fetchone()
    return None if row is None else load(row["data"])


def written_so_far(connection: Connection, user_id: str, task_id: str) -> tuple[str, int]:
    """What the task's answer has come to, and in how many pieces.

    An attempt begins with what still counts of the ones before it.
    """
    rows = connection.execute(
        "SELECT name, data FROM task_events JOIN jobs ON jobs.id = task_id"
        " WHERE user_id = ? AND task_id = ? AND name IN ('run_started', 'message_delta')"
        " ORDER BY seq",
        (user_id, task_id),
    )
    parts: list[str] = []
    chunks = 0
    for row in rows:
        data = load(row["data"])
        if row["name"] == TaskEventName.RUN_STARTED:
            parts = [data["content"]]
        else:
            parts.append(data["delta"])
            chunks += 1
    return "".join(parts), chunks
