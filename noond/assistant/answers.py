"""What a task's answer is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from noond.models.invocation import FinishReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The end of a task. `tainted`: it may repeat text from documents or devices.

    `success` is False when the agent could not do what was asked and says so.
    """

    content: str
    finish_reason: FinishReason
    model: str | None
    tools: tuple[str, ...] = ()
    tool_result: dict[str, Any] | None = None
    tainted: bool = False
    success: bool = True
