"""Messages to chat agents: answered at once, later, many side by side, or one after the other."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from aiohttp import web
from pydantic import AfterValidator, Field

from noond.api.idempotency import Idempotency, Made
from noond.api.routing import Answer, Body, Call, Rate, Reply, Route
from noond.api.task_views import answer_or_raise
from noond.assistant.intents import Intent, extract_entities, extract_intent
from noond.assistant.invocations import Invocations
from noond.assistant.registry import ASSISTANT
from noond.assistant.tasks import Tasks
from noond.clock import Clock
from noond.errors import (
    Conflict,
    IdempotencyConflict,
    JobExpired,
    ModelError,
    NotFound,
    RateLimited,
    TaskTimedOut,
)
from noond.models.account import Scope
from noond.models.invocation import Invocation
from noond.models.request_log import AgentAction
from noond.store.rows import Transaction

_METADATA_BYTES: Final = 8192


def _small(metadata: dict[str, Any]) -> dict[str, Any]:
    if len(json.dumps(metadata)) > _METADATA_BYTES:
        raise ValueError(f"must be at most {_METADATA_BYTES} bytes of JSON")
    return metadata


MessageText = Annotated[
    str,
    Field(min_length=1, max_length=10_000, pattern=r"\S", description="What you say to the agent."),
]
SessionId = Annotated[
    str | None,
    Field(
        min_length=1,
        max_length=100,
        description="The id of a conversation, whose earlier messages the agent then knows.",
    ),
]
Metadata = Annotated[
    dict[Annotated[str, Field(max_length=100)], Any],
    AfterValidator(_small),
    Field(max_length=50, description="Your own notes; given back as `metadata.request`."),
]
AgentId = Annotated[
    str, Field(min_length=1, max_length=100, description="A chat agent, such as `assistant`.")
]

ERRORS: Final = (
    NotFound,
    Conflict,
    IdempotencyConflict,
    JobExpired,
    RateLimited,
    ModelError,
    TaskTimedOut,
)
"""What can come of a message whose answer is waited for."""

_ACTIONS: Final = {
    Intent.VIEW_CALENDAR: AgentAction.READ,
    Intent.FIND_EVENT: AgentAction.SEARCH,
    Intent.MODIFY_EVENT: AgentAction.UPDATE,
    Intent.CANCEL_EVENT: AgentAction.DELETE,
    Intent.CREATE_EVENT: AgentAction.CREATE,
    Intent.SCHEDULE_MEETING: AgentAction.SCHEDULE,
    Intent.SCHEDULE_SOCIAL: AgentAction.SCHEDULE,
}


class NewMessage(Body):
    """A message to an agent."""

    message: MessageText
    session_id: SessionId = None
    metadata: Metadata = Field(default_factory=dict)


class AddressedMessage(NewMessage):
    """A message that says whom it is for."""

    agent_id: AgentId = ASSISTANT


class AsyncMessage(NewMessage):
    """A message whose answer is fetched later."""

    stream: bool = Field(
        False, description="Have the answer told piece by piece, see `/agents/tasks/{id}/events`."
    )


class ChatMessage(Body):
    """A message to the assistant."""

    text: MessageText


class AnswerMetadata(Reply):
    """What an answer came to. `cost` is US dollars, null when the model's price is not known."""

    task_id: str
    agent_id: str
    session_id: str | None
    model: str | None = Field(description="Null when rules answered.")
    tokens_used: int
    prompt_tokens: int
    completion_tokens: int
    cost: float | None
    calls: int = Field(description="Calls to the model.")
    finish_reason: str = Field(
        description="`stop`, `length` (cut at the model's limit), `steps` (too many tool calls), "
        "`timeout` (out of time: `partial`)."
    )
    partial: bool
    success: bool = Field(description="False when the agent says that it could not do it.")
    tools: list[str] = Field(description="The tools that were called, in order.")
    tainted: bool = Field(description="Whether it may repeat text from documents or devices.")
    request: dict[str, Any] = Field(description="Your own metadata.")


class Answered(Reply):
    """The agent's answer."""

    response: str
    metadata: AnswerMetadata


class TaskAccepted(Reply):
    """A task that was accepted; `status_url` tells how it goes."""

    task_id: str
    status: str
    message: str
    status_url: str


class ChatReply(Reply):
    """What the assistant did: the last tool and its result, and the answer in words."""

    tool: str | None
    summary: str
    result: dict[str, Any] | None
    success: bool


class Submission:
    """Queues the message of a request, once for each Idempotency-Key."""

    def __init__(self, invocations: Invocations, idempotency: Idempotency, clock: Clock) -> None:
        self._invocations = invocations
        self._idempotency = idempotency
        self._clock = clock

    async def submit(
        self, call: Call, invocation: Invocation, *, streams: bool = False, retries: bool = False
    ) -> tuple[str, web.Response]:
        """The task's id, and the reply for who does not wait. Raises as Invocations.submit."""

        def work(tx: Transaction) -> Made:
            task_id = self._invocations.submit(
                tx, call.user_id, invocation, streams=streams, retries=retries
            )
            return Made(status=202, reply=_accepted(task_id), object_id=task_id)

        answered = await self._idempotency.answer(call, work)
        self._invocations.submitted()
        _note(call, invocation, answered.object_id, self._clock)
        return str(answered.object_id), answered.response()


