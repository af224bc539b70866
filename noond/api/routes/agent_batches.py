"""Several messages to chat agents at once: answered side by side, or one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field

from noond.api.idempotency import Idempotency, Made
from noond.api.routes.invocations import AddressedMessage, invocation_of
from noond.api.routing import Answer, Body, Call, Rate, Reply, Route
from noond.assistant.invocations import MOST_AT_ONCE, Invocations
from noond.errors import Conflict, IdempotencyConflict, RateLimited
from noond.models.account import Scope
from noond.models.invocation import Invocation
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


def routes(invocations: Invocations, idempotency: Idempotency) -> tuple[Route, ...]:
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
    )


def _batch(batch_id: str, task_ids: list[str]) -> BatchAccepted:
    return BatchAccepted(
        batch_id=batch_id,
        status="queued",
        tasks=task_ids,
        status_url=f"/api/v1/agents/batches/{batch_id}",
    )
