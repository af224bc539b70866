"""Tasks of chat agents: how they go, what came of them, their end."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from noond.api.paging import Page, PageQuery, page_of
from noond.api.results import TEXTS, ResultQuery, result_file
from noond.api.routing import Answer, Call, Rate, Reply, Route
from noond.api.task_views import STATUSES, State, Status, TaskReply, show_task
from noond.assistant.tasks import Tasks, state_of
from noond.errors import (
    Conflict,
    JobExpired,
    NotFound,
)
from noond.models.account import Scope
from noond.models.invocation import TaskEventName
from noond.models.job import JobStatus


class TasksQuery(PageQuery):
    """Which tasks."""

    status: Annotated[JobStatus | None, Field(description="Only those of this job status.")] = None


class TaskStep(Reply):
    """Something that the task told, without the pieces of its answer."""

    seq: int
    event: TaskEventName
    data: dict[str, Any]


class TaskResultFile(TaskReply):
    """A task that has ended, with what it did."""

    steps: list[TaskStep]


class TaskCancelReply(Reply):
    """`requested`, or `already_final`."""

    task_id: str
    state: State
    status: Status
    outcome: Literal["requested", "already_final"]


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
        return TaskCancelReply(
            task_id=task_id, state=state, status=STATUSES[state], outcome=outcome
        )

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
        return result_file(wanted, found.model_dump(mode="json"), rows)

    tag = "Tasks"
    path = "/api/v1/agents/tasks"
    item = f"{path}/{{task_id}}"
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
            other_media_types=TEXTS,
            errors=(NotFound, Conflict, JobExpired),
            operation_id="get_task_result",
        ),
    )
