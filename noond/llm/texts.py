"""What is kept of the words of a call, where the settings say so: redacted, inert and cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from noond.config import LLMSettings
from noond.llm.completion import Reply
from noond.models.dialogue import DialogueMessage
from noond.models.document import CallTexts
from noond.redaction import safe_json, safe_text

TEXT_LENGTH: Final = 2000
"""Characters that are kept of a message or an answer; 300 of each part of a state or result."""

_LATEST = 8
"""Messages of a dialogue that are kept as its state."""


def asked_about(settings: LLMSettings, passage: str) -> CallTexts | None:
    """What is kept of a question about a passage."""
    if not settings.keep_texts:
        return None
    return CallTexts(user_message=safe_text(passage, length=TEXT_LENGTH))


def said_so_far(settings: LLMSettings, messages: Sequence[DialogueMessage]) -> CallTexts | None:
    """What is kept of a dialogue to be continued.

    The user's last message; as state the latest messages; as result what the tools answered that
    the call before wanted.
    """
    if not settings.keep_texts:
        return None
    latest = [{"role": each.role, "content": each.content} for each in messages[-_LATEST:]]
    user = [each.content for each in messages if each.role == "user"]
    return CallTexts(
        user_message=safe_text(user[-1], length=TEXT_LENGTH) if user else None,
        agent_state=safe_json({"messages": len(messages), "latest": latest}),
        tool_result=safe_json(_results(messages)),
    )


def answered(texts: CallTexts, reply: Reply) -> CallTexts:
    """With what is kept of the answer."""
    return replace(texts, agent_response=safe_text(reply.text, length=TEXT_LENGTH))


def _results(messages: Sequence[DialogueMessage]) -> list[dict[str, str | None]] | None:
    names = {call.id: call.name for each in messages for call in each.tool_calls}
    results: list[dict[str, str | None]] = []
    for each in reversed(messages):
        if each.role != "tool":
            break
        results.insert(0, {"tool": names.get(each.tool_call_id or ""), "result": each.content})
    return results or None
