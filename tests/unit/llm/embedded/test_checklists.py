"""Checkboxes and what people write beside them."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize(
    ("box", "status"),
    [("[ ]", "todo"), ("[x]", "done"), ("[X]", "done"), ("[/]", "in_progress"), ("[]", "todo")],
)
def test_the_box_tells_the_status(read: Any, box: str, status: str) -> None:
    (task,) = read(f"- {box} Send the contract")
    assert (task.title, task.data["status"]) == ("Send the contract", status)


@pytest.mark.parametrize(
    "text",
    [
        "- [-] Send the contract",
        "- [ ] ~~Send the contract~~",
        "- [ ] Send the contract (cancelled)",
        "- [ ] Vertrag schicken (abgesagt)",
        "- [ ] Send the contract ❌ 2026-11-01",
        "- [ ]",
        "- [ ] ...",
        "> - [ ] Send the contract",
        "```\n- [ ] Send the contract\n```",
        "Write `- [ ] Send the contract` for a task.",
        "## Example\n- [ ] Send the contract",
        "- [link](http://example.org) to read",
    ],
)
def test_what_is_off_empty_quoted_or_shown_is_no_task(read: Any, text: str) -> None:
    assert read(text) == []


@pytest.mark.parametrize(
    ("text", "title", "when"),
    [
        ("Send it due:2026-12-01", "Send it", "2026-12-01"),
        ("Send it (due Friday)", "Send it", "2026-11-20"),
        ("Send it due 2026-12-01", "Send it", "2026-12-01"),
        ("Send it by 3 December at 14:00", "Send it", "2026-12-03 14:00"),
        ("Send it [due:: 2026-12-01]", "Send it", "2026-12-01"),
        ("Send it 📅 2026-12-01", "Send it", "2026-12-01"),
        ("Send it ⏳ 2026-12-01", "Send it", "2026-12-01"),
        ("Send it ⏳ 2026-11-30 📅 2026-12-01", "Send it", "2026-12-01"),
        ("Send it 🔁 every week 📅 2026-12-01", "Send it", "2026-12-01"),
        ("Send it @due(2026-12-01)", "Send it", "2026-12-01"),
        ("Send it @{2026-12-01}", "Send it", "2026-12-01"),
        ("Send it tomorrow", "Send it", "2026-11-19"),
        ("Am Freitag Ana anrufen", "Ana anrufen", "2026-11-20"),
        ("Vertrag bis Freitag schicken", "Vertrag schicken", "2026-11-20"),
        ("Envoyer le devis d'ici vendredi", "Envoyer le devis", "2026-11-20"),
        ("Enviar la factura antes del 1 de diciembre", "Enviar la factura", "2026-12-01"),
        ("Prepare the 2026-12-01 report", "Prepare the 2026-12-01 report", None),
        ("Read the minutes of 12 March 2026", "Read the minutes of 12 March 2026", None),
        ("Answer Ana's mail from Friday", "Answer Ana's mail from Friday", None),
    ],
)
def test_the_due_day(read: Any, text: str, title: str, when: str | None) -> None:
    (task,) = read(f"- [ ] {text}")
    assert (task.title, task.when) == (title, when)


@pytest.mark.parametrize(
    ("text", "people", "title"),
    [
        ("Send it @ana", '["ana"]', "Send it"),
        ("@ana send it", '["ana"]', "send it"),
        ("Ask @ben about the rent", '["ben"]', "Ask ben about the rent"),
        ("Send it @ana @ben", '["ana", "ben"]', "Send it"),
        ("Send it [[@Ana Lopez]]", '["Ana Lopez"]', "Send it"),
        ("Send it (Ana)", '["Ana"]', "Send it"),
        ("Ana: send it", '["Ana"]', "send it"),
        ("**Ana & Ben** \u2013 send it", '["Ana", "Ben"]', "send it"),
        ("Ana to send it", '["Ana"]', "send it"),
        ("Send it \u2013 Ana", '["Ana"]', "Send it"),
        ("Send it [owner:: Ana]", '["Ana"]', "Send it"),
        ("Website: fix the header", None, "Website: fix the header"),
        ("Mail a@example.org", None, "Mail a@example.org"),
    ],
)
def test_who(read: Any, text: str, people: str | None, title: str) -> None:
    (task,) = read(f"- [ ] {text}")
    assert (task.data.get("assignee"), task.title) == (people, title)


@pytest.mark.parametrize(
    ("mark", "level"),
    [
        ("!high", "high"),
        ("!hoch", "high"),
        ("!low", "low"),
        ("⏫", "high"),
        ("🔼", "medium"),
        ("🔽", "low"),
        ("[#A]", "high"),
        ("p1", "high"),
        ("(urgent)", "high"),
        ("[priority:: low]", "low"),
        ("priority: medium", "medium"),
    ],
)
def test_the_priority(read: Any, mark: str, level: str) -> None:
    (task,) = read(f"- [ ] Send it {mark}")
    assert (task.title, task.data["priority"]) == ("Send it", level)


def test_the_title_loses_markdown_and_tags(read: Any) -> None:
    (task,) = read("- [ ] Draft **the** [[Agenda|agenda]] for [Ben](http://x.org) #work ^a1b2")
    assert task.title == "Draft the agenda for Ben"


def test_the_quote_stays_when_the_box_is_ticked(read: Any) -> None:
    (before,), (after,) = read("- [ ] Send it"), read("- [x] Send it")
    assert before.quote == after.quote


def test_details_below_a_task_are_not_tasks_but_may_give_its_fields(read: Any) -> None:
    (task,) = read("- [ ] Send it\n  - ask Ana first\n")
    assert task.title == "Send it"
    (task,) = read("- [ ] Send it\n  - due: 2026-12-01\n  - owner: Ana\n")
    assert (task.when, task.data["assignee"]) == ("2026-12-01", '["Ana"]')


def test_nested_checkboxes_are_tasks_of_their_own(read: Any) -> None:
    assert [t.title for t in read("- [ ] Parent\n  - [ ] Child\n")] == ["Parent", "Child"]


def test_a_wrapped_line_is_read_to_its_end(read: Any) -> None:
    (task,) = read(
        "- [ ] Send the signed contract to the supplier in Hamburg and\n  to their lawyer by "
        "Friday\n"
    )
    assert task.title.endswith("to their lawyer")
    assert task.when == "2026-11-20"


def test_a_board_column_tells_that_work_has_begun(read: Any) -> None:
    tasks = read("## In Progress\n- [ ] Build it\n\n## Backlog\n- [ ] Ship it\n")
    assert [task.data["status"] for task in tasks] == ["in_progress", "todo"]


def test_a_line_of_underscores_hides_nothing(read: Any) -> None:
    assert [task.title for task in read(f"# A\n{'_' * 30}\n- [ ] Send it\n", "a.txt")] == [
        "Send it"
    ]


def test_what_was_forwarded_is_not_read(read: Any) -> None:
    text = "- [ ] Send it\n\n-----Original Message-----\nFrom: Ben\n\n- [ ] Old\n"
    assert [task.title for task in read(text, "a.txt")] == ["Send it"]
