"""Chat exports."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize(
    "text",
    [
        "[02.11.26, 14:05:33] Ana: I'll send it by Friday\n[02.11.26, 14:06:00] Ben: ok\n",
        "02/11/2026, 14:05 - Ana: I'll send it by Friday\n13/11/2026, 14:06 - Ben: ok\n",
        "11/2/26, 2:05 PM - Ana: I'll send it by Friday\n11/13/26, 2:06 PM - Ben: ok\n",
        "Ana, [02.11.2026 14:05]\nI'll send it by Friday\n\nBen, [02.11.2026 14:06]\nok\n",
        "[02-Nov-26 02:05 PM] Ana\nI'll send it by Friday\n\n[02-Nov-26 02:06 PM] Ben\nok\n",
        "2026-11-02 14:05 <Ana> I'll send it by Friday\n2026-11-02 14:06 <Ben> ok\n",
        "[2026-11-02 14:05] Ana: I'll send it by Friday\n[2026-11-02 14:06] Ben: ok\n",
    ],
)
def test_who_said_it_and_when(read: Any, text: str) -> None:
    (task,) = read(text, "chat.txt")
    assert (task.title, task.when) == ("Send it", "2026-11-06")
    assert task.data["assignee"] == '["Ana"]'


def test_a_message_of_several_lines(read: Any) -> None:
    text = (
        "[02.11.26, 14:05:33] Ana: Next steps:\n- book a room\n- [ ] send it @ben\n"
        "[02.11.26, 14:06:00] Ben: > TODO: quoted\n"
    )
    assert [task.title for task in read(text, "chat.txt")] == ["book a room", "send it"]


def test_copied_out_of_the_window(read: Any) -> None:
    text = (
        "Ana Ruiz\n  10:14 AM\nBen will send it by Friday\n\nBen\n  10:16 AM\nok\n\n"
        "Ana Ruiz\n  10:17 AM\nTODO: book a room\n"
    )
    assert [task.title for task in read(text, "chat.txt")] == ["Send it", "book a room"]


def test_small_talk_gives_nothing(read: Any) -> None:
    text = (
        "[02.11.26, 14:05:33] Ana: will you come by Friday?\n"
        "[02.11.26, 14:06:00] Ben: I won't make it by Friday\n"
        "[02.11.26, 14:07:00] Ana: I sent it yesterday\n"
    )
    assert read(text, "chat.txt") == []
