"""Tasks of chat agents: how they go, what came of them, their end."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from aiohttp import web
from pydantic import Field

from noond.api.fields import Moment
from noond.api.paging import Page, PageQuery, page_of
from noond.api.results import FORMATS, ResultFormat, rendered
from noond.api.routing import Answer, Call, Query, Rate, Reply, Route
from noond.assistant.tasks import Tasks, error_of, state_of
from noond.clock import Clock
from noond.errors import (
    Conflict,
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
from noond.models.account import Scope
from noond.models.invocation import TaskEventName, TaskView
from noond.models.job import JobBatch, JobStatus

State = Literal["PENDING", "STARTED", "SUCCESS", "FAILURE", "RETRY", "REVOKED"]
Status = Literal["queued", "processing", "retrying", "completed", "failed", "cancelled"]

_STATUS: Final[dict[str, Status]] = {
    "PENDING": "queued",
    "STARTED": "processing",
    "RETRY": "retrying",
    "SUCCESS": "completed",
    "FAILURE": "failed",
    "REVOKED": "cancelled",
}
_COLUMNS: Final = (
    "task_id",
    "agent_id",
    "state",
    "message",
    "content",
    "error",
    "tokens_used",
    "cost",
    "completed_at",
)
"""What a row says of a task."""

_TEXTS: Final = tuple(FORMATS[name] for name in FORMATS if name != "json")

_TIMED_OUT: Final = frozenset({"timed_out", "deadline", "stuck"})


class TasksQuery(PageQuery):
    """Which tasks."""

    status: Annotated[JobStatus | None, Field(description="Only those of this job status.")] = None


class ResultQuery(Query):
    """How to write the result."""

    format: Annotated[
        ResultFormat,
        Field(description="`json`; `jsonl` and `csv` have a line for each step."),
    ] = "json"


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


class TaskStep(Reply):
    """Something that the task told, without the pieces of its answer."""

    seq: int
    event: TaskEventName
    data: dict[str, Any]


class TaskResultFile(TaskReply):
    """A task that has ended, with what it did."""

    steps: list[TaskStep]


class BatchResultFile(Reply):
    """The tasks of a batch, in the order in which they were queued."""

    items: list[TaskReply]


class TaskCancelReply(Reply):
    """`requested`, or `already_final`."""

    task_id: str
    state: State
    status: Status
    outcome: Literal["requested", "already_final"]


class TaskBatchReply(Reply):
    """Tasks that belong together, counted. A chain grows by one task at a time."""

    batch_id: str
    total: int
    pending: int
    completed: int
    failed: int
    cancelled: int
    cost: float | None
    created_at: Moment
    completed_at: Moment | None
    tasks: list[TaskReply]


def routes(tasks: Tasks) -> tuple[Route, ...]:
    """The routes of tasks and batches."""

    async def list_tasks(call: Call) -> Answer:
        query = call.query(TasksQuery)
        found = await tasks.list(
            call.user_id, status=query.status, limit=query.limit + 1, before=query.after()
        )
        return page_of(
            Page[TaskReply],
            found,
            limit=query.limit,
            show=show_task,
            place=lambda view: view.job.id,
        )

    async def get(call: Call) -> Answer:
        return show_task(await tasks.get(call.user_id, call.path["task_id"]))

    async def cancel(call: Call) -> Answer:
        task_id = call.path["task_id"]
        _, outcome = await tasks.cancel(call.user_id, task_id)
        view = await tasks.get(call.user_id, task_id)
        state = state_of(view.job)
        return TaskCancelReply(task_id=task_id, state=state, status=_STATUS[state], outcome=outcome)

    async def result(call: Call) -> Answer:
        view = await tasks.get(call.user_id, call.path["task_id"])
        wanted = call.query(ResultQuery).format
        if view.expired:
            raise JobExpired("the task's result is not kept any more")
        if not view.job.status.final:
            raise Conflict("the task has not ended; its state tells when it has")
        steps = [
            TaskStep(seq=event.seq, event=event.name, data=event.data)
            for event in await tasks.story(call.user_id, view.job.id)
        ]
        found = TaskResultFile(**dict(show_task(view)), steps=steps)
        rows = [step.model_dump(mode="json") for step in steps]
        return _file(wanted, found.model_dump(mode="json"), rows)

    async def get_batch(call: Call) -> Answer:
        return _show_batch(*await tasks.batch(call.user_id, call.path["batch_id"]))

    async def batch_result(call: Call) -> Answer:
        _, views = await tasks.batch(call.user_id, call.path["batch_id"])
        wanted = call.query(ResultQuery).format
        items = [show_task(view).model_dump(mode="json") for view in views]
        rows = [{name: item[name] for name in _COLUMNS} for item in items]
        return _file(wanted, {"items": items}, rows)

    tag = "Tasks"
    path = "/api/v1/agents/tasks"
    item = f"{path}/{{task_id}}"
    batch = "/api/v1/agents/batches/{batch_id}"
    reads: dict[str, Any] = {
        "method": "GET",
        "tag": tag,
        "access": Scope.AGENTS_READ,
        "rate": Rate.READ,
        "resource": "task",
    }
    return (
        Route(
            **reads,
            path=path,
            summary="List your tasks",
            description="Newest first.",
            handler=list_tasks,
            query=TasksQuery,
            reply=Page[TaskReply],
            operation_id="list_tasks",
        ),
        Route(
            **reads,
            path=item,
            summary="Look at a task",
            description="Its state, what is written so far, and what it cost.",
            handler=get,
            reply=TaskReply,
            errors=(NotFound,),
            operation_id="get_task",
        ),
        Route(
            method="POST",
            path=f"{item}/cancel",
            tag=tag,
            summary="Cancel a task",
            description="At once while it waits; one that runs is asked to end.",
            access=Scope.AGENTS_EXECUTE,
            rate=Rate.WRITE,
            handler=cancel,
            reply=TaskCancelReply,
            operation_id="cancel_task",
            status=202,
            errors=(NotFound,),
            resource="task",
        ),
        Route(
            **reads,
            path=f"{item}/result",
            summary="Take a task's result",
            description="As JSON, or its steps as JSON lines or CSV. 410 once it is not kept any "
            "more, 409 before the task has ended.",
            handler=result,
            query=ResultQuery,
            reply=TaskResultFile,
            other_media_types=_TEXTS,
            errors=(NotFound, Conflict, JobExpired),
            operation_id="get_task_result",
        ),
        Route(
            **reads,
            path=batch,
            summary="Look at a batch or chain",
            description="How many of its tasks have ended how, and each of them.",
            handler=get_batch,
            reply=TaskBatchReply,
            errors=(NotFound,),
            operation_id="get_batch",
        ),
        Route(
            **reads,
            path=f"{batch}/result",
            summary="Take the results of a batch or chain",
            description="One entry, line or row for each task.",
            handler=batch_result,
            query=ResultQuery,
            reply=BatchResultFile,
            other_media_types=_TEXTS,
            errors=(NotFound,),
            operation_id="get_batch_result",
        ),
    )


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
        status=_STATUS[state],
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


def _show_batch(batch: JobBatch, views: Any) -> TaskBatchReply:
    shown = [show_task(view) for view in views]
    known = all(each.cost is not None for each in shown)
    return TaskBatchReply(
        batch_id=batch.id,
        total=batch.total,
        pending=batch.pending,
        completed=batch.total - batch.pending - batch.failed - batch.cancelled,
        failed=batch.failed,
        cancelled=batch.cancelled,
        cost=sum(each.cost or 0.0 for each in shown) if known else None,
        created_at=batch.created_at,
        completed_at=batch.completed_at,
        tasks=shown,
    )


def _file(
    wanted: ResultFormat, document: dict[str, Any], rows: list[dict[str, Any]]
) -> web.Response:
    text = rendered(wanted, document, rows)
    return web.Response(text=text, content_type=FORMATS[wanted], charset="utf-8")
