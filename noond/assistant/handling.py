"""One call of a tool: its arguments checked, its result kept, never called again once it is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from noond.assistant.telling import Telling
from noond.assistant.tools import (
    Act,
    Question,
    Toolbox,
    ToolCaller,
    ToolResult,
    failed,
    parse_arguments,
)
from noond.errors import Invalid, NoondError, StorageError
from noond.jobs.context import JobContext
from noond.models.account import Scope
from noond.store.rows import Transaction


class ToolHand:
    """Calls tools for one attempt at a task."""

    def __init__(
        self,
        toolbox: Toolbox,
        context: JobContext,
        telling: Telling,
        scopes: frozenset[Scope],
        *,
        told: int,
    ) -> None:
        """`told`: how many results earlier attempts have told of."""
        self._toolbox = toolbox
        self._context = context
        self._telling = telling
        self._scopes = scopes
        self._told = told
        self.used: list[str] = []
        """The names of the tools that were called, in order."""
        self.last_result: ToolResult | None = None

    @property
    def tools(self) -> tuple[Question | Act, ...]:
        """What may be called."""
        return self._toolbox.allowed(self._scopes)

    def taints(self, name: str) -> bool:
        """Whether a call of this tool brings text from documents or devices."""
        tool = self._toolbox.find(name, self._scopes)
        return tool is not None and tool.taints

    async def call(
        self,
        step: str,
        caller: ToolCaller,
        name: str,
        arguments: dict[str, Any] | None,
        *,
        call_id: str,
    ) -> ToolResult:
        """The tool's result, of this attempt or an earlier one.

        Raises StorageError and what nobody expects; what else goes wrong stands in the result.
        """
        fresh = step not in await self._context.steps()
        if fresh:
            self._telling.tool_call(call_id, name, arguments)
            if self._telling.streams:
                await self._telling.told()
        result: ToolResult = await self._call(step, caller, name, arguments)
        # A daemon that died had perhaps kept its last result without telling of it.
        if fresh or len(self.used) >= self._told:
            self._telling.tool_result(call_id, name, result)
        self.used.append(name)
        self.last_result = result
        return result

    async def _call(
        self, step: str, caller: ToolCaller, name: str, arguments: dict[str, Any] | None
    ) -> Any:
        tool = self._toolbox.find(name, self._scopes)
        try:
            if tool is None:
                raise Invalid.field("name", f"there is no tool {name[:50]!r}")
            parsed = parse_arguments(tool, arguments)
            if isinstance(tool, Act):
                return await self._act(step, tool, caller, parsed)
            question = tool
            return await self._step(step, lambda: question.ask(caller, parsed))
        except StorageError:
            raise
        except NoondError as error:
            refusal = failed(error)
            return await self._step(step, lambda: _as_it_is(refusal))

    async def _step(self, step: str, work: Callable[[], Awaitable[ToolResult]]) -> Any:
        return await self._context.step(step, work, also=lambda tx, _: self._telling.store_in(tx))

    async def _act(self, step: str, tool: Act, caller: ToolCaller, parsed: Any) -> Any:
        def do(tx: Transaction) -> ToolResult:
            result = tool.do(tx, caller, parsed)
            self._telling.store_in(tx)
            return result

        result = await self._context.step_in_transaction(step, do)
        tool.done()
        return result


async def _as_it_is(result: ToolResult) -> ToolResult:
    return result
