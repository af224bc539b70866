from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.unit.cli.conftest import Noond, ScriptedDaemon

NAMED = [{"name": "people", "value": name, "count": 9 - n} for n, name in enumerate("ABCD")]
TOLD = {
    "since": "2026-10-21T08:00:00.000Z",
    "until": "2026-11-20T08:00:00.000Z",
    "actions": [
        {
            "action": "schedule",
            "count": 12,
            "average_ms": 840.5,
            "success_rate": 0.75,
            "entities": NAMED,
        }
    ],
    "intents": [{"intent": "meet", "count": 9, "entities": []}],
}


def test_actions_and_intents_are_lines(noond: Noond, daemon: ScriptedDaemon) -> None:
    daemon.on("GET", "/analytics", (200, TOLD))
    assert noond("analytics", "--since", "2026-11-01T00:00:00Z").rows == [
        ["schedule", "12", "840 ms", "75 %", "A (9), B (8), C (7)"],
        ["meet", "9", ""],
    ]
    (request,) = daemon.sent("GET", "/analytics")
    assert request.query == {"since": ["2026-11-01T00:00:00Z"]}
    assert noond("analytics", "--json").document == TOLD


def test_that_nothing_is_kept_is_said(noond: Noond, daemon: ScriptedDaemon) -> None:
    daemon.on("GET", "/analytics", (200, {**TOLD, "actions": [], "intents": []}))
    assert "log.requests" in noond("analytics").err
