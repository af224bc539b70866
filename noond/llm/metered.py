"""A model's server as its clients share it: one pool of connections, every call paid for."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import urlsplit

import structlog

from noond.clock import Clock, new_id
from noond.config import LLMSettings
from noond.errors import ExtractionHalted
from noond.llm.completion import CallFailed, Reply
from noond.llm.retries import RETRY_AFTER_LIMIT_SECONDS, model_error, pause_seconds
from noond.llm.texts import answered
from noond.llm.usage import (
    Budget,
    CallAccount,
    Reservation,
    estimated_tokens,
    estimated_tokens_of_bytes,
)
from noond.models.document import CallTexts, LLMCall
from noond.tracing import OFF, Attributes, Tracing

if TYPE_CHECKING:
    from noond.llm.chat import Chat

log = structlog.get_logger(__name__)

STREAM_PATIENCE: Final = 10
"""A streamed answer may take so many times as long as one that comes in one piece."""

_MOST_BYTES_PER_TOKEN = 64
"""No tokenizer's ordinary tokens are longer: who sends more does not count what it was told."""

OnCall = Callable[[LLMCall], None]
"""Told of a call that has ended; must not wait."""

_FINISHED = "gen_ai.response.finish_reasons"

T = TypeVar("T")


class MeteredServer:
    """An OpenAI-compatible server: loaded once, asked again when it fails, paid for each call."""

    def __init__(
        self,
        settings: LLMSettings,
        *,
        budget: Budget,
        clock: Clock,
        backoff_seconds: float = 1.0,
        on_call: OnCall | None = None,
        tracing: Tracing = OFF,
    ) -> None:
        self.settings = settings
        self.model = settings.model or ""
        self._budget = budget
        self._clock = clock
        self._backoff_seconds = backoff_seconds
        self._on_call = on_call
        self._tracing = tracing
        self._about = _about(settings)
        self._loading = asyncio.Lock()
        self._chat: Chat | None = None

    async def load(self) -> Chat:
        """Import the client library and build the client, in a thread, once."""
        async with self._loading:
            if self._chat is None:
                self._chat = await asyncio.to_thread(_open_chat, self.settings)
            return self._chat

    async def close(self) -> None:
        """Close the connections to the server."""
        if self._chat is not None:
            await self._chat.close()

    def cost(self, prompt_tokens: int, completion_tokens: int) -> float | None:
        """US dollars of that many tokens, None when the model's price is not known."""
        return self._budget.cost(self.model, prompt_tokens, completion_tokens)

    async def until_answered(
        self, attempt: Callable[[Chat], Awaitable[T]], failed: list[LLMCall]
    ) -> T:
        """What `attempt` returns, tried again after 429, 5xx, a timeout or a lost connection.

        `llm.retries` times, and for as long as those tries and one longest pause take. Raises
        ModelError when that does not help. `failed` gets the calls that failed.
        """
        settings = self.settings
        patience = settings.timeout_seconds * (settings.retries + 1) + RETRY_AFTER_LIMIT_SECONDS
        earlier = len(failed)
        pauses = 0.0
        tried = 0
        chat = await self.load()
        while True:
            try:
                return await attempt(chat)
            except CallFailed as failure:
                pause = pause_seconds(
                    failure, tried, backoff_seconds=self._backoff_seconds, clock=self._clock
                )
                if pause is None or tried == settings.retries:
                    raise model_error(failure) from failure
                pauses += pause
                spent = sum(call.execution_ms for call in failed[earlier:]) / 1000
                if spent + pauses > patience:
                    raise model_error(failure) from failure
                log.info("model_asked_again", reason=str(failure), seconds=round(pause, 2))
            await asyncio.sleep(pause)
            tried += 1

    async def pay(
        self,
        account: CallAccount,
        failed: list[LLMCall],
        *,
        prompt: str,
        texts: CallTexts | None,
        send: Callable[[Call], Awaitable[Reply]],
    ) -> tuple[Reply, LLMCall]:
        """One call, paid for whatever becomes of it.

        `prompt` is all that is sent, for the estimate; `texts` is what is kept of it. Raises
        CallFailed, BudgetReached, and ExtractionHalted when the account lets no new call start.
        A call that fails or is cancelled goes into `failed`.
        """
        reservation = await self._budget.reserve(
            account,
            model=self.model,
            prompt_tokens=estimated_tokens(prompt),
            completion_tokens=self.settings.max_tokens,
        )
        # Looked at last: slots, the format and money may have been waited for.
        if account.proceed is not None and not account.proceed.is_set():
            reservation.settle(0, 0)
            raise ExtractionHalted
        call = Call(
            self._clock,
            self.settings,
            reservation,
            prompt_tokens=estimated_tokens(prompt),
            texts=texts,
            on_call=self._on_call,
        )
        with self._tracing.span(
            f"chat {self.model}", kind="client", attributes=self._about
        ) as span:
            error: str | None = "cancelled"
            sent = True
            try:
                async with asyncio.timeout(self.settings.timeout_seconds) as deadline:
                    call.deadline = deadline
                    reply = await send(call)
                error = None
            except TimeoutError:
                error = call.overdue()
                span.fail("timeout")
                raise CallFailed(f"the model's server gave {error}") from None
            except CallFailed as failure:
                error = str(failure)
                sent = failure.sent and failure.status is None
                span.fail(str(failure.status or "no_answer"))
                raise
            finally:
                if error is not None:
                    failed.append(call.failed(error, sent=sent))
                    span.set(_used(failed[-1]))
            paid = call.answered(reply)
            span.set({**_used(paid), _FINISHED: [reply.finish_reason or "unknown"]})
            return reply, paid


