from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from noond.cli.connected import RUN_VERBS
from noond.cli.exits import ExitCode
from noond.cli.runs import run as run_group

if TYPE_CHECKING:
    from tests.unit.cli.conftest import Noond, ScriptedDaemon

Document = dict[str, Any]

ESTIMATE = {
    "files_new": 12,
    "files_changed": 3,
    "files_unchanged": 400,
    "bytes_to_read": 48_210,
    "prompt_tokens": 12_300,
    "completion_tokens": 800,
    "cost_usd": 0.0125,
}


@pytest.fixture
def proposal(record: Document) -> Document:
    """A dry run's proposal as the API shows it."""
    kept = ("id", "table", "data", "path", "quote", "span", "sha256", "extractor", "created_at")
    return {key: record[key] for key in kept} | {"novelty": "new"}


@pytest.fixture
def previewed(daemon: ScriptedDaemon, agent: Document, run: Document) -> ScriptedDaemon:
    """A daemon with an agent, and a run of it that has ended."""
    accepted = {"run_id": run["id"], "status": "queued", "status_url": f"/api/v1/runs/{run['id']}"}
    state = {
        "run_id": run["id"], "status": "success", "waiting_for": None, "items_processed": 2,
        "items_created": 0, "files_listed": 2, "files_done": 2, "errors": 0,
    }  # fmt: skip
    daemon.items("/agents", agent)
    daemon.items("/runs", run)
    daemon.items("/devices", {"device_id": "laptop", "name": "Ana's laptop", "online": True})
    daemon.on("GET", f"/agents/{agent['id']}", (200, agent))
    daemon.on("POST", f"/agents/{agent['id']}/runs", (202, accepted))
    event = b"event: run.progress\ndata: " + json.dumps(state).encode() + b"\n\n"
    daemon.on("GET", f"/runs/{run['id']}/events", (200, event))
    daemon.on("GET", f"/runs/{run['id']}", (200, run))
    daemon.items(f"/runs/{run['id']}/records")
    return daemon


def test_the_words_that_are_no_agents_names_are_known() -> None:
    assert run_group.commands.keys() == RUN_VERBS


@pytest.mark.parametrize(
    ("changes", "tokens", "cost"),
    [
        ({}, "about 12,300 in, 800 out", "about 0.0125 USD"),
        ({"cost_usd": None}, "about 12,300 in, 800 out", "unknown price"),
        ({"prompt_tokens": 0, "completion_tokens": 0, "cost_usd": 0.0}, "none", "none"),
    ],
)
def test_an_estimate_is_told(
    changes: Document,
    tokens: str,
    cost: str,
    noond: Noond,
    previewed: ScriptedDaemon,
    agent: Document,
    run: Document,
) -> None:
    estimated = {**run, "mode": "estimate", "estimate": {**ESTIMATE, **changes}}
    previewed.on("GET", f"/runs/{run['id']}", (200, estimated))
    outcome = noond("run", "notes", "--estimate")
    assert outcome.code == ExitCode.OK
    facts = {row[0]: row[1] for row in outcome.rows}
    assert facts["files"] == "12 new, 3 changed, 400 unchanged"
    assert facts["to_read"] == "48.2 kB"
    assert facts["tokens"] == tokens
    assert facts["cost"].startswith(cost)
    assert "noond run notes --dry-run" in outcome.err
    (sent,) = previewed.sent("POST", f"/agents/{agent['id']}/runs")
    assert sent.body == {"mode": "estimate"}
    assert ["files", "12 new, 3 changed, 400 unchanged"] in noond("runs", "notes").rows


def test_an_estimate_that_failed_says_why(
    noond: Noond, previewed: ScriptedDaemon, run: Document
) -> None:
    error = {"file": None, "code": "needs_manifest", "message": "the device sends no list"}
    failed = {**run, "mode": "estimate", "status": "error", "errors": [error]}
    previewed.on("GET", f"/runs/{run['id']}", (200, failed))
    outcome = noond("run", "notes", "--estimate")
    assert outcome.code == ExitCode.FAILED
    assert ["error", "", "needs_manifest", "the device sends no list"] in outcome.rows
    assert "--dry-run" not in outcome.err


