"""todo.txt and Logseq: a keyword or a sign, and the rest of the line."""

from __future__ import annotations

from typing import Any

import pytest

from noond.models.document import DeviceContext, DeviceProject


def test_a_line_of_todotxt(read: Any) -> None:
    (task,) = read("(A) 2026-11-01 Call mom @phone +Family due:2026-12-01\n", "todo.txt")
    assert (task.title, task.when, task.data["priority"]) == ("Call mom", "2026-12-01", "high")
    assert "assignee" not in task.data


def test_done_lines_of_todotxt(read: Any) -> None:
    (task,) = read("x 2026-11-02 2026-11-01 Buy milk pri:B\n", "done.txt")
    assert (task.title, task.data["status"], task.data["priority"]) == (
        "Buy milk",
        "done",
        "medium",
    )


def test_ticking_a_line_keeps_its_quote(read: Any) -> None:
    (before,) = read("(A) Buy milk\n", "todo.txt")
    (after,) = read("x 2026-11-02 Buy milk\n", "todo.txt")
    assert before.quote == after.quote == "Buy milk"


def test_a_known_project(read: Any) -> None:
    context = DeviceContext(projects=(DeviceProject(id="p1", name="Web Site"),))
    tasks = read("Fix it +WebSite\nSend it +web-site\n", "todo.txt", context=context)
    assert [task.data.get("projectId") for task in tasks] == ["p1", "p1"]


def test_it_is_known_by_its_lines_too(read: Any) -> None:
    text = "(A) Call mom +Family\n(B) Buy milk due:2026-12-01\nx 2026-11-02 Pay rent\n"
    assert len(read(text, "list.txt")) == 3


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-02 10:00:01 INFO worker started\n2026-11-02 10:00:02 WARN task=1 is due\n",
        "It rained.\nWe stayed at home.\n",
    ],
)
def test_other_text_files_are_none(read: Any, text: str) -> None:
    assert read(text, "log.txt") == []


def test_logseq(read: Any) -> None:
    text = (
        "- TODO [#A] Pay the bill\n  DEADLINE: <2026-12-01 Tue>\n- DOING Read\n- LATER Write\n"
        "- DONE Sleep\n- CANCELED Run\n- talked about TODO lists\n"
    )
    tasks = read(text)
    assert [(t.title, t.data["status"]) for t in tasks] == [
        ("Pay the bill", "todo"), ("Read", "in_progress"), ("Write", "todo"), ("Sleep", "done"),
    ]  # fmt: skip
    assert (tasks[0].when, tasks[0].data["priority"]) == ("2026-12-01", "high")
