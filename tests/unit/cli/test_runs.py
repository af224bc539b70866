from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from noond.cli import progress
from noond.cli.exits import ExitCode

if TYPE_CHECKING:
    from tests.unit.cli.conftest import Noond, ScriptedDaemon

Document = dict[str, Any]


@pytest.fixture
def started(daemon: ScriptedDaemon, agent: Document, run: Document) -> ScriptedDaemon:
    """A daemon that knows the agent and accepts a run of it."""
    accepted = {"run_id": run["id"], "status": "queued", "status_url": f"/api/v1/runs/{run['id']}"}
    daemon.items("/agents", agent)
    daemon.on("GET", f"/agents/{agent['id']}", (200, agent))
    daemon.on("POST", f"/agents/{agent['id']}/runs", (202, accepted))
    return daemon


def events(*statuses: str) -> bytes:
    state = {
        "run_id": "r", "waiting_for": None, "items_processed": 1, "items_created": 1,
        "files_listed": 2, "files_done": 1, "errors": 0,
    }  # fmt: skip
    return b"".join(
        b"event: run.progress\ndata: " + json.dumps({**state, "status": status}).encode() + b"\n\n"
        for status in statuses
    )


@pytest.mark.parametrize("words", [("run", "notes"), ("run", "start", "notes")])
def test_a_run_is_started(words: tuple[str, ...], noond: Noond, started: ScriptedDaemon) -> None:
    outcome = noond(*words)
    assert outcome.code == ExitCode.OK
    assert outcome.rows[0][1] == "queued"
    assert "noond runs " in outcome.err


def test_an_agent_named_like_a_verb_is_started_by_start(
    noond: Noond, started: ScriptedDaemon, agent: Document, run: Document
) -> None:
    started.items("/agents", {**agent, "name": "cancel"})
    assert noond("run", "start", "cancel", "--json").document["run_id"] == run["id"]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("success", ExitCode.OK),
        ("partial", ExitCode.OK),
        ("error", ExitCode.FAILED),
        ("cancelled", ExitCode.FAILED),
        ("interrupted", ExitCode.FAILED),
    ],
)
def test_waiting_ends_with_the_run(
    status: str, code: ExitCode, noond: Noond, started: ScriptedDaemon, run: Document
) -> None:
    started.on("GET", f"/runs/{run['id']}/events", (200, events("queued", "running", status)))
    started.on("GET", f"/runs/{run['id']}", (200, {**run, "status": status}))
    outcome = noond("run", "--wait", "notes", "--json")
    assert outcome.code == code
    assert outcome.document["status"] == status
    assert len(started.sent("GET", f"/runs/{run['id']}")) == 1


def test_a_stream_that_breaks_off_is_followed_by_asking(
    noond: Noond, started: ScriptedDaemon, run: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "_POLL_SECONDS", 0.01)
    started.on("GET", f"/runs/{run['id']}/events", (200, events("running")))
    running = {**run, "status": "running"}
    started.on("GET", f"/runs/{run['id']}", (200, running), (200, running), (200, run))
    assert noond("run", "notes", "--wait").code == ExitCode.OK
    assert len(started.sent("GET", f"/runs/{run['id']}")) == 4


def test_a_second_run_is_refused_with_what_helps(
    noond: Noond, started: ScriptedDaemon, agent: Document, run: Document
) -> None:
    problem = {"code": "run_in_progress", "title": "Conflict", "run_id": run["id"]}
    started.on("POST", f"/agents/{agent['id']}/runs", (409, problem))
    outcome = noond("run", "notes")
    assert outcome.code == ExitCode.CONFLICT
    assert f"noond run cancel {run['id']}" in outcome.err


def test_runs_are_listed_and_filtered(
    noond: Noond, started: ScriptedDaemon, agent: Document, run: Document
) -> None:
    listed = {key: value for key, value in run.items() if key != "errors"} | {"error_count": 4}
    waiting = {**listed, "status": "waiting", "waiting_for": "device"}
    started.items("/runs", listed, waiting)
    outcome = noond("runs", "--agent", "notes", "--status", "error", "--limit", "7")
    assert outcome.rows[0] == [
        run["id"], "notes", "full", "success", "2026-11-20T08:00:00.000Z", "2", "1", "4",
    ]  # fmt: skip
    assert outcome.rows[1][3] == "waiting for device"
    (sent,) = started.sent("GET", "/runs")
    assert sent.query == {"limit": ["7"], "agent_id": [agent["id"]], "status": ["error"]}


