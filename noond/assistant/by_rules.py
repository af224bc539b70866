"""An answer without a model: rules understand plain requests and say what needs a model."""

from __future__ import annotations

from typing import Any

from noond.assistant import rules
from noond.assistant.answers import Answer
from noond.assistant.handling import ToolHand
from noond.assistant.telling import Telling
from noond.assistant.tools import ToolCaller
from noond.jobs.context import JobContext
from noond.runners.agents import Agents

_AGENTS = 200


async def answer_by_rules(
    agents: Agents, context: JobContext, telling: Telling, hand: ToolHand, caller: ToolCaller
) -> Answer:
    """Understand, call the one tool, tell what it gave. Raises StorageError."""

    async def understand() -> dict[str, Any] | None:
        known = await agents.list(caller.user.id, limit=_AGENTS, before=None)
        command = rules.understand(caller.said, known)
        return None if command is None else {"tool": command.tool, "arguments": command.arguments}

    understood = await context.step("understood", understand)
    context.progress(40)
    if understood is None:
        content, success = rules.HELP, False
    else:
        command = rules.Command(tool=understood["tool"], arguments=understood["arguments"])
        result = await hand.call(
            "tool-1-1", caller, command.tool, command.arguments, call_id="rules-1"
        )
        content, success = rules.tell(command, result), "error" not in result
    telling.delta(content[len(telling.content) :])
    return Answer(
        content=content,
        finish_reason="stop",
        model=None,
        tools=tuple(hand.used),
        tool_result=hand.last_result,
        tainted=any(hand.taints(name) for name in hand.used),
        success=success,
    )
