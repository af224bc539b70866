"""Org files."""

from __future__ import annotations

from typing import Any

from noond.models.document import DeviceContext, DeviceProject

PLANNED = """* Work
** TODO [#A] Send contract [1/2] :office:
   DEADLINE: <2026-12-01 Tue 14:00> SCHEDULED: <2026-11-25 Wed>
   :PROPERTIES:
   :ASSIGNEE: Ana
   :END:
"""


def test_a_headline_with_its_planning_and_properties(read: Any) -> None:
    (task,) = read(PLANNED, "a.org")
    assert (task.title, task.when) == ("Send contract", "2026-12-01 14:00")
    assert task.data["priority"] == "high"
    assert task.data["assignee"] == '["Ana"]'
    assert "DEADLINE: <2026-12-01 Tue 14:00>" in task.quote


def test_keywords_and_states(read: Any) -> None:
    text = "* TODO One\n* DONE Two\n  CLOSED: [2026-11-01 Sun]\n* CANCELLED Three\n* Four\n"
    assert [(t.title, t.data["status"]) for t in read(text, "a.org")] == [
        ("One", "todo"), ("Two", "done"),
    ]  # fmt: skip


def test_the_files_own_keywords(read: Any) -> None:
    text = "#+TODO: OPEN ASK(a) | SHUT CANX\n* OPEN One\n* ASK Two\n* SHUT Three\n* CANX Four\n"
    assert [(t.title, t.data["status"]) for t in read(text, "a.org")] == [
        ("One", "todo"), ("Two", "todo"), ("Three", "done"),
    ]  # fmt: skip


def test_scheduled_stands_in_for_a_deadline(read: Any) -> None:
    (task,) = read("* TODO One\nSCHEDULED: <2026-11-25 Wed>\n", "a.org")
    assert task.when == "2026-11-25"


def test_lists_and_sections_below_headlines(read: Any) -> None:
    text = (
        "* Plan\n- [ ] one\n- [X] two\n- [-] three\n* Next steps\n- Call [[http://x.y][the bank]]\n"
    )
    assert [(t.title, t.data.get("status")) for t in read(text, "a.org")] == [
        ("one", "todo"), ("two", "done"), ("three", "in_progress"), ("Call the bank", None),
    ]  # fmt: skip


def test_blocks_comments_and_archived_headlines_say_nothing(read: Any) -> None:
    text = (
        "#+begin_src org\n* TODO One\n#+end_src\n#+BEGIN_QUOTE\nTODO: two\n#+END_QUOTE\n"
        "# TODO: three\n: TODO: four\n* TODO Five :ARCHIVE:\n"
    )
    assert read(text, "a.org") == []


def test_the_project_a_headline_is_in(read: Any) -> None:
    context = DeviceContext(projects=(DeviceProject(id="p1", name="Website"),))
    (task,) = read("* Website\n** Design\n*** TODO One\n", "a.org", context=context)
    assert task.data["projectId"] == "p1"