def routes(submission: Submission, tasks: Tasks, clock: Clock) -> tuple[Route, ...]:
    """The routes of messages, but for those that are streamed."""

    async def wait(call: Call, invocation: Invocation) -> tuple[str, dict[str, Any]]:
        """The task's id and its result. Raises what kept it from one."""
        task_id, _ = await submission.submit(call, invocation)
        result = answer_or_raise(await tasks.finished(call.user_id, task_id), clock)
        call.log.success = result["metadata"]["success"]
        call.log.summary = result["content"]
        call.log.tool = _last(result["metadata"]["tools"])
        return task_id, result

    async def invoke(call: Call) -> Answer:
        invocation = invocation_of(call, agent_id_of(call), call.body(NewMessage))
        task_id, result = await wait(call, invocation)
        return Answered(
            response=result["content"],
            metadata=AnswerMetadata(task_id=task_id, **result["metadata"]),
        )

    async def invoke_async(call: Call) -> Answer:
        body = call.body(AsyncMessage)
        invocation = invocation_of(call, agent_id_of(call), body)
        _, response = await submission.submit(call, invocation, streams=body.stream, retries=True)
        return response

    async def chat(call: Call) -> Answer:
        text = call.body(ChatMessage).text
        invocation = Invocation(agent_id=ASSISTANT, message=text, scopes=call.principal.scopes)
        _, result = await wait(call, invocation)
        metadata = result["metadata"]
        return ChatReply(
            tool=_last(metadata["tools"]),
            summary=result["content"],
            result=result["tool_result"],
            success=metadata["success"],
        )

    def route(path: str, summary: str, description: str, **changes: Any) -> Route:
        values: dict[str, Any] = {
            "method": "POST",
            "path": path,
            "tag": "Invocations",
            "summary": summary,
            "description": description,
            "access": Scope.AGENTS_EXECUTE,
            "rate": Rate.INVOKE,
            "handler": invoke,
            "body": NewMessage,
            "reply": Answered,
            "errors": ERRORS,
            "idempotent": True,
            "resource": "task",
            **changes,
        }
        return Route(**values)

    return (
        route(
            "/api/v1/agents/invoke",
            "Ask the assistant",
            "Waits for the answer. A reader that leaves does not end it: the task is listed under "
            "`/agents/tasks`.",
            operation_id="invoke",
        ),
        route(
            "/api/v1/agents/{agent_id}/invoke",
            "Ask an agent",
            "As `/agents/invoke`, for a chat agent of your choice.",
            operation_id="invoke_agent",
        ),
        route(
            "/api/v1/agents/{agent_id}/invoke-async",
            "Ask an agent, and fetch the answer later",
            "A task that fails because of its model's server is tried again.",
            handler=invoke_async,
            body=AsyncMessage,
            reply=TaskAccepted,
            status=202,
            errors=(NotFound, Conflict, IdempotencyConflict, RateLimited),
            operation_id="invoke_agent_async",
        ),
        route(
            "/agent/chat",
            "Say something to the assistant",
            "Waits for the answer; tells which tool was used last and what it gave. Without a "
            "model, plain requests are understood by rules.",
            handler=chat,
            body=ChatMessage,
            reply=ChatReply,
            operation_id="chat",
        ),
    )


def agent_id_of(call: Call) -> str:
    """Whom the path names; the assistant where it names nobody."""
    return call.path.get("agent_id", ASSISTANT)


def invocation_of(call: Call, agent_id: str, body: NewMessage) -> Invocation:
    """The message with what its sender may do."""
    return Invocation(
        agent_id=agent_id,
        message=body.message,
        scopes=call.principal.scopes,
        conversation_id=body.session_id,
        metadata=body.metadata,
    )


def _note(call: Call, invocation: Invocation, task_id: str | None, clock: Clock) -> None:
    """Tell the logs what the message is about."""
    call.audit.changed({}, {"task_id": task_id})
    intent = extract_intent(invocation.message)
    entities = extract_entities(
        invocation.message, now=clock.now(), zone=ZoneInfo(call.principal.user.timezone)
    )
    call.log.action = AgentAction.READ if intent is None else _ACTIONS[intent]
    call.log.intent_category = None if intent is None else intent.value
    call.log.entities = entities or None


def _last(names: Sequence[str]) -> str | None:
    return names[-1] if names else None


def _accepted(task_id: str) -> TaskAccepted:
    """The reply to a message whose answer is not waited for."""
    return TaskAccepted(
        task_id=task_id,
        status="queued",
        message="The task was queued.",
        status_url=f"/api/v1/agents/tasks/{task_id}",
    )
