"""A dialogue with a model: what is said, the tools it may call, and what it says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from noond.models.document import LLMCall


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSpec:
    """A tool that the model may call; `parameters` is a JSON Schema of an object."""

    name: str
    description: str
    parameters: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A call that the model wants made; `arguments` is None when it wrote no JSON object."""

    id: str
    name: str
    arguments: dict[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DialogueMessage:
    """A message of a dialogue: `tool_calls` are an assistant's, `tool_call_id` a tool's."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """What the model said, and the call that it cost. `truncated`: it ran into llm.max_tokens."""

    text: str
    tool_calls: tuple[ToolCall, ...]
    truncated: bool
    call: LLMCall
