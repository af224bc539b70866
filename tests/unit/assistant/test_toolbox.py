"""Which tools a task may use, and what they take."""

from __future__ import annotations

import pytest
from pydantic import Field

from noond.assistant.tools import (
    Arguments,
    Question,
    Toolbox,
    ToolCaller,
    ToolResult,
    parse_arguments,
)
from noond.errors import Invalid
from noond.models.account import Scope


class Which(Arguments):
    """Which."""

    number: int = Field(1, ge=1, le=5)


async def ask(_caller: ToolCaller, _which: Which) -> ToolResult:
    return {}


def tool(name: str, scope: Scope) -> Question:
    return Question(name=name, description="", scope=scope, arguments=Which, ask=ask)


RUNS, DEVICES = tool("runs", Scope.AGENTS_READ), tool("devices", Scope.DEVICES_READ)


@pytest.fixture
def toolbox() -> Toolbox:
    toolbox = Toolbox()
    toolbox.add([RUNS, DEVICES])
    return toolbox


def test_a_scope_allows_its_tools_only(toolbox: Toolbox) -> None:
    scopes = frozenset({Scope.AGENTS_READ, Scope.AGENTS_EXECUTE})
    assert toolbox.allowed(scopes) == (RUNS,)
    assert toolbox.find("runs", scopes) is RUNS
    assert toolbox.find("devices", scopes) is None
    assert toolbox.find("nothing", scopes) is None
    assert toolbox.allowed(frozenset()) == ()


@pytest.mark.parametrize(
    ("arguments", "field"),
    [(None, "arguments"), ({"number": 6}, "number"), ({"number": "x"}, "number"), ({"a": 1}, "a")],
)
def test_wrong_arguments_are_named(arguments: dict[str, object] | None, field: str) -> None:
    with pytest.raises(Invalid, match=field):
        parse_arguments(RUNS, arguments)


def test_what_is_left_out_has_its_default() -> None:
    assert parse_arguments(RUNS, {}) == Which(number=1)
