"""What a tool of the assistant is, and which of them a task may use."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from pydantic import BaseModel, ConfigDict, ValidationError

from noond.errors import Invalid, NoondError
from noond.models.account import Scope, User
from noond.store.rows import Transaction

ToolResult: TypeAlias = dict[str, Any]
"""JSON. A tool that failed gives {"error": {"code", "message"}}."""


class Arguments(BaseModel):
    """What a tool is called with: unknown names are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCaller:
    """For whom a tool works. `said` is what the user wrote in this very message.

    `tainted`: text from documents or devices is among what the model has read, so that an act
    needs the user's own words for it.
    """

    user: User
    said: str
    tainted: bool = False


class Tool(Protocol):
    """Something that the assistant can do. Its description is for the model."""

    @property
    def name(self) -> str:
        """What the model calls it."""
        ...

    @property
    def description(self) -> str:
        """What it does and when to use it."""
        ...

    @property
    def scope(self) -> Scope:
        """Who may use it: the same scope that allows it over HTTP."""
        ...

    @property
    def arguments(self) -> type[Arguments]:
        """What it takes."""
        ...

    @property
    def taints(self) -> bool:
        """Whether its result repeats text from documents or devices."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A tool that only looks; it may be asked again without harm."""

    name: str
    description: str
    scope: Scope
    arguments: type[Arguments]
    ask: Callable[[ToolCaller, Any], Awaitable[ToolResult]]
    taints: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """A tool that changes something, in the transaction in which its result is kept: once."""

    name: str
    description: str
    scope: Scope
    arguments: type[Arguments]
    do: Callable[[Transaction, ToolCaller, Any], ToolResult]
    done: Callable[[], None]
    """Called after the commit."""
    taints: bool = False


class Toolbox:
    """All tools, by name. Those that queue jobs are put in once there is an engine."""

    def __init__(self) -> None:
        self._tools: dict[str, Question | Act] = {}

    def add(self, tools: Sequence[Question | Act]) -> None:
        """Put tools in."""
        self._tools.update({tool.name: tool for tool in tools})

    def allowed(self, scopes: frozenset[Scope]) -> tuple[Question | Act, ...]:
        """The tools that these scopes allow."""
        return tuple(tool for tool in self._tools.values() if tool.scope in scopes)

    def find(self, name: str, scopes: frozenset[Scope]) -> Question | Act | None:
        """The tool of that name if the scopes allow it."""
        tool = self._tools.get(name)
        return tool if tool is not None and tool.scope in scopes else None


def parse_arguments(tool: Tool, arguments: dict[str, Any] | None) -> Arguments:
    """The arguments as the tool takes them; raises Invalid naming what is wrong."""
    if arguments is None:
        raise Invalid.field("arguments", "must be a JSON object")
    try:
        return tool.arguments.model_validate(arguments)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "arguments"
        raise Invalid.field(field, first["msg"]) from None


def failed(error: NoondError) -> ToolResult:
    """What the model is told of a tool that could not do its work."""
    return {"error": {"code": error.code, "message": error.message}}
