"""A question to a model: one answer in an agreed format, whatever the server does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import structlog

from noond.llm.completion import CallFailed
from noond.llm.metered import MeteredServer
from noond.llm.prompts import Message
from noond.llm.retries import PASSING
from noond.llm.texts import asked_about
from noond.llm.usage import CallAccount
from noond.models.document import LLMCall

if TYPE_CHECKING:
    from noond.llm.chat import Chat

log = structlog.get_logger(__name__)

FORMATS: Final = ("json_schema", "json_object", "plain")
"""Ways to ask for structured output, the strictest first."""

_NOT_THE_FORMAT = PASSING | {401, 402, 403, 407, 413}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What to ask, in what form to be answered, and at whose expense.

    `passage` is what the messages are about. Calls that fail on the way to the answer are added
    to `failed`.
    """

    messages: Sequence[Message]
    passage: str
    schema: dict[str, Any]
    account: CallAccount
    failed: list[LLMCall] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the model said. `truncated`: it ran into llm.max_tokens."""

    text: str
    truncated: bool
    call: LLMCall


class ModelClient:
    """Asks for structured answers; `slots` bounds the calls in flight at once."""

    def __init__(self, server: MeteredServer, *, slots: asyncio.Semaphore) -> None:
        self._server = server
        self._slots = slots
        self._format: str | None = None
        self._negotiating = asyncio.Lock()

    async def load(self) -> None:
        """Load the client library in a thread, once."""
        await self._server.load()

    def cost(self, prompt_tokens: int, completion_tokens: int) -> float | None:
        """US dollars of that many tokens, None when the model's price is not known."""
        return self._server.cost(prompt_tokens, completion_tokens)

    async def ask(self, question: Question) -> Answer:
        """The model's answer.

        Tries again as MeteredServer does. Raises ModelError when that does not help,
        BudgetReached when the money does not suffice, ExtractionHalted when the account lets no
        new call start.
        """

        async def attempt(chat: Chat) -> Answer:
            async with self._slots:
                return await self._in_agreed_format(chat, question)

        return await self._server.until_answered(attempt, question.failed)

    async def _in_agreed_format(self, chat: Chat, question: Question) -> Answer:
        """One try in the strictest format that the server takes: found out by the first."""
        if self._format is None:
            async with self._negotiating:
                if self._format is None:
                    return await self._negotiate(chat, question)
        return await self._try(chat, question, self._format)

    async def _negotiate(self, chat: Chat, question: Question) -> Answer:
        for form in FORMATS:
            try:
                answer = await self._try(chat, question, form)
            except CallFailed as failure:
                if form == FORMATS[-1] or not _may_be_the_format(failure):
                    raise
            else:
                self._format = form
                log.info("answer_format_agreed", model=self._server.model, format=form)
                return answer
        raise AssertionError("the last format returns or raises")

    async def _try(self, chat: Chat, question: Question, form: str) -> Answer:
        wanted = _response_format(form, question.schema)
        reply, call = await self._server.pay(
            question.account,
            question.failed,
            prompt=json.dumps([question.messages, wanted], ensure_ascii=False),
            texts=asked_about(self._server.settings, question.passage),
            send=lambda _: chat.send(question.messages, wanted),
        )
        return Answer(text=reply.text, truncated=reply.finish_reason == "length", call=call)


def _response_format(form: str, schema: dict[str, Any]) -> dict[str, Any] | None:
    if form == "json_schema":
        return {
            "type": "json_schema",
            "json_schema": {"name": "records", "strict": True, "schema": schema},
        }
    return {"type": "json_object"} if form == "json_object" else None


def _may_be_the_format(failure: CallFailed) -> bool:
    return (
        failure.status is not None
        and 400 <= failure.status < 500
        and failure.status not in _NOT_THE_FORMAT
    )