def test_a_dry_run_shows_its_proposals_the_new_ones_first(
    noond: Noond, previewed: ScriptedDaemon, agent: Document, run: Document, proposal: Document
) -> None:
    previewed.on("GET", f"/runs/{run['id']}", (200, {**run, "mode": "dry_run"}))
    hostile = {**proposal, "novelty": "rejected", "quote": "\x1b]0;pwned\x07 buy\tme"}
    previewed.items(f"/runs/{run['id']}/proposals", hostile, proposal)
    outcome = noond("run", "notes", "--dry-run")
    assert outcome.code == ExitCode.OK
    assert outcome.rows == [
        [
            "proposal", novelty, "tasks", "Send the contract", "2026-11-27", "a/standup.md", quote
        ]
        for novelty, quote in (
            ("new", "Ana will send the contract by Friday"),
            ("rejected", "\\x1b]0;pwned\\x07 buy me"),
        )
    ]  # fmt: skip
    assert "1 new, 0 known, 1 rejected before" in outcome.err
    assert f"noond run apply {run['id']}" in outcome.err
    (sent,) = previewed.sent("POST", f"/agents/{agent['id']}/runs")
    assert sent.body == {"mode": "dry_run"}
    document = noond("run", "start", "notes", "--dry-run", "--json").document
    assert [each["novelty"] for each in document["proposals"]] == ["rejected", "new"]


def test_nothing_new_is_not_offered_for_applying(
    noond: Noond, previewed: ScriptedDaemon, run: Document, proposal: Document
) -> None:
    previewed.on("GET", f"/runs/{run['id']}", (200, {**run, "mode": "dry_run"}))
    previewed.items(f"/runs/{run['id']}/proposals", {**proposal, "novelty": "known"})
    assert "apply" not in noond("run", "notes", "--dry-run").err


def test_an_estimate_is_no_dry_run(noond: Noond, previewed: ScriptedDaemon) -> None:
    assert noond("run", "notes", "--estimate", "--dry-run").code == ExitCode.USAGE


@pytest.mark.parametrize("applied_at", [None, "2026-11-20T09:00:00.000Z"])
def test_a_dry_run_is_shown_with_proposals_until_it_is_applied(
    applied_at: str | None,
    noond: Noond,
    previewed: ScriptedDaemon,
    run: Document,
    proposal: Document,
    record: Document,
) -> None:
    dry = {**run, "mode": "dry_run", "applied_at": applied_at}
    previewed.on("GET", f"/runs/{run['id']}", (200, dry))
    previewed.items(f"/runs/{run['id']}/proposals", proposal)
    brought = [{**record, "decision": "approved"}] if applied_at else []
    previewed.items(f"/runs/{run['id']}/records", *brought)
    outcome = noond("runs", run["id"][-8:])
    facts = {row[0]: row[1] for row in outcome.rows}
    assert facts["mode"] == "dry run"
    assert facts["proposals"] == "1 new, 0 known"
    assert facts["decisions"] == ("1 approved" if applied_at else "")
    assert ("proposal" in facts, "record" in facts) == (not applied_at, bool(applied_at))
    if applied_at:
        assert outcome.rows[-1][-1] == "approved"
    shown = noond("runs", run["id"], "--json").document
    assert (shown["proposals"], shown["records"]) == ([proposal], brought)


@pytest.mark.parametrize(("count", "said"), [(1, "1 record of"), (3, "3 records"), (0, "Nothing")])
def test_a_dry_run_is_applied(
    count: int, said: str, noond: Noond, previewed: ScriptedDaemon, run: Document
) -> None:
    reply = {"run_id": run["id"], "deliveries": count}
    previewed.on("POST", f"/runs/{run['id']}/apply", (202, reply))
    assert said in noond("run", "apply", "notes").out
    assert noond("run", "apply", run["id"], "--json").document == reply


@pytest.mark.parametrize(("failed", "code"), [(0, ExitCode.OK), (1, ExitCode.FAILED)])
def test_applying_is_waited_for(
    failed: int, code: ExitCode, noond: Noond, previewed: ScriptedDaemon, run: Document
) -> None:
    previewed.on("POST", f"/runs/{run['id']}/apply", (202, {"run_id": run["id"], "deliveries": 3}))
    states = [
        (200, {**run, "deliveries": {"pending": 3 - n, "delivered": n - failed, "failed": failed}})
        for n in (1, 1, 2, 3)
    ]
    previewed.on("GET", f"/runs/{run['id']}", *states)
    previewed.items("/devices", {"device_id": "laptop", "name": "Ana's laptop", "online": False})
    outcome = noond("run", "apply", "notes", "--wait")
    assert outcome.code == code
    assert outcome.out == f"3 records: {3 - failed} delivered, {failed} failed.\n"
    assert "Ana's laptop is away" in outcome.err
    assert ("noond run resend" in outcome.err) == bool(failed)


def test_what_cannot_be_applied_is_said_so(
    noond: Noond, previewed: ScriptedDaemon, run: Document
) -> None:
    problem = {"code": "conflict", "title": "Conflict", "detail": "only a dry run can be applied"}
    previewed.on("POST", f"/runs/{run['id']}/apply", (409, problem))
    outcome = noond("run", "apply", "notes")
    assert outcome.code == ExitCode.CONFLICT
    assert "only a dry run can be applied" in outcome.err


