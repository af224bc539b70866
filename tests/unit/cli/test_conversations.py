from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.unit.cli.conftest import Noond, ScriptedDaemon

ID = "0199c2d1-0000-7000-8000-0000000000cc"
CONVERSATION = {
    "id": ID,
    "agent_id": "assistant",
    "title": "Garden",
    "keep_hours": 24,
    "message_count": 2,
    "tokens_used": 120,
    "cost_usd": 0.001,
    "summary": None,
    "created_at": "2026-11-20T08:00:00.000Z",
    "last_message_at": "2026-11-20T08:01:00.000Z",
    "expires_at": "2026-11-21T08:01:00.000Z",
}


def message(role: str, content: str) -> dict[str, Any]:
    return {"role": role, "content": content, "created_at": "2026-11-20T08:01:00.000Z"}


@pytest.fixture
def talked(daemon: ScriptedDaemon) -> ScriptedDaemon:
    daemon.items("/conversations", CONVERSATION)
    daemon.on("GET", f"/conversations/{ID}", (200, CONVERSATION))
    said = (message("assistant", "Two\x1b[2J\nrecords"), message("user", "What is new?"))
    daemon.items(f"/conversations/{ID}/messages", *said)
    return daemon


def test_conversations_are_lines(noond: Noond, talked: ScriptedDaemon) -> None:
    assert noond("conversations").rows == [
        [ID, "assistant", "2", "2026-11-20T08:01:00.000Z", "120", "Garden"]
    ]
    assert noond("conversations", "--json").document == {"items": [CONVERSATION]}


def test_what_was_said_is_shown_in_its_order(noond: Noond, talked: ScriptedDaemon) -> None:
    rows = noond("conversations", "show", ID[-8:]).rows
    assert [row[2:] for row in rows if row[0] == "message"] == [
        ["you", "What is new?"],
        ["assistant", "Two\\x1b[2J records"],
    ]
    shown = noond("conversations", "show", ID, "--json").document
    assert [each["role"] for each in shown["messages"]] == ["user", "assistant"]


def test_one_is_forgotten(noond: Noond, talked: ScriptedDaemon) -> None:
    talked.on("DELETE", f"/conversations/{ID}", (204, None))
    assert noond("conversations", "forget", ID, "--json").document == {"id": ID, "forgotten": True}
    assert noond("conversations", "forget", "ffffff").code == 4
