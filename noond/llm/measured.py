"""A call to a model while it is under way: its time, its tokens, its money, its words."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from noond.clock import Clock, new_id
from noond.config import LLMSettings
from noond.llm.completion import CallFailed, Reply
from noond.llm.texts import answered
from noond.llm.usage import Reservation, estimated_tokens, estimated_tokens_of_bytes
from noond.models.document import CallTexts, LLMCall
from noond.tracing import Attributes

STREAM_PATIENCE: Final = 10
"""A streamed answer may take so many times as long as one that comes in one piece."""

_MOST_BYTES_PER_TOKEN = 64
"""No tokenizer's ordinary tokens are longer: who sends more does not count what it was told."""

OnCall = Callable[[LLMCall], None]
"""Told of a call that has ended; must not wait."""


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


def request_attributes(settings: LLMSettings) -> Attributes:
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


def usage_attributes(call: LLMCall, reply: Reply | None = None) -> Attributes:
    """What it tells afterwards."""
    used: Attributes = {
        "gen_ai.usage.input_tokens": call.prompt_tokens,
        "gen_ai.usage.output_tokens": call.completion_tokens,
    }
    if reply is None or reply.finish_reason is None:
        return used
    return {**used, "gen_ai.response.finish_reasons": [reply.finish_reason]}