@pytest.mark.parametrize(
    ("deleting", "kept", "said"),
    [
        (9, 1, ["9 records of run", "1 record stays"]),
        (1, 2, ["1 record of run", "2 records stay"]),
        (0, 0, ["Nothing is left to delete"]),
    ],
)
def test_a_run_is_undone(
    deleting: int,
    kept: int,
    said: list[str],
    noond: Noond,
    previewed: ScriptedDaemon,
    run: Document,
) -> None:
    reply = {"run_id": run["id"], "deleting": deleting, "kept": kept}
    previewed.on("POST", f"/runs/{run['id']}/revert", (202, reply))
    outcome = noond("run", "revert", "notes")
    assert len(outcome.rows) == len(said)
    assert all(words in outcome.out for words in said)
    assert noond("run", "revert", "notes", "--json").document == reply


@pytest.mark.parametrize(
    ("refused", "failed", "code"),
    [(0, 0, ExitCode.OK), (2, 0, ExitCode.OK), (0, 1, ExitCode.FAILED)],
)
def test_undoing_is_waited_for_and_what_was_kept_is_listed(
    refused: int,
    failed: int,
    code: ExitCode,
    noond: Noond,
    previewed: ScriptedDaemon,
    run: Document,
    record: Document,
) -> None:
    begun = {"run_id": run["id"], "deleting": 3, "kept": 1}
    done = {"run_id": run["id"], "pending": 0, "deleted": 1, "kept": refused, "failed": failed}
    previewed.on("POST", f"/runs/{run['id']}/revert", (202, begun))
    previewed.on("GET", f"/runs/{run['id']}/revert", (200, {**done, "pending": 2}), (200, done))
    edited = {**record, "status": "delivered", "error": None, "decision": "edited"}
    refusal = {"retraction": "kept", "retraction_error": "it was edited"}
    others = [{**record, "status": "delivered", **refusal}] * refused
    previewed.items(
        f"/runs/{run['id']}/records", edited, {**edited, "decision": "rejected"}, *others
    )
    outcome = noond("run", "revert", "notes", "--wait")
    assert outcome.code == code
    assert ["deleted", "1"] in outcome.rows
    assert ["kept", str(1 + refused)] in outcome.rows
    listed = [row for row in outcome.rows if row[0] == "record"]
    assert len(listed) == 1 + refused
    assert listed[0][-1] == "edited"
    document = noond("run", "revert", "notes", "--wait", "--json").document
    assert (document["kept"], document["records"]) == (1 + refused, [edited, *others])


def test_what_was_undone_is_shown_as_deleted(
    noond: Noond, previewed: ScriptedDaemon, run: Document, record: Document
) -> None:
    path = f"/runs/{run['id']}"
    previewed.on("GET", path, (200, {**run, "reverted_at": "2026-11-20T09:00:00.000Z"}))
    undone = {"run_id": run["id"], "pending": 0, "deleted": 1, "kept": 0, "failed": 0}
    previewed.on("GET", f"{path}/revert", (200, undone))
    stays = {**record, "status": "delivered", "error": None}
    gone = {**stays, "retraction": "deleted"}
    previewed.items(f"{path}/records", gone, {**stays, "decision": "approved"})
    rows = noond("runs", "notes").rows
    assert ["undone", "1 deleted, 0 pending, 0 kept, 0 failed"] in rows
    assert [row[6] for row in rows if row[0] == "record"] == ["deleted", "delivered"]


def test_two_runs_are_compared_line_by_line(
    noond: Noond, previewed: ScriptedDaemon, run: Document, record: Document
) -> None:
    found = {key: record[key] for key in ("table", "data", "path", "quote")}
    later = {
        **found,
        "data": {"title": "Send the contract", "dueDate": 1795820400000, "assignee": '["Ana"]'},
    }
    diff = {
        "before": run["id"],
        "after": run["id"],
        "added": [{**found, "data": {"title": "Buy\x1b[2J string"}}],
        "changed": [{"before": found, "after": later}],
        "dropped": [found],
    }
    previewed.on("GET", f"/runs/{run['id']}/diff/{run['id']}", (200, diff))
    outcome = noond("run", "diff", run["id"], "notes")
    source = ["a/standup.md", "Ana will send the contract by Friday"]
    assert outcome.rows == [
        ["added", "tasks", "Buy\\x1b[2J string", "", *source],
        [
            "changed", "tasks", "Send the contract", "2026-11-28", *source,
            "dueDate: 2026-11-27 → 2026-11-28", "assignee: (none) → Ana",
        ],
        ["dropped", "tasks", "Send the contract", "2026-11-27", *source],
    ]  # fmt: skip
    assert outcome.err == "1 added, 1 changed, 1 dropped.\n"
    assert noond("run", "diff", run["id"], "notes", "--json").document == diff
