"""Conversations: begun, listed, renamed, kept longer, forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from noond.assistant.registry import get_chat_agent
from noond.clock import Clock, new_id
from noond.errors import Invalid, NotFound
from noond.models.conversation import Conversation, ConversationMessage
from noond.store import conversations
from noond.store.database import Database
from noond.store.rows import Connection, Transaction

_AT_ONCE: Final = 100


class Conversations:
    """The conversations of all users; every call is one user's."""

    def __init__(self, database: Database, clock: Clock, *, keep_hours: int) -> None:
        self._database = database
        self._clock = clock
        self._keep_hours = keep_hours

    def begin(
        self,
        tx: Transaction,
        user_id: str,
        *,
        agent_id: str,
        title: str | None,
        keep_hours: int | None,
    ) -> Conversation:
        """A new conversation, inside the caller's transaction. Raises Invalid for the agent."""
        try:
            agent = get_chat_agent(agent_id)
        except NotFound as error:
            raise Invalid.field("agent_id", error.message) from None
        now = self._clock.now()
        hours = keep_hours or self._keep_hours
        conversation = Conversation(
            id=new_id(),
            user_id=user_id,
            agent_id=agent.id,
            title=title,
            keep_hours=hours,
            message_count=0,
            tokens_used=0,
            cost_usd=0.0,
            summary=None,
            summarised_to=None,
            created_at=now,
            last_message_at=None,
            expires_at=conversations.end_of(now, hours),
        )
        conversations.insert(tx, user_id, conversation)
        return conversation

    async def get(self, user_id: str, conversation_id: str) -> Conversation:
        """The conversation; raises NotFound."""
        now = self._clock.now()
        return await self._database.read(
            lambda c: conversations.get(c, user_id, conversation_id, now=now)
        )

    async def list(self, user_id: str, *, limit: int, before: str | None) -> Sequence[Conversation]:
        """Newest first, ids below `before`."""
        now = self._clock.now()
        return await self._database.read(
            lambda c: conversations.list_page(c, user_id, now=now, limit=limit, before=before)
        )

    async def messages(
        self, user_id: str, conversation_id: str, *, limit: int, before: str | None
    ) -> Sequence[ConversationMessage]:
        """What was said, newest first, ids below `before`. Raises NotFound."""
        now = self._clock.now()

        def read(connection: Connection) -> Sequence[ConversationMessage]:
            conversations.get(connection, user_id, conversation_id, now=now)
            return conversations.list_messages(
                connection, user_id, conversation_id, limit=limit, before=before
            )

        return await self._database.read(read)

    async def change(
        self, user_id: str, conversation_id: str, changes: dict[str, Any]
    ) -> tuple[Conversation, Conversation]:
        """Change `title` or `keep_hours`; before and after. Raises NotFound."""
        now = self._clock.now()

        def work(tx: Transaction) -> tuple[Conversation, Conversation]:
            before = conversations.get(tx, user_id, conversation_id, now=now)
            after = replace(before, **changes)
            spoke = after.last_message_at or after.created_at
            after = replace(after, expires_at=conversations.end_of(spoke, after.keep_hours))
            conversations.update(tx, user_id, after)
            return before, after

        return await self._database.write(work)

    async def delete_expired(self) -> int:
        """Forget what is over its time, of all users; returns how many conversations."""
        deleted = 0
        while some := await self._database.write(
            lambda tx: conversations.delete_expired_all_users(
                tx, now=self._clock.now(), limit=_AT_ONCE
            )
        ):
            deleted += some
        return deleted

    async def delete(self, user_id: str, conversation_id: str) -> None:
        """Forget a conversation and all that was said in it. Raises NotFound."""
        if not await self._database.write(
            lambda tx: conversations.delete(tx, user_id, conversation_id)
        ):
            raise NotFound("there is no such conversation")
