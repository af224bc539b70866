"""The model's client: one question, one answer, its price, whatever the server does."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final

import structlog

from noond.clock import Clock, new_id
from noond.config import LLMSettings
from noond.errors import ExtractionHalted, ModelError
from noond.llm.completion import CallFailed, Reply
from noond.llm.prompts import Message
from noond.llm.usage import Budget, CallAccount, Reservation, estimated_tokens
from noond.models.document import LLMCall

if TYPE_CHECKING:
    from noond.llm.chat import Chat

log = structlog.get_logger(__name__)

FORMATS: Final = ("json_schema", "json_object", "plain")
"""Ways to ask for structured output, the strictest first."""

RETRY_AFTER_LIMIT_SECONDS: Final = 60.0
"""A server that wants a longer pause is asked again after this one."""

OnCall = Callable[[LLMCall], None]
"""Told of a call that has ended; must not wait."""

_BACKOFF_LIMIT_SECONDS = 30.0
_PASSING = frozenset({408, 409, 425, 429})
_NOT_THE_FORMAT = _PASSING | {401, 402, 403, 407, 413}
_HINTS = {401: "check llm.api_key", 403: "check llm.api_key", 404: "check base_url and model"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What to ask, in what form to be answered, and at whose expense.

    Calls that fail on the way to the answer are added to `failed`.
    """

    messages: Sequence[Message]
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
    """Asks an OpenAI-compatible server; `slots` bounds the calls in flight at once."""

    def __init__(
        self,
        settings: LLMSettings,
        *,
        budget: Budget,
        clock: Clock,
        slots: asyncio.Semaphore,
        backoff_seconds: float = 1.0,
        on_call: OnCall | None = None,
    ) -> None:
        self._settings = settings
        self._model = settings.model or ""
        self._budget = budget
        self._clock = clock
        self._slots = slots
        self._backoff_seconds = backoff_seconds
        self._on_call = on_call
        self._format: str | None = None
        self._negotiating = asyncio.Lock()
        self._loading = asyncio.Lock()
        self._chat: Chat | None = None

    async def load(self) -> Chat:
        """Import the client library and build the client, in a thread, once."""
        async with self._loading:
            if self._chat is None:
                self._chat = await asyncio.to_thread(_open_chat, self._settings)
            return self._chat

    async def close(self) -> None:
        """Close the connections to the server."""
        if self._chat is not None:
            await self._chat.close()

    def cost(self, prompt_tokens: int, completion_tokens: int) -> float | None:
        """US dollars of that many tokens, None when the model's price is not known."""
        return self._budget.cost(self._model, prompt_tokens, completion_tokens)

    async def ask(self, question: Question) -> Answer:
        """The model's answer.

        Tries again after 429, 5xx, a timeout or a lost connection, `llm.retries` times and for
        as long as those tries and one longest pause take. Raises ModelError when that does not
        help, BudgetReached when the money does not suffice, ExtractionHalted when the account
        lets no new call start.
        """
        settings = self._settings
        patience = settings.timeout_seconds * (settings.retries + 1) + RETRY_AFTER_LIMIT_SECONDS
        pauses = 0.0
        attempt = 0
        chat = await self.load()
        while True:
            try:
                async with self._slots:
                    return await self._in_agreed_format(chat, question)
            except CallFailed as failure:
                pause = self._pause(failure, attempt)
                if pause is None or attempt == settings.retries:
                    raise _model_error(failure) from failure
                pauses += pause
                if sum(call.execution_ms for call in question.failed) / 1000 + pauses > patience:
                    raise _model_error(failure) from failure
                log.info("model_asked_again", reason=str(failure), seconds=round(pause, 2))
            await asyncio.sleep(pause)
            attempt += 1

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
                log.info("answer_format_agreed", model=self._model, format=form)
                return answer
        raise AssertionError("the last format returns or raises")

    async def _try(self, chat: Chat, question: Question, form: str) -> Answer:
        """One call, paid for whatever becomes of it."""
        wanted = _response_format(form, question.schema)
        prompt = json.dumps([question.messages, wanted], ensure_ascii=False)
        reservation = await self._budget.reserve(
            question.account,
            model=self._model,
            prompt_tokens=estimated_tokens(prompt),
            completion_tokens=self._settings.max_tokens,
        )
        # Looked at last: slots, the format and money may have been waited for.
        proceed = question.account.proceed
        if proceed is not None and not proceed.is_set():
            reservation.settle(0, 0)
            raise ExtractionHalted
        meter = _Meter(
            self._clock, self._model, reservation, estimated_tokens(prompt), self._on_call
        )
        error: str | None = "cancelled"
        sent = True
        try:
            async with asyncio.timeout(self._settings.timeout_seconds):
                reply = await chat.send(question.messages, wanted)
            error = None
        except TimeoutError:
            error = f"no answer within {self._settings.timeout_seconds:g} s"
            raise CallFailed(f"the model's server gave {error}") from None
        except CallFailed as failure:
            error = str(failure)
            sent = failure.sent and failure.status is None
            raise
        finally:
            if error is not None:
                question.failed.append(meter.failed(error, sent=sent))
        return Answer(
            text=reply.text, truncated=reply.finish_reason == "length", call=meter.answered(reply)
        )

    def _pause(self, failure: CallFailed, attempt: int) -> float | None:
        """Seconds until the next try; None when there is no use in one."""
        status = failure.status
        if failure.out_of_credit or (
            status is not None and status < 500 and status not in _PASSING
        ):
            return None
        longest = min(self._backoff_seconds * 2.0**attempt, _BACKOFF_LIMIT_SECONDS)
        pause = longest * random.uniform(0.5, 1.0)  # noqa: S311 - jitter
        wanted = _retry_after_seconds(failure.retry_after, self._clock)
        return max(pause, min(wanted, RETRY_AFTER_LIMIT_SECONDS))


