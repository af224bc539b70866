"""What a task knows of its conversation: the last messages, and a summary of those before.

At most so many messages go to the model as they are. When there are more, the older ones are
summarised by the model, half of them at once, so that it is not asked each time.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from noond.clock import Clock, new_id
from noond.jobs.context import JobContext
from noond.models.conversation import Conversation, ConversationMessage, Speaker
from noond.models.invocation import Invocation
from noond.store import conversations
from noond.store.database import Database
from noond.store.rows import Connection, Transaction

_TITLE: Final = 80
_MOST: Final = 10_000

Summarise = Callable[[str | None, Sequence[ConversationMessage]], Awaitable[str]]
"""Asks the model for a summary of an earlier summary and the messages after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What was said before, oldest first. `tainted`: text from documents is among it."""

    summary: str | None = None
    messages: tuple[ConversationMessage, ...] = ()
    tainted: bool = False


class Memory:
    """A task's side of its conversation, if it has one."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        context: JobContext,
        invocation: Invocation,
        *,
        keeps: int,
    ) -> None:
        self._database = database
        self._clock = clock
        self._context = context
        self._invocation = invocation
        self._keeps = keeps

    async def hear(self, message: str, *, tainted: bool) -> None:
        """The user's message joins the conversation, once. Raises NotFound."""
        conversation_id = self._invocation.conversation_id
        if conversation_id is None:
            return
        user_id = self._context.job.user_id

        def join(tx: Transaction) -> str:
            said = self._message(conversation_id, "user", message, tainted=tainted)
            conversations.say(tx, user_id, said)
            conversations.entitle(tx, user_id, conversation_id, " ".join(message.split())[:_TITLE])
            return said.id

        self._heard: str = await self._context.step_in_transaction("hear", join)

    async def recall(self, summarise: Summarise | None) -> Remembered:
        """What was said before this message. Without `summarise` older messages are left out."""
        conversation_id = self._invocation.conversation_id
        if conversation_id is None:
            return Remembered()
        conversation, messages = await self._load(conversation_id)
        summary = conversation.summary
        if summarise is not None and len(messages) > self._keeps:
            older = messages[: len(messages) - self._keeps // 2]
            summary = await self._context.step(
                "summary",
                lambda: summarise(summary, older),
                also=lambda tx, text: conversations.put_summary(
                    tx, conversation.user_id, conversation.id, text, summarised_to=older[-1].id
                ),
            )
            messages = messages[len(older) :]
        # What was summarised may have been tainted, and nobody knows any more.
        tainted = summary is not None or any(each.tainted for each in messages)
        return Remembered(
            summary=summary, messages=tuple(messages[-self._keeps :]), tainted=tainted
        )

    async def _load(self, conversation_id: str) -> tuple[Conversation, list[ConversationMessage]]:
        user_id = self._context.job.user_id

        def read(connection: Connection) -> tuple[Conversation, list[ConversationMessage]]:
            conversation = conversations.get(
                connection, user_id, conversation_id, now=self._clock.now()
            )
            found = conversations.list_messages(
                connection,
                user_id,
                conversation_id,
                limit=_MOST,
                before=self._heard,
                after=conversation.summarised_to,
            )
            return conversation, found[::-1]

        return await self._database.read(read)

    def answer(
        self, tx: Transaction, content: str, *, tainted: bool, tokens: int, cost_usd: float
    ) -> None:
        """The answer joins the conversation, in the transaction that keeps it."""
        conversation_id = self._invocation.conversation_id
        if conversation_id is None:
            return
        user_id = self._context.job.user_id
        said = self._message(conversation_id, "assistant", content, tainted=tainted)
        conversations.say(tx, user_id, said)
        conversations.add_up(tx, user_id, conversation_id, tokens=tokens, cost_usd=cost_usd)

    def _message(
        self, conversation_id: str, role: Speaker, content: str, *, tainted: bool
    ) -> ConversationMessage:
        return ConversationMessage(
            id=new_id(),
            conversation_id=conversation_id,
            role=role,
            content=content,
            task_id=self._context.job.id,
            tainted=tainted,
            created_at=self._clock.now(),
        )
