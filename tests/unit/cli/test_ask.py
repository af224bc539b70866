from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from noond.cli import task_stream
from noond.cli.exits import ExitCode

if TYPE_CHECKING:
    from tests.unit.cli.conftest import Noond, ScriptedDaemon

TASK = "0199c2d1-0000-7000-8000-0000000000aa"
PATH = "/agents/assistant/stream"
METADATA = {
    "agent_id": "assistant",
    "model": "small",
    "tokens_used": 120,
    "cost": 0.000184,
    "finish_reason": "stop",
    "success": True,
}


def event(seq: int, name: str, **data: Any) -> bytes:
    lines = f"id: {TASK}:{seq}\r\nevent: {name}\r\ndata: {json.dumps(data)}\r\n\r\n"
    return lines.encode()


def started(seq: int, content: str = "") -> bytes:
    return event(seq, "run_started", task_id=TASK, attempt=1, content=content)


def delta(seq: int, text: str) -> bytes:
    return event(seq, "message_delta", delta=text)


def finished(seq: int, response: str | None, **changes: Any) -> bytes:
    last = {
        "task_id": TASK,
        "state": "SUCCESS",
        "response": response,
        "metadata": METADATA,
        "error": None,
        **changes,
    }
    return event(seq, "run_finished", **last)


@pytest.fixture
def agent_daemon(daemon: ScriptedDaemon, monkeypatch: pytest.MonkeyPatch) -> ScriptedDaemon:
    monkeypatch.setattr(task_stream, "_FIRST_PAUSE_SECONDS", 0.01)
    daemon.task_id = TASK
    return daemon


def test_the_answer_alone_goes_into_a_pipe(noond: Noond, agent_daemon: ScriptedDaemon) -> None:
    answer = "Two \x1b[2Jrecords\r\nand a note"
    agent_daemon.on("POST", PATH, (200, started(1) + delta(2, "Two") + finished(3, answer)))
    outcome = noond("ask", "What", "is", "new?")
    assert (outcome.code, outcome.out) == (0, "Two \\x1b[2Jrecords\nand a note\n")
    assert outcome.err == "small, 120 tokens, 0.000184 USD\n"
    (request,) = agent_daemon.requests
    assert request.body == {"message": "What is new?"}


def test_the_question_may_come_from_stdin(
    noond: Noond, agent_daemon: ScriptedDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent_daemon.on("POST", "/agents/other/stream", (200, started(1) + finished(2, "Yes")))
    monkeypatch.setattr("sys.stdin", io.StringIO("a\nb\n"))
    document = noond("ask", "--agent", "other", "--json").document
    assert document == {"response": "Yes", "metadata": {"task_id": TASK, **METADATA}}
    assert agent_daemon.requests[0].body == {"message": "a\nb\n"}


@pytest.mark.parametrize("typed", ["", " \n"])
def test_an_empty_question_is_not_asked(
    typed: str, noond: Noond, daemon: ScriptedDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    assert noond("ask").code == ExitCode.USAGE
    assert daemon.requests == []


def test_a_conversation_is_gone_on_with_by_its_agent(
    noond: Noond, agent_daemon: ScriptedDaemon
) -> None:
    agent_daemon.items("/conversations", {"id": TASK})
    agent_daemon.on("GET", f"/conversations/{TASK}", (200, {"agent_id": "other"}))
    agent_daemon.on("POST", "/agents/other/stream", (200, started(1) + finished(2, "Yes")))
    assert noond("ask", "--conversation", TASK[-8:], "And?").out == "Yes\n"
    assert agent_daemon.requests[-1].body == {"message": "And?", "session_id": TASK}


def test_a_stream_that_breaks_goes_on_after_its_last_event(
    noond: Noond, agent_daemon: ScriptedDaemon
) -> None:
    agent_daemon.on(
        "POST",
        PATH,
        (200, b""),
        (200, started(1) + delta(2, "One ")),
        (503, {"code": "unavailable", "title": "Starting"}),
        (200, delta(3, "two") + finished(4, "One two")),
    )
    assert noond("ask", "x").out == "One two\n"
    sent = [request.headers for request in agent_daemon.sent("POST", PATH)]
    assert [each.get("Last-Event-ID") for each in sent] == [None, None, f"{TASK}:2", f"{TASK}:2"]
    assert len({each["Idempotency-Key"] for each in sent}) == 1


def test_a_daemon_that_stays_away_is_given_up(
    noond: Noond, agent_daemon: ScriptedDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task_stream, "_PATIENCE_SECONDS", 0.02)
    agent_daemon.on("POST", PATH, (200, started(1)), (200, b""))
    outcome = noond("ask", "x")
    assert outcome.code == ExitCode.UNREACHABLE
    assert f"`noond tasks show {TASK}`" in outcome.err


@pytest.mark.parametrize(
    ("changes", "code", "said"),
    [
        ({"metadata": {**METADATA, "success": False}}, 1, "could not do that"),
        (
            {"metadata": {**METADATA, "success": False, "finish_reason": "timeout"}},
            1,
            "ran out of time",
        ),
        ({"state": "REVOKED", "metadata": None}, 6, "was cancelled"),
        (
            {"state": "FAILURE", "metadata": None, "error": {"code": "budget", "message": "no"}},
            7,
            "noond: No.",
        ),
        (
            {
                "state": "FAILURE",
                "metadata": None,
                "error": {"code": "model_error", "message": "it is away"},
            },
            1,
            "noond: It is away.",
        ),
    ],
)
def test_an_answer_that_is_none_fails(
    changes: dict[str, Any], code: int, said: str, noond: Noond, agent_daemon: ScriptedDaemon
) -> None:
    agent_daemon.on("POST", PATH, (200, started(1) + finished(2, "So far", **changes)))
    outcome = noond("ask", "x")
    assert outcome.code == code
    assert said in outcome.err
    assert outcome.out == ("So far\n" if changes["metadata"] else "")


def test_a_key_that_is_none_is_not_shown(
    noond: Noond, daemon: ScriptedDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOOND_API_KEY", "secret\nkey")
    outcome = noond("ask", "x")
    assert outcome.code == ExitCode.UNREACHABLE
    assert "secret" not in outcome.err


def test_a_refusal_is_not_asked_again(noond: Noond, agent_daemon: ScriptedDaemon) -> None:
    agent_daemon.on("POST", PATH, (429, {"code": "rate_limited", "title": "Too many requests"}))
    assert noond("ask", "x").code == ExitCode.LATER
    assert len(agent_daemon.requests) == 1


def test_ctrl_c_cancels_the_task(
    noond: Noond, agent_daemon: ScriptedDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pressed(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("noond.cli.task_stream.time.sleep", pressed)
    agent_daemon.on("POST", PATH, (200, started(1)))
    agent_daemon.on("POST", f"/agents/tasks/{TASK}/cancel", (202, {}))
    assert noond("ask", "x").code == ExitCode.INTERRUPTED
    assert len(agent_daemon.sent("POST", f"/agents/tasks/{TASK}/cancel")) == 1


def test_a_conversation_needs_a_terminal(noond: Noond, daemon: ScriptedDaemon) -> None:
    outcome = noond("chat")
    assert outcome.code == ExitCode.USAGE
    assert "noond ask" in outcome.err
    assert daemon.requests == []