def _open_chat(settings: LLMSettings) -> Chat:
    from noond.llm.chat import Chat  # noqa: PLC0415 - a second of imports, in the thread

    return Chat(settings)


class _Meter:
    """Measures one call and settles its reservation."""

    def __init__(
        self,
        clock: Clock,
        model: str,
        reservation: Reservation,
        prompt_tokens: int,
        on_call: OnCall | None,
    ) -> None:
        self._on_call = on_call
        self._clock = clock
        self._model = model
        self._reservation = reservation
        self._prompt_tokens = prompt_tokens
        self._started_at = clock.now()
        self._started = clock.monotonic()

    def failed(self, error: str, *, sent: bool) -> LLMCall:
        """A call without an answer: a question that may have arrived counts as estimated."""
        return self._call(self._prompt_tokens if sent else 0, 0, error)

    def answered(self, reply: Reply) -> LLMCall:
        """A call with an answer, estimated where the server does not count."""
        prompt, completion = reply.prompt_tokens, reply.completion_tokens
        return self._call(
            self._prompt_tokens if prompt is None else prompt,
            estimated_tokens(reply.text) if completion is None else completion,
            None,
        )

    def _call(self, prompt_tokens: int, completion_tokens: int, error: str | None) -> LLMCall:
        call = LLMCall(
            id=new_id(),
            model=self._model,
            prompt_tokens=prompt_tokens,
            completion_tokens=completion_tokens,
            cost_usd=self._reservation.settle(prompt_tokens, completion_tokens),
            execution_ms=round((self._clock.monotonic() - self._started) * 1000),
            success=error is None,
            error=error,
            started_at=self._started_at,
        )
        if self._on_call is not None:
            self._on_call(call)
        return call


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


def _retry_after_seconds(header: str | None, clock: Clock) -> float:
    """The pause that a Retry-After header asks for (RFC 9110, 10.2.3), 0 without a valid one."""
    if header is None:
        return 0.0
    try:
        return max(float(header), 0.0)
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(header)
        return max((moment - clock.now()).total_seconds(), 0.0)
    except (ValueError, TypeError):  # no date, or one without a zone
        return 0.0


def _model_error(failure: CallFailed) -> ModelError:
    hint = _HINTS.get(failure.status or 0)
    return ModelError(f"{failure} ({hint})" if hint else str(failure))
