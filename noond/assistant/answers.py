"""What a task's answer is made of, and what it came to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from noond.models.document import LLMCall
from noond.models.invocation import FinishReason


@dataclass(slots=True, kw_only=True)
class Tally:
    """Calls to models, added up. `cost_usd` is None as soon as one has no known price."""

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float | None = 0.0

    def add(self, calls: Sequence[dict[str, Any]]) -> None:
        """Count calls as a step has kept them."""
        for call in calls:
            cost = call["cost_usd"]
            self.calls += 1
            self.prompt_tokens += call["prompt_tokens"]
            self.completion_tokens += call["completion_tokens"]
            known = self.cost_usd is not None and cost is not None
            self.cost_usd = self.cost_usd + cost if known else None

    def shown(self, model: str | None) -> dict[str, Any]:
        """As the event `usage` and the answer's metadata say it."""
        return {
            "model": model,
            "calls": self.calls,
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "tokens_used": self.prompt_tokens + self.completion_tokens,
            "cost": self.cost_usd,
        }


def kept_call(call: LLMCall) -> dict[str, Any]:
    """What a step keeps of a call to a model."""
    return {
        "prompt_tokens": call.prompt_tokens,
        "completion_tokens": call.completion_tokens,
        "cost_usd": call.cost_usd,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The end of a task. `tainted`: it may repeat text from documents or devices.

    `success` is False when the agent could not do what was asked and says so.
    """

    content: str
    finish_reason: FinishReason
    model: str | None
    tally: Tally
    tools: tuple[str, ...] = ()
    tool_result: dict[str, Any] | None = None
    tainted: bool = False
    success: bool = True
