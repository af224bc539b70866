from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.unit.cli.conftest import Noond, ScriptedDaemon


def test_statistics_are_a_line_a_week(
    noond: Noond, daemon: ScriptedDaemon, agent: dict[str, Any]
) -> None:
    week = {"suggested": 9, "approved": 4, "edited": 2, "rejected": 3, "precision": 2 / 3}
    quiet = {"suggested": 1, "approved": 0, "edited": 0, "rejected": 0, "precision": None}
    daemon.items("/agents", agent)
    stats = {
        "agent_id": agent["id"],
        **week,
        "suggested": 10,
        "weeks": [{"week": "2026-11-09", **quiet}, {"week": "2026-11-16", **week}],
    }
    daemon.on("GET", f"/agents/{agent['id']}/stats", (200, stats))
    assert noond("agent", "stats", "notes").rows == [
        ["2026-11-09", "1", "0", "0", "0", ""],
        ["2026-11-16", "9", "4", "2", "3", "0.6667"],
        ["total", "10", "4", "2", "3", "0.6667"],
    ]
    assert noond("agent", "stats", "notes", "--json").document == stats
    undecided = {"agent_id": agent["id"], **quiet, "weeks": []}
    daemon.on("GET", f"/agents/{agent['id']}/stats", (200, undecided))
    assert "Nobody has decided" in noond("agent", "stats", "notes").err
