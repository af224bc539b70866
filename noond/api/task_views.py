"""Tasks of chat agents as they are shown, and what is raised in place of an answer."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Literal

from pydantic import Field

from noond.api.fields import Moment
from noond.api.routing import Reply
from noond.assistant.tasks import error_of, state_of
from noond.clock import Clock
from noond.errors import (
    JobExpired,
    ModelError,
    ModelNeeded,
    NoondError,
    NotFound,
    SpendingLimit,
    TaskCancelled,
    TaskFailed,
    TaskTimedOut,
)
from noond.models.invocation import TaskView
from noond.models.job import JobStatus

State = Literal["PENDING", "STARTED", "SUCCESS", "FAILURE", "RETRY", "REVOKED"]
Status = Literal["queued", "processing", "retrying", "completed", "failed", "cancelled"]

STATUSES: Final[dict[str, Status]] = {
    "PENDING": "queued",
    "STARTED": "processing",
    "RETRY": "retrying",
    "SUCCESS": "completed",
    "FAILURE": "failed",
    "REVOKED": "cancelled",
}
_TIMED_OUT: Final = frozenset({"timed_out", "deadline", "stuck"})


class TaskProblem(Reply):
    """What went wrong last."""

    code: str
    message: str
    retry_at: str | None = None


class TaskResult(Reply):
    """The answer and what it came to."""

    content: str
    metadata: dict[str, Any]


class TaskReply(Reply):
    """A task. `result` is null until it has one, and once that is not kept any more."""

    task_id: str
    agent_id: str
    session_id: str | None
    message: str
    state: State
    status: Status
    progress: int = Field(description="0 to 100.")
    progress_message: str | None
    content: str | None = Field(description="What is written so far, or the whole answer.")
    chunks: int = Field(description="Pieces of the answer that were told.")
    result: TaskResult | None
    result_expired: bool
    error: TaskProblem | None
    next_attempt_at: Moment | None
    attempt: int
    batch_id: str | None
    calls: int = Field(description="Calls to models, those that failed included.")
    tokens_used: int
    cost: float | None = Field(description="US dollars; null when a price is not known.")
    created_at: Moment
    started_at: Moment | None
    completed_at: Moment | None


def show_task(view: TaskView) -> TaskReply:
    """The task as it is shown."""
    job, invocation = view.job, view.invocation
    state = state_of(job)
    problem = error_of(view)
    done = job.status is JobStatus.COMPLETED
    return TaskReply(
        task_id=job.id,
        agent_id=invocation.agent_id,
        session_id=invocation.conversation_id,
        message=invocation.message,
        state=state,
        status=STATUSES[state],
        progress=100 if done else 0 if view.progress is None else view.progress.percent,
        progress_message=None if done or view.progress is None else view.progress.message,
        content=view.content,
        chunks=view.chunks,
        result=None
        if view.result is None
        else TaskResult(content=view.result["content"], metadata=view.result["metadata"]),
        result_expired=view.expired,
        error=None if problem is None else TaskProblem(**problem),
        next_attempt_at=view.next_attempt_at,
        attempt=job.attempt,
        batch_id=job.batch_id,
        calls=view.spent.calls,
        tokens_used=view.spent.tokens,
        cost=view.spent.cost_usd,
        created_at=job.created_at,
        started_at=job.started_at,
        completed_at=job.completed_at,
    )


def answer_or_raise(view: TaskView, clock: Clock) -> dict[str, Any]:
    """The result of a task that has ended; raises what kept it from one."""
    if view.job.status is JobStatus.CANCELLED:
        raise TaskCancelled
    if view.result is not None:
        return view.result
    if view.expired:
        raise JobExpired("the task's result is not kept any more")
    problem = error_of(view) or {"code": TaskFailed.code, "message": TaskFailed().message}
    raise _error(problem, clock)


def _error(problem: dict[str, Any], clock: Clock) -> NoondError:
    code, message = problem["code"], problem["message"]
    if code == SpendingLimit.code:
        renews = datetime.fromisoformat(problem["retry_at"])
        return SpendingLimit(message, retry_after_seconds=(renews - clock.now()).total_seconds())
    if code in _TIMED_OUT:
        return TaskTimedOut()
    for kind in (ModelError, ModelNeeded, NotFound):
        if code == kind.code:
            return kind(message)
    return TaskFailed()
