"""Dialogues with a model: it may call tools, and it is heard while it speaks."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Final, Protocol

from noond.llm.completion import CallFailed, Reply
from noond.llm.measured import Call
from noond.llm.metered import MeteredServer
from noond.llm.texts import said_so_far
from noond.llm.usage import CallAccount
from noond.models.dialogue import DialogueMessage, ToolCall, ToolSpec, Utterance
from noond.models.document import LLMCall

if TYPE_CHECKING:
    from noond.llm.chat import Chat

__all__ = ["DialogueClient", "DialogueMessage", "Hearer", "ToolCall", "ToolSpec", "Utterance"]

_REFUSED: Final = frozenset({400, 422})


class Hearer(Protocol):
    """Is told an utterance piece by piece; must not wait."""

    def delta(self, text: str) -> None:
        """The next piece, never an empty one."""
        ...

    def restart(self) -> None:
        """What was heard of this utterance is void: it begins anew."""
        ...


class DialogueClient:
    """Talks with a model; `slots` bounds the calls in flight at once."""

    def __init__(self, server: MeteredServer, *, slots: asyncio.Semaphore) -> None:
        self._server = server
        self._slots = slots
        self._counts_streams = True

    @property
    def model(self) -> str:
        """The model's name."""
        return self._server.model

    async def reply(
        self,
        messages: Sequence[DialogueMessage],
        *,
        tools: Sequence[ToolSpec] = (),
        account: CallAccount,
        failed: list[LLMCall],
        hearer: Hearer | None = None,
    ) -> Utterance:
        """What the model says next; streamed when there is a hearer.

        Tries again as MeteredServer does, also when a stream breaks. Raises ModelError when that
        does not help, BudgetReached when the money does not suffice, ExtractionHalted when the
        account lets no new call start. Calls that failed go into `failed`; cancelling closes the
        request at once and puts the paid call there.
        """
        talk = _Talk(messages, tools, hearer)

        async def attempt(chat: Chat) -> Utterance:
            talk.begin()
            async with self._slots:
                try:
                    return await self._once(chat, talk, account, failed)
                except CallFailed as failure:
                    if not self._may_be_the_counting(failure):
                        raise
                self._counts_streams = False
                return await self._once(chat, talk, account, failed)

        return await self._server.until_answered(attempt, failed)

    async def _once(
        self, chat: Chat, talk: _Talk, account: CallAccount, failed: list[LLMCall]
    ) -> Utterance:
        async def send(call: Call) -> Reply:
            if talk.hearer is None:
                return await chat.converse(talk.messages, talk.tools)

            def hear(piece: str, *, spoken: bool) -> None:
                call.heard(piece)
                if spoken:
                    talk.hear(piece)

            return await chat.stream(
                talk.messages, talk.tools, hear=hear, count=self._counts_streams
            )

        texts = said_so_far(self._server.settings, talk.messages)
        reply, call = await self._server.pay(
            account, failed, prompt=talk.prompt(), texts=texts, send=send
        )
        return Utterance(
            text=reply.text,
            tool_calls=reply.tool_calls,
            truncated=reply.finish_reason == "length",
            call=replace(call, tool=talk.wanted(reply)),
        )

    def _may_be_the_counting(self, failure: CallFailed) -> bool:
        """Whether the server refused to count the tokens of a stream, which few still do."""
        return (
            self._counts_streams and failure.status in _REFUSED and "stream_options" in str(failure)
        )


class _Talk:
    """What is asked for, and how much of the answer was heard."""

    def __init__(
        self,
        messages: Sequence[DialogueMessage],
        tools: Sequence[ToolSpec],
        hearer: Hearer | None,
    ) -> None:
        self.messages = messages
        self.tools = tools
        self.hearer = hearer
        self._was_heard = False

    def begin(self) -> None:
        """A try begins: what was heard of the one before is void."""
        if self._was_heard and self.hearer is not None:
            self.hearer.restart()
        self._was_heard = False

    def hear(self, text: str) -> None:
        """Pass on a piece."""
        if text and self.hearer is not None:
            self._was_heard = True
            self.hearer.delta(text)

    def wanted(self, reply: Reply) -> str | None:
        """The names of those tools on offer that the model wants called."""
        called = {call.name for call in reply.tool_calls}
        return ", ".join(tool.name for tool in self.tools if tool.name in called) or None

    def prompt(self) -> str:
        """All that is sent."""
        parts = ([asdict(each) for each in self.messages], [asdict(each) for each in self.tools])
        return json.dumps(parts, ensure_ascii=False)
