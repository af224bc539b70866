"""Tasks of chat agents: the jobs that carry an invocation, with all that is told of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from noond.errors import JobExpired, NotFound
from noond.models.invocation import (
    INVOCATION,
    STREAMING,
    Invocation,
    TaskEventName,
    TaskSpending,
    TaskView,
)
from noond.models.job import Job, JobStatus
from noond.store import job_states, jobs, task_events
from noond.store.job_rows import COLUMNS, job_of
from noond.store.rows import Connection

_TYPES = (INVOCATION, STREAMING)


def get_job(connection: Connection, user_id: str, task_id: str) -> Job:
    """The user's task as a job; raises NotFound."""
    job = jobs.find(connection, user_id, task_id)
    if job is None or job.job_type not in _TYPES:
        raise NotFound("there is no such task")
    return job


def get(connection: Connection, user_id: str, task_id: str) -> TaskView:
    """The user's task as it stands; raises NotFound."""
    return _view(connection, get_job(connection, user_id, task_id))


def list_page(
    connection: Connection,
    user_id: str,
    *,
    status: JobStatus | None = None,
    batch_id: str | None = None,
    limit: int,
    before: str | None = None,
) -> list[TaskView]:
    """The user's tasks, newest first, ids below `before`."""
    rows = connection.execute(
        f"SELECT {COLUMNS} FROM jobs WHERE user_id = :user AND job_type IN ('{INVOCATION}',"
        f" '{STREAMING}') AND (:before IS NULL OR id < :before)"
        " AND (:status IS NULL OR status = :status) AND (:batch IS NULL OR batch_id = :batch)"
        " ORDER BY id DESC LIMIT :limit",
        {"user": user_id, "before": before, "status": status, "batch": batch_id, "limit": limit},
    ).fetchall()
    return [_view(connection, job_of(row)) for row in rows]


def list_of_batch(connection: Connection, user_id: str, batch_id: str) -> list[TaskView]:
    """The tasks of the user's batch, in the order in which they were queued."""
    rows = connection.execute(
        f"SELECT {COLUMNS} FROM jobs WHERE user_id = ? AND batch_id = ?"
        f" AND job_type IN ('{INVOCATION}', '{STREAMING}') ORDER BY id",
        (user_id, batch_id),
    ).fetchall()
    return [_view(connection, job_of(row)) for row in rows]


def spent(connection: Connection, user_id: str, task_id: str) -> TaskSpending:
    """What the calls of the user's task came to so far."""
    calls, prompt, completion, cost, unpriced = connection.execute(
        "SELECT count(*), total(llm_prompt_tokens), total(llm_completion_tokens),"
        " total(llm_cost_usd), sum(llm_cost_usd IS NULL)"
        " FROM agent_observability WHERE user_id = ? AND agent_run_id = ?",
        (user_id, task_id),
    ).fetchone()
    return TaskSpending(
        calls=calls,
        prompt_tokens=int(prompt),
        completion_tokens=int(completion),
        cost_usd=None if unpriced else cost,
    )


def _view(connection: Connection, job: Job) -> TaskView:
    result, expired = _result(connection, job)
    content: str | None
    if job.status is JobStatus.COMPLETED:
        content = None if result is None else result["content"]
        chunks = task_events.count(connection, job.user_id, job.id, TaskEventName.MESSAGE_DELTA)
    else:
        content, chunks = task_events.written_so_far(connection, job.user_id, job.id)
    return TaskView(
        job=job,
        invocation=Invocation.of_payload(job.payload),
        progress=job_states.find_progress(connection, job.user_id, job.id),
        last_seq=task_events.last_seq(connection, job.user_id, job.id),
        chunks=chunks,
        content=content,
        result=result,
        expired=expired,
        error=task_events.find_last(connection, job.user_id, job.id, TaskEventName.ERROR),
        next_attempt_at=_next_attempt(job),
        spent=spent(connection, job.user_id, job.id),
    )


def _result(connection: Connection, job: Job) -> tuple[dict[str, Any] | None, bool]:
    try:
        return job_states.find_result(connection, job.user_id, job.id), False
    except JobExpired:
        return None, True


def _next_attempt(job: Job) -> datetime | None:
    return job.scheduled_at if job.status is JobStatus.PENDING else None
