"""Several messages to chat agents at once: answered side by side, or one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final

from pydantic import Field

from noond.api.fields import Moment
from noond.api.idempotency import Idempotency, Made
from noond.api.results import TEXTS, ResultQuery, result_file
from noond.api.routes.invocations import AddressedMessage, invocation_of
from noond.api.routing import Answer, Body, Call, Rate, Reply, Route
from noond.api.task_views import TaskReply, show_task
from noond.assistant.invocations import MOST_AT_ONCE, Invocations
from noond.assistant.tasks import Tasks
from noond.errors import Conflict, IdempotencyConflict, NotFound, RateLimited
from noond.models.account import Scope
from noond.models.invocation import Invocation
from noond.models.job import JobBatch
from noond.store.rows import Transaction


class NewBatch(Body):
    """Messages that are answered side by side."""

    invocations: Annotated[
        tuple[AddressedMessage, ...], Field(min_length=1, max_length=MOST_AT_ONCE)
    ]


class NewChain(Body):
    """Messages that are answered one after the other."""

    steps: Annotated[
        tuple[AddressedMessage, ...],
        Field(
            min_length=2,
            max_length=MOST_AT_ONCE,
            description="In a message, `{previous}` stands for the answer before.",
        ),
    ]


class BatchAccepted(Reply):
    """Tasks that were accepted; of a chain, the first."""

    batch_id: str
    status: str
    tasks: list[str]
    status_url: str


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


class BatchResultFile(Reply):
    """The tasks of a batch, in the order in which they were queued."""

    items: list[TaskReply]


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


def routes(invocations: Invocations, tasks: Tasks, idempotency: Idempotency) -> tuple[Route, ...]:
    """The routes of batches and chains."""

    def several(call: Call, messages: Sequence[AddressedMessage]) -> list[Invocation]:
        return [invocation_of(call, message.agent_id, message) for message in messages]

    async def invoke_batch(call: Call) -> Answer:
        wanted = several(call, call.body(NewBatch).invocations)

        def work(tx: Transaction) -> Made:
            batch_id, task_ids = invocations.submit_batch(tx, call.user_id, wanted)
            return Made(status=202, reply=_batch(batch_id, task_ids), object_id=batch_id)

        answered = await idempotency.answer(call, work)
        invocations.submitted()
        return answered.response()

    async def invoke_chain(call: Call) -> Answer:
        wanted = several(call, call.body(NewChain).steps)

        def work(tx: Transaction) -> Made:
            batch_id, first = invocations.submit_chain(tx, call.user_id, wanted)
            return Made(status=202, reply=_batch(batch_id, [first]), object_id=batch_id)

        answered = await idempotency.answer(call, work)
        invocations.submitted()
        return answered.response()

    async def get_batch(call: Call) -> Answer:
        return _show_batch(*await tasks.batch(call.user_id, call.path["batch_id"]))

    async def batch_result(call: Call) -> Answer:
        _, views = await tasks.batch(call.user_id, call.path["batch_id"])
        wanted = call.query(ResultQuery).format
        items = [show_task(view).model_dump(mode="json") for view in views]
        rows = [{name: item[name] for name in _COLUMNS} for item in items]
        return result_file(wanted, {"items": items}, rows)

    batch = "/api/v1/agents/batches/{batch_id}"
    reads: dict[str, Any] = {
        "method": "GET",
        "tag": "Tasks",
        "access": Scope.AGENTS_READ,
        "rate": Rate.READ,
        "resource": "task",
    }
    posts: dict[str, Any] = {
        "method": "POST",
        "tag": "Invocations",
        "access": Scope.AGENTS_EXECUTE,
        "rate": Rate.INVOKE,
        "reply": BatchAccepted,
        "status": 202,
        "errors": (Conflict, IdempotencyConflict, RateLimited),
        "idempotent": True,
        "resource": "task",
    }
    return (
        Route(
            **posts,
            path="/api/v1/agents/invoke-batch",
            summary="Ask several things at once",
            description="They are answered side by side, each a task of its own.",
            handler=invoke_batch,
            body=NewBatch,
            operation_id="invoke_batch",
        ),
        Route(
            **posts,
            path="/api/v1/agents/invoke-chain",
            summary="Ask one thing after the other",
            description="Each task is queued when the one before was answered, and may repeat its "
            "answer (`{previous}`). One that fails ends the chain.",
            handler=invoke_chain,
            body=NewChain,
            operation_id="invoke_chain",
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
            other_media_types=TEXTS,
            errors=(NotFound,),
            operation_id="get_batch_result",
        ),
    )


def _batch(batch_id: str, task_ids: list[str]) -> BatchAccepted:
    return BatchAccepted(
        batch_id=batch_id,
        status="queued",
        tasks=task_ids,
        status_url=f"/api/v1/agents/batches/{batch_id}",
    )


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
