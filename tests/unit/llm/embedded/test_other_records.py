"""Timelines, notes, projects, comments, and what a document says about itself."""

from __future__ import annotations

from typing import Any

import pytest

from noond.models.document import DeviceContext, DeviceProject, DeviceTask, Table

CONTEXT = DeviceContext(
    projects=(DeviceProject(id="p1", name="Website"),),
    tasks=(DeviceTask(id="t1", title="Fix the header", project_id="p1"),),
)


@pytest.mark.parametrize(
    ("text", "title", "when"),
    [
        ("Milestone: Beta \u2013 12 March 2027", "Beta", "2027-03-12"),
        ("**Milestone 3:** Public beta, 1 Feb 2027", "Public beta", "2027-02-01"),
        ("Meilenstein: Livegang am 1. März 2027", "Livegang", "2027-03-01"),
        ("Jalon : Bêta \u2013 12 mars 2027", "Bêta", "2027-03-12"),
        ("Hito: Beta el 12 de marzo de 2027", "Beta", "2027-03-12"),
        ("Launch: 2027-05-01", "Launch", "2027-05-01"),
        ("- Public launch \u2013 1 May 2027", "Public launch", "2027-05-01"),
        ("Kick-off meeting on 1 December 2026", "Kick-off meeting", "2026-12-01"),
        ("Conference: none\nMilestone: Fair, 12\u201314 March 2027", "Fair", "2027-03-12"),
        ("## Milestones\n- 2027-05-01: Beta", "Beta", "2027-05-01"),
        ("## Zeitplan\n- Beta (1. Mai 2027)", "Beta", "2027-05-01"),
        ("## Milestones\n- [ ] Beta \u2013 1 May 2027", "Beta", "2027-05-01"),
    ],
)
def test_a_milestone(read: Any, text: str, title: str, when: str) -> None:
    (one,) = read(text)
    assert (one.table, one.title, one.when) == ("timelines", title, when)
    assert "projectId" not in one.data


@pytest.mark.parametrize(
    "text",
    [
        "Milestone: Beta",
        "Milestone: should we say 12 March 2027?",
        "The launch was on 12 March 2026 and went well.",
        "- Release 1.2 (2025-03-12)",
        "Release: 2019-03-12",
        "~~Launch: 2027-05-01~~",
        "## Roadmap\nLast year the beta slipped by three months. We learnt a lot.",
    ],
)
def test_what_is_no_milestone(read: Any, text: str) -> None:
    assert read(text) == []


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Decision: we use SQLite. It is simple.", "we use SQLite"),
        ("**Decision:** we use SQLite", "we use SQLite"),
        ("Note: the code is 1234.", "the code is 1234"),
        ("Beschluss: Wir nehmen A.", "Wir nehmen A"),
        ("Notiz: Der Code ist 1234", "Der Code ist 1234"),
        ("Décision : on garde A", "on garde A"),
        ("Nota: el código es 1234", "el código es 1234"),
        ("## Decision: Use SQLite\n\nIt is simple.", "Use SQLite"),
        ("## Decisions\n- Use SQLite", "Use SQLite"),
    ],
)
def test_a_note(read: Any, text: str, title: str) -> None:
    (note,) = read(text)
    assert (note.table, note.title) == ("notes", title)
    assert note.data["content"]


def test_a_manuals_note_is_none(read: Any) -> None:
    assert read("Note: pass `--force` to overwrite the file.") == []


def test_a_document_of_type_note(read: Any) -> None:
    (note,) = read('---\ntype: note\ntitle: "Boiler"\ntags: [home]\n---\n\nPress the red button.\n')
    assert (note.title, note.data["content"]) == ("Boiler", "Press the red button.")


def test_a_document_of_type_task(read: Any) -> None:
    fields = "type: task\nstatus: in progress\ndue: 2026-12-01\npriority: high\nassignee: Ana"
    text = f"---\n{fields}\n---\n# Write it\n"
    (task,) = read(text)
    assert (task.title, task.when, task.data["status"]) == ("Write it", "2026-12-01", "in_progress")
    assert (task.data["priority"], task.data["assignee"]) == ("high", '["Ana"]')


def test_a_project(read: Any) -> None:
    (project,) = read("Project: New shop\n")
    assert (project.table, project.data) == ("projects", {"name": "New shop"})
    assert read("Project: Website\n", context=CONTEXT) == []


@pytest.mark.parametrize(
    "text",
    [
        "---\nproject: website\n---\n- [ ] Send it\n",
        "---\nproject:\n  - '[[Website]]'\n---\n- [ ] Send it\n",
        "# Website\n## May\n- [ ] Send it\n",
        "# Project: Website\n- [ ] Send it\n",
        "- [ ] Send it +website\n",
        "- [ ] Send it [project:: Website]\n",
    ],
)
def test_the_known_project_of_a_task(read: Any, text: str) -> None:
    (task,) = read(text, context=CONTEXT)
    assert (task.title, task.data["projectId"]) == ("Send it", "p1")


def test_a_project_that_is_not_known_is_left_out(read: Any) -> None:
    (task,) = read("---\nproject: Garden\n---\n- [ ] Send it\n", context=CONTEXT)
    assert "projectId" not in task.data


@pytest.mark.parametrize(
    "line",
    [
        "Fix the header: waits for Ana",
        "- Fix the header \u2013 waits for Ana",
        "Re: Fix the header: waits for Ana",
        "Comment on “Fix the header”: waits for Ana",
    ],
)
def test_a_comment_on_a_known_task(read: Any, line: str) -> None:
    (comment,) = read(line, context=CONTEXT)
    assert comment.table == "taskComments"
    assert comment.data == {"taskId": "t1", "content": "waits for Ana"}


def test_no_comment_without_the_exact_title(read: Any) -> None:
    assert read("Fix the headers: waits for Ana", context=CONTEXT) == []
    assert read("Fix the header: waits for Ana") == []


def test_only_the_tables_asked_for(read: Any) -> None:
    text = "- [ ] Send it\nDecision: yes we do\nLaunch: 2027-05-01\n"
    assert [one.table for one in read(text, tables=frozenset({Table.NOTES}))] == ["notes"]
    assert read(text, tables=frozenset()) == []


def test_records_come_in_the_order_of_the_text(read: Any) -> None:
    text = "Launch: 2027-05-01\n\n- [ ] Send it\n\nDecision: we do it\n"
    assert [one.table for one in read(text)] == ["timelines", "tasks", "notes"]
