from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.unit.cli.conftest import Noond, ScriptedDaemon

FIGURES = {
    "calls": 12,
    "failed": 1,
    "prompt_tokens": 30_000,
    "completion_tokens": 2_000,
    "cost_usd": 0.0057,
    "unpriced_calls": 0,
    "average_ms": 900.5,
    "p95_ms": 2140,
}
TOLD = {
    "group": "day",
    "since": "2026-10-21T22:00:00.000Z",
    "until": "2026-11-20T08:00:00.000Z",
    "timezone": "Europe/Berlin",
    "total": FIGURES,
    "items": [{"key": "2026-11-20", "name": None, **FIGURES}],
    "more": False,
}


def limit(setting: str = "llm.usd_per_day", **changes: Any) -> dict[str, Any]:
    return {
        "setting": setting,
        "agent_id": None,
        "run_id": None,
        "limit_usd": 1.0,
        "used_usd": 0.25,
        "reserved_usd": 0.0,
        "reset_at": "2026-11-20T23:00:00.000Z",
        "timezone": "Europe/Berlin",
        **changes,
    }


@pytest.fixture
def told(daemon: ScriptedDaemon) -> ScriptedDaemon:
    daemon.on("GET", "/usage", (200, TOLD))
    daemon.on("GET", "/usage/limits", (200, {"items": [limit()]}))
    return daemon


def test_groups_the_total_and_the_limits_are_lines(noond: Noond, told: ScriptedDaemon) -> None:
    figures = ["12", "1", "30000", "2000", "0.0057", "2.1 s"]
    assert noond("usage").rows == [
        ["2026-11-20", *figures],
        ["total", *figures],
        ["llm.usd_per_day", "", "0.2500", "0.7500 of 1.0000", "2026-11-20T23:00:00.000Z"],
    ]


def test_json_has_the_limits_too(noond: Noond, told: ScriptedDaemon) -> None:
    assert noond("usage", "--json").document == {**TOLD, "limits": [limit()]}


def test_groups_and_times_are_asked_for(noond: Noond, told: ScriptedDaemon) -> None:
    noond("usage", "--by", "agent", "--since", "2026-11-01T00:00:00Z")
    (request,) = told.sent("GET", "/usage")
    assert request.query == {"group": ["agent"], "since": ["2026-11-01T00:00:00Z"]}


def test_agents_are_named_and_unknown_prices_said(noond: Noond, told: ScriptedDaemon) -> None:
    row = {"key": "0199c2d1-0000", "name": "notes", **FIGURES, "unpriced_calls": 3}
    told.on("GET", "/usage", (200, {**TOLD, "items": [row]}))
    assert noond("usage", "--by", "agent").rows[0] == [
        "notes 0199c2d1-0000", "12", "1", "30000", "2000", "0.0057+", "2.1 s",
    ]  # fmt: skip


def test_what_others_used_is_left_open(noond: Noond, told: ScriptedDaemon) -> None:
    items = [
        limit(limit_usd=None),
        limit("llm.usd_all_users", used_usd=None, reserved_usd=None),
    ]
    told.on("GET", "/usage/limits", (200, {"items": items}))
    assert noond("usage").rows[2:] == [
        ["llm.usd_all_users", "", "", "", "2026-11-20T23:00:00.000Z"]
    ]


def test_no_limit_is_said(noond: Noond, told: ScriptedDaemon) -> None:
    told.on("GET", "/usage/limits", (200, {"items": [limit(limit_usd=None)]}))
    assert "llm.usd_per_day" in noond("usage").err