@pytest.mark.parametrize("word", ["notes", "0199C2D1-0000-7000-8000-0000000000AA"])
def test_a_run_is_shown_with_all_its_errors_and_records(
    word: str, noond: Noond, started: ScriptedDaemon, run: Document, record: Document
) -> None:
    errors = [
        {"file": "b.md", "code": "model_error", "message": "no answer\nin 60 s"},
        {"file": None, "code": "device_offline", "message": "gone"},
    ]
    started.items("/runs", run)
    started.on("GET", f"/runs/{run['id']}", (200, {**run, "errors": errors}))
    started.items(f"/runs/{run['id']}/records", record)
    outcome = noond("runs", word)
    assert outcome.code == ExitCode.OK
    assert ["status", "success"] in outcome.rows
    assert ["dropped", "3 not_in_source"] in outcome.rows
    assert ["took", "2.5 s"] in outcome.rows
    assert ["error", "b.md", "model_error", "no answer in 60 s"] in outcome.rows
    assert ["error", "", "device_offline", "gone"] in outcome.rows
    assert outcome.rows[-1] == [
        "record", "tasks", "Send the contract", "2026-11-27", "a/standup.md",
        "Ana will send the contract by Friday", "failed", "no such table\\x1b[31m", "",
    ]  # fmt: skip
    shown = noond("runs", word, "--json").document
    assert (shown["errors"], shown["records"]) == (errors, [record])


def test_a_run_of_a_removed_agent_is_shown(
    noond: Noond, started: ScriptedDaemon, agent: Document, run: Document
) -> None:
    started.on("GET", f"/agents/{agent['id']}", (404, {"code": "not_found", "title": "Gone"}))
    started.on("GET", f"/runs/{run['id']}", (200, run))
    started.items(f"/runs/{run['id']}/records")
    assert noond("runs", run["id"]).code == ExitCode.OK


def test_an_agent_without_runs_is_said_so(noond: Noond, started: ScriptedDaemon) -> None:
    started.items("/runs")
    outcome = noond("runs", "notes")
    assert outcome.code == ExitCode.NOT_FOUND
    assert "noond run notes" in outcome.err


@pytest.mark.parametrize(
    ("outcome_of_cancel", "said"),
    [("requested", "is being cancelled"), ("already_final", "had already ended as success")],
)
def test_a_run_is_cancelled(
    outcome_of_cancel: str, said: str, noond: Noond, started: ScriptedDaemon, run: Document
) -> None:
    reply = {"run_id": run["id"], "status": "success", "outcome": outcome_of_cancel}
    started.items("/runs", run)
    started.on("POST", f"/runs/{run['id']}/cancel", (202, reply))
    assert said in noond("run", "cancel", "notes").out


def test_failed_records_are_sent_again(
    noond: Noond, started: ScriptedDaemon, run: Document
) -> None:
    started.on("POST", f"/runs/{run['id']}/resend", (202, {"run_id": run["id"], "deliveries": 3}))
    assert "3 records" in noond("run", "resend", run["id"]).out


@pytest.mark.parametrize(
    ("usage", "said"),
    [
        ({"calls": 0, "prompt_tokens": 0, "completion_tokens": 0, "cost_usd": 0.0}, ""),
        (
            {"calls": 2, "prompt_tokens": 10, "completion_tokens": 5, "cost_usd": None},
            "2 calls, 10 + 5 tokens, cost not known",
        ),
        (
            {"calls": 2, "prompt_tokens": 10, "completion_tokens": 5, "cost_usd": 0.0125},
            "2 calls, 10 + 5 tokens, 0.0125 USD",
        ),
    ],
)
def test_an_unknown_cost_is_said_to_be_unknown(
    usage: Document, said: str, noond: Noond, started: ScriptedDaemon, run: Document
) -> None:
    started.on("GET", f"/runs/{run['id']}", (200, {**run, "usage": usage}))
    started.items(f"/runs/{run['id']}/records")
    assert ["model", said] in noond("runs", run["id"]).rows


def test_the_end_of_an_id_names_a_run(noond: Noond, started: ScriptedDaemon) -> None:
    ids = ["0199c2d1-0000-7000-8000-0000aaaaaaaa", "0199c2d1-0000-7000-8000-0001aaaaaaaa"]
    started.items("/runs", *({"id": each} for each in ids))
    assert noond("run", "cancel", "aaaaaaaa").code == ExitCode.USAGE
    started.on("POST", f"/runs/{ids[1]}/resend", (202, {"run_id": ids[1], "deliveries": 1}))
    assert noond("run", "resend", "0001AAAAAAAA").code == ExitCode.OK
    unknown = noond("run", "resend", "bbbbbbbb")
    assert unknown.code == ExitCode.NOT_FOUND
    assert "no agent and no run 'bbbbbbbb'" in unknown.err


def test_an_agents_name_comes_before_the_end_of_an_id(
    noond: Noond, started: ScriptedDaemon, agent: Document, run: Document
) -> None:
    started.items("/agents", {**agent, "name": "decade"})
    started.items("/runs", run)
    started.on("POST", f"/runs/{run['id']}/resend", (202, {"run_id": run["id"], "deliveries": 1}))
    assert noond("run", "resend", "decade").code == ExitCode.OK
