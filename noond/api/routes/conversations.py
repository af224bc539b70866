"""Conversations with chat agents: begin, list, read, rename, keep, forget."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from noond.api.fields import Moment, Name
from noond.api.idempotency import Idempotency, Made
from noond.api.paging import Page, PageQuery, page_of
from noond.api.routes.invocations import AgentId
from noond.api.routing import Answer, Body, Call, Rate, Reply, Route
from noond.assistant.conversations import Conversations
from noond.assistant.registry import ASSISTANT
from noond.errors import IdempotencyConflict, NotFound
from noond.models.account import Scope
from noond.models.conversation import Conversation, ConversationMessage
from noond.store.rows import Transaction

Hours = Annotated[
    int,
    Field(ge=1, le=87_600, description="How long it is kept after its last message, in hours."),
]


class NewConversation(Body):
    """A conversation to begin."""

    agent_id: AgentId = ASSISTANT
    title: Name | None = Field(None, description="By default the beginning of its first message.")
    keep_hours: Hours | None = Field(None, description="By default `assistant.conversation_hours`.")


class ConversationChanges(Body):
    """What is to change of a conversation; what is left out stays."""

    title: Name = Field(default_factory=str)
    keep_hours: Hours = Field(default_factory=int)


class ConversationReply(Reply):
    """A conversation. Send its id as `session_id` to go on with it."""

    id: str
    agent_id: str
    title: str | None
    keep_hours: int
    message_count: int
    tokens_used: int
    cost_usd: float = Field(description="Of the calls whose price is known.")
    summary: str | None = Field(description="Stands for messages that the agent is told no more.")
    created_at: Moment
    last_message_at: Moment | None
    expires_at: Moment


class MessageReply(Reply):
    """Something that was said."""

    id: str
    role: Literal["user", "assistant"]
    content: str
    task_id: str
    tainted: bool = Field(description="Whether it may repeat text from documents or devices.")
    created_at: Moment


def routes(conversations: Conversations, idempotency: Idempotency) -> tuple[Route, ...]:
    """The routes of conversations."""

    async def begin(call: Call) -> Answer:
        body = call.body(NewConversation)

        def work(tx: Transaction) -> Made:
            made = conversations.begin(tx, call.user_id, **body.model_dump())
            return Made(status=201, reply=_show(made), object_id=made.id)

        return await idempotency.run(call, work)

    async def list_conversations(call: Call) -> Answer:
        query = call.query(PageQuery)
        found = await conversations.list(call.user_id, limit=query.limit + 1, before=query.after())
        return page_of(
            Page[ConversationReply],
            found,
            limit=query.limit,
            show=_show,
            place=lambda conversation: conversation.id,
        )

    async def get(call: Call) -> Answer:
        return _show(await conversations.get(call.user_id, call.path["conversation_id"]))

    async def list_messages(call: Call) -> Answer:
        query = call.query(PageQuery)
        found = await conversations.messages(
            call.user_id,
            call.path["conversation_id"],
            limit=query.limit + 1,
            before=query.after(),
        )
        return page_of(
            Page[MessageReply],
            found,
            limit=query.limit,
            show=_show_message,
            place=lambda message: message.id,
        )

    async def change(call: Call) -> Answer:
        body = call.body(ConversationChanges)
        changes = {name: getattr(body, name) for name in body.model_fields_set}
        before, after = await conversations.change(
            call.user_id, call.path["conversation_id"], changes
        )
        call.audit.changed(
            {name: getattr(before, name) for name in changes},
            {name: getattr(after, name) for name in changes},
        )
        return _show(after)

    async def forget(call: Call) -> Answer:
        await conversations.delete(call.user_id, call.path["conversation_id"])
        return None

    path = "/api/v1/conversations"
    item = f"{path}/{{conversation_id}}"
    reads: dict[str, Any] = {"method": "GET", "tag": "Conversations", "rate": Rate.READ}
    writes: dict[str, Any] = {"tag": "Conversations", "rate": Rate.WRITE}
    return (
        Route(
            **writes,
            method="POST",
            path=path,
            summary="Begin a conversation",
            description="Messages that are sent with its id as `session_id` know what was said "
            "before.",
            access=Scope.AGENTS_EXECUTE,
            handler=begin,
            body=NewConversation,
            reply=ConversationReply,
            status=201,
            errors=(IdempotencyConflict,),
            idempotent=True,
        ),
        Route(
            **reads,
            path=path,
            summary="List your conversations",
            description="Newest first.",
            access=Scope.AGENTS_READ,
            handler=list_conversations,
            query=PageQuery,
            reply=Page[ConversationReply],
        ),
        Route(
            **reads,
            path=item,
            summary="Look at a conversation",
            description="With what it came to so far.",
            access=Scope.AGENTS_READ,
            handler=get,
            reply=ConversationReply,
            errors=(NotFound,),
        ),
        Route(
            **reads,
            path=f"{item}/messages",
            summary="Read a conversation",
            description="Newest first.",
            access=Scope.AGENTS_READ,
            handler=list_messages,
            query=PageQuery,
            reply=Page[MessageReply],
            errors=(NotFound,),
        ),
        Route(
            **writes,
            method="PATCH",
            path=item,
            summary="Rename a conversation, or keep it longer",
            description="Changes the fields that are sent.",
            access=Scope.AGENTS_EXECUTE,
            handler=change,
            body=ConversationChanges,
            reply=ConversationReply,
            errors=(NotFound,),
        ),
        Route(
            **writes,
            method="DELETE",
            path=item,
            summary="Forget a conversation",
            description="Deletes all that was said in it, the tasks that have ended included. What "
            "they cost stays in the accounts.",
            access=Scope.AGENTS_EXECUTE,
            handler=forget,
            status=204,
            errors=(NotFound,),
        ),
    )


def _show(conversation: Conversation) -> ConversationReply:
    return ConversationReply.model_validate(conversation)


def _show_message(message: ConversationMessage) -> MessageReply:
    return MessageReply.model_validate(message)
