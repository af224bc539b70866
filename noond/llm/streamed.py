"""A streamed answer put together again, tool calls included."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from noond.clock import new_id
from noond.llm.completion import CallFailed, Reply
from noond.models.dialogue import ToolCall


def read_arguments(text: str) -> dict[str, Any] | None:
    """The arguments that a model wrote: {} for none at all, None for what is no JSON object."""
    if not text.strip():
        return {}
    try:
        arguments = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None
    return {} if arguments is None else arguments if isinstance(arguments, dict) else None


@dataclass(slots=True)
class _Part:
    """A tool call as far as it has come."""

    index: int | None
    id: str | None
    name: str = ""
    arguments: list[str] = field(default_factory=list)


class StreamedReply:
    """Joins the pieces of an answer.

    Pieces of a tool call have its index, and the first one its id. Some servers give all calls
    of an answer the same index, each with an id of its own, and some give no id at all.
    """

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._parts: list[_Part] = []
        self._finish_reason: str | None = None
        self._usage: Mapping[str, Any] = {}

    def add(
        self,
        text: str,
        wanted: Sequence[Mapping[str, Any]],
        *,
        finish_reason: str | None,
        usage: Mapping[str, Any] | None,
    ) -> None:
        """The next piece. Of several counts the last one holds."""
        self._texts.append(text)
        for piece in wanted:
            part = self._part(piece.get("index"), piece.get("id"))
            part.name += piece.get("name") or ""
            part.arguments.append(piece.get("args") or "")
        self._finish_reason = finish_reason or self._finish_reason
        self._usage = usage or self._usage

    def reply(self) -> Reply:
        """The whole. Raises CallFailed when the end is missing."""
        if self._finish_reason is None:
            raise CallFailed("the model's server ended the stream within an answer")
        return Reply(
            text="".join(self._texts),
            finish_reason=self._finish_reason,
            prompt_tokens=self._usage.get("input_tokens"),
            completion_tokens=self._usage.get("output_tokens"),
            tool_calls=tuple(
                ToolCall(
                    id=part.id or new_id(),
                    name=part.name,
                    arguments=read_arguments("".join(part.arguments)),
                )
                for part in self._parts
            ),
        )

    def _part(self, index: int | None, call_id: str | None) -> _Part:
        for part in reversed(self._parts):
            if part.index == index and call_id in (None, "", part.id):
                return part
        self._parts.append(_Part(index, call_id or None))
        return self._parts[-1]
