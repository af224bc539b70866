"""A model's server as its clients share it: one pool of connections, every call paid for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

import structlog

from noond.clock import Clock
from noond.config import LLMSettings
from noond.errors import ExtractionHalted
from noond.llm.completion import CallFailed, Reply
from noond.llm.measured import Call, OnCall, request_attributes, usage_attributes
from noond.llm.retries import RETRY_AFTER_LIMIT_SECONDS, model_error, pause_seconds
from noond.llm.usage import Budget, CallAccount, estimated_tokens
from noond.models.document import CallTexts, LLMCall
from noond.tracing import OFF, Tracing

if TYPE_CHECKING:
    from noond.llm.chat import Chat

log = structlog.get_logger(__name__)

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
        self._about = request_attributes(settings)
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
                    span.set(usage_attributes(failed[-1]))
            paid = call.answered(reply)
            span.set(usage_attributes(paid, reply))
            return reply, paid


def _open_chat(settings: LLMSettings) -> Chat:
    from noond.llm.chat import Chat  # noqa: PLC0415 - a second of imports, in the thread

    return Chat(settings)