def _about(settings: LLMSettings) -> Attributes:
    """What a span of a call tells beforehand, by OpenTelemetry's GenAI conventions."""
    server = urlsplit(settings.base_url or "https://api.openai.com")
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": settings.provider,
        "gen_ai.system": settings.provider,  # its name before 1.37
        "gen_ai.request.model": settings.model or "",
        "gen_ai.request.max_tokens": settings.max_tokens,
        "server.address": server.hostname or "",
        "server.port": server.port or (80 if server.scheme == "http" else 443),
    }


def _used(call: LLMCall) -> Attributes:
    return {
        "gen_ai.usage.input_tokens": call.prompt_tokens,
        "gen_ai.usage.output_tokens": call.completion_tokens,
    }


def _open_chat(settings: LLMSettings) -> Chat:
    from noond.llm.chat import Chat  # noqa: PLC0415 - a second of imports, in the thread

    return Chat(settings)


class Call:
    """One call under way: it is measured, and its reservation settled."""

    def __init__(
        self,
        clock: Clock,
        settings: LLMSettings,
        reservation: Reservation,
        *,
        prompt_tokens: int,
        texts: CallTexts | None,
        on_call: OnCall | None,
    ) -> None:
        self.deadline: asyncio.Timeout | None = None
        self._clock = clock
        self._settings = settings
        self._reservation = reservation
        self._prompt_tokens = prompt_tokens
        self._texts = texts
        self._on_call = on_call
        self._heard_bytes = 0
        self._started_at = clock.now()
        self._started = clock.monotonic()
        self._last_moment = (
            asyncio.get_running_loop().time() + STREAM_PATIENCE * settings.timeout_seconds
        )

    @property
    def has_begun(self) -> bool:
        """Whether some of a streamed answer has come."""
        return self._heard_bytes > 0

    def heard(self, text: str) -> None:
        """A piece of a streamed answer has come, be it an empty one; the next may take as long.

        Raises CallFailed when the answer is far longer than was asked for.
        """
        self._heard_bytes += len(text.encode("utf-8", "surrogatepass"))
        if self._heard_bytes > _MOST_BYTES_PER_TOKEN * self._settings.max_tokens:
            raise CallFailed("the model's server does not stop at llm.max_tokens")
        if self.deadline is not None:
            moment = asyncio.get_running_loop().time() + self._settings.timeout_seconds
            self.deadline.reschedule(min(moment, self._last_moment))

    def overdue(self) -> str:
        """What is said of a call whose deadline has passed."""
        if self.has_begun:
            return "only a part of an answer in time"
        return f"no answer within {self._settings.timeout_seconds:g} s"

    def failed(self, error: str, *, sent: bool) -> LLMCall:
        """A call without an answer: a question that may have arrived counts as estimated."""
        heard = estimated_tokens_of_bytes(self._heard_bytes)
        return self._end(self._prompt_tokens if sent else 0, heard, error)

    def answered(self, reply: Reply) -> LLMCall:
        """A call with an answer, estimated where the server does not count."""
        prompt, completion = reply.prompt_tokens, reply.completion_tokens
        if self._texts is not None:
            self._texts = answered(self._texts, reply)
        return self._end(
            self._prompt_tokens if prompt is None else prompt,
            estimated_tokens(_written(reply)) if completion is None else completion,
            None,
        )

    def _end(self, prompt_tokens: int, completion_tokens: int, error: str | None) -> LLMCall:
        call = LLMCall(
            id=new_id(),
            model=self._settings.model or "",
            prompt_tokens=prompt_tokens,
            completion_tokens=completion_tokens,
            cost_usd=self._reservation.settle(prompt_tokens, completion_tokens),
            execution_ms=round((self._clock.monotonic() - self._started) * 1000),
            success=error is None,
            error=error,
            started_at=self._started_at,
            texts=self._texts,
        )
        if self._on_call is not None:
            self._on_call(call)
        return call


def _written(reply: Reply) -> str:
    """All that the model wrote."""
    calls = (f"{call.name}{json.dumps(call.arguments)}" for call in reply.tool_calls)
    return "".join((reply.text, *calls))
