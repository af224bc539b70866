from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.unit.cli.conftest import Noond, ScriptedDaemon

TASK = "0199c2d1-0000-7000-8000-0000000000aa"
PATH = f"/agents/tasks/{TASK}"


def task(**changes: Any) -> dict[str, Any]:
    return {
        "task_id": TASK,
        "agent_id": "assistant",
        "session_id": None,
        "message": "=how did\x1b[2J it go?",
        "state": "STARTED",
        "status": "processing",
        "progress": 40,
        "progress_message": "3 pieces",
        "content": "It went",
        "result": None,
        "result_expired": False,
        "error": None,
        "next_attempt_at": None,
        "attempt": 2,
        "batch_id": None,
        "calls": 1,
        "tokens_used": 120,
        "cost": None,
        "created_at": "2026-11-20T08:00:00.000Z",
        "started_at": "2026-11-20T08:00:01.000Z",
        "completed_at": None,
        **changes,
    }


@pytest.fixture
def tasks(daemon: ScriptedDaemon) -> ScriptedDaemon:
    daemon.items("/agents/tasks", task())
    daemon.on("GET", PATH, (200, task()))
    return daemon


def test_tasks_are_lines(noond: Noond, tasks: ScriptedDaemon) -> None:
    outcome = noond("tasks", "--status", "processing", "--limit", "5")
    assert outcome.rows == [
        [
            TASK,
            "assistant",
            "processing",
            "2026-11-20T08:00:00.000Z",
            "",
            "'=how did\\x1b[2J it go?",
        ]
    ]
    assert tasks.requests[0].query == {"status": ["running"], "limit": ["5"]}
    assert noond("tasks", "list", "--json").document == {"items": [task()]}


def test_a_task_is_shown_by_the_end_of_its_id(noond: Noond, tasks: ScriptedDaemon) -> None:
    facts = dict(noond("tasks", "show", TASK[-8:]).rows)
    assert facts["progress"] == "40 % 3 pieces"
    assert (facts["answer"], facts["cost"]) == ("It went", "price unknown")
    assert noond("tasks", "show", TASK, "--json").document == task()


def test_a_result_that_is_gone_is_said(noond: Noond, tasks: ScriptedDaemon) -> None:
    tasks.on("GET", PATH, (200, task(result_expired=True, content=None)))
    assert dict(noond("tasks", "show", TASK).rows)["answer"] == "not kept any more"


@pytest.mark.parametrize(
    ("outcome", "state", "said"),
    [
        ("already_final", "SUCCESS", "had already ended as completed"),
        ("requested", "REVOKED", "is cancelled"),
        ("requested", "STARTED", "is being cancelled"),
    ],
)
def test_a_task_is_cancelled(
    outcome: str, state: str, said: str, noond: Noond, tasks: ScriptedDaemon
) -> None:
    reply = {"task_id": TASK, "state": state, "status": "completed", "outcome": outcome}
    tasks.on("POST", f"{PATH}/cancel", (202, reply))
    assert said in noond("tasks", "cancel", TASK).out


def test_a_result_is_printed_as_the_file_it_is(noond: Noond, tasks: ScriptedDaemon) -> None:
    tasks.on("GET", f"{PATH}/result", (200, b'seq,event\r\n1,"a\nb"\r\n'))
    assert noond("tasks", "result", TASK, "--format", "csv").out == 'seq,event\r\n1,"a\nb"\r\n'
    step = {"seq": 1, "data": {"text": "a\u202eb\x7f"}}
    line = json.dumps(step, ensure_ascii=False).encode()
    tasks.on("GET", f"{PATH}/result", (200, line + b"\n"))
    printed = noond("tasks", "result", TASK, "--format", "jsonl").out
    assert (json.loads(printed), printed.isascii()) == (step, True)
    assert tasks.requests[-1].query == {"format": ["jsonl"]}
    tasks.on("GET", f"{PATH}/result", (200, step))
    assert noond("tasks", "result", TASK).document == step
    assert noond("tasks", "result", TASK, "--json", "--format", "csv").code == 2


def test_a_task_is_watched_event_by_event(noond: Noond, tasks: ScriptedDaemon) -> None:
    last = {"state": "REVOKED", "response": "", "metadata": None, "error": None}
    stream = f"id: {TASK}:1\nevent: run_finished\ndata: {json.dumps(last)}\n\n".encode()
    tasks.on("GET", f"{PATH}/events", (200, stream))
    outcome = noond("tasks", "watch", TASK)
    assert outcome.rows == [[f"{TASK}:1", "run_finished", json.dumps(last)]]
    assert outcome.code == 6
    assert noond("tasks", "watch", TASK, "--json").document == {
        "id": f"{TASK}:1", "event": "run_finished", "data": last,
    }  # fmt: skip
