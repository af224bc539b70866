from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.unit.cli.conftest import Noond, ScriptedDaemon

FINDING: dict[str, Any] = {
    "id": "0199c2d1-0000-7000-8000-000000000001",
    "kind": "job_type_failing",
    "subject": "purge_jobs",
    "state": "open",
    "title": "Jobs of the type purge_jobs fail",
    "detail": "3 have failed for good one after the other.",
    "count": 2,
    "opened_at": "2026-11-20T08:00:00.000Z",
}


def page(*found: dict[str, Any], paused: tuple[str, ...] = ()) -> tuple[int, dict[str, Any]]:
    return 200, {"items": list(found), "next": None, "paused_queues": list(paused)}


def test_what_is_wrong_is_listed(daemon: ScriptedDaemon, noond: Noond) -> None:
    daemon.on("GET", "/findings", page(FINDING, paused=("letters",)))
    said = noond("findings")
    assert said.code == 0
    assert said.rows == [
        [
            FINDING["opened_at"], "open", "Jobs of the type purge_jobs fail", "2",
            "3 have failed for good one after the other.",
        ]
    ]  # fmt: skip
    assert "Not watched, because they are paused: letters." in said.err
    assert daemon.requests[0].query["state"] == ["open"]


def test_all_and_json(daemon: ScriptedDaemon, noond: Noond) -> None:
    daemon.on("GET", "/findings", page(FINDING))
    said = noond("findings", "--all", "--kind", "job_type_failing", "--json")
    assert json.loads(said.out) == {"items": [FINDING], "paused_queues": []}
    query = daemon.requests[0].query
    assert (query["state"], query["kind"]) == (["all"], ["job_type_failing"])


def test_that_nothing_is_wrong_is_said(daemon: ScriptedDaemon, noond: Noond) -> None:
    daemon.on("GET", "/findings", page())
    said = noond("findings")
    assert (said.rows, said.err.strip()) == ([], "Nothing is wrong.")
