"""Marker lines and lists below headings that promise tasks."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize(
    "line",
    [
        "TODO: send the contract",
        "TODO send the contract",
        "todo - send the contract",
        "**TODO:** send the contract",
        "- Action: send the contract",
        "Action item: send the contract",
        "ACTION ITEM #3: send the contract",
        "FIXME: send the contract",
        "# TODO: send the contract",
        "<!-- TODO: send the contract -->",
        "// FIXME: send the contract",
        "Aufgabe: send the contract",
        "À faire : send the contract",
        "Tarea: send the contract",
        "Pendiente: send the contract",
    ],
)
def test_a_marker_makes_a_task(read: Any, line: str) -> None:
    (task,) = read(line, "notes.txt")
    assert (task.table, task.title) == ("tasks", "send the contract")


@pytest.mark.parametrize(
    "line",
    [
        "TODO: is used to mark open work",
        "TODO means that somebody should look",
        "TODO comments are collected by the linter",
        "`TODO:` marks open work",
        "Write TODO: in front of it",
        "> TODO: send the contract",
        "TODO for the next release",
        "TODO: none",
        "Action items: keine",
        "TODO: should we send it?",
        "The action: send the contract",
    ],
)
def test_speaking_about_a_marker_makes_none(read: Any, line: str) -> None:
    assert read(line) == []


def test_who_a_marker_names(read: Any) -> None:
    (task,) = read("TODO(ana): send it\n")
    assert task.data["assignee"] == '["ana"]'
    (task,) = read("Action (Ben, by Friday): send it\n")
    assert (task.data["assignee"], task.when) == ('["Ben"]', "2026-11-20")


def test_a_marker_after_a_sentence(read: Any) -> None:
    (task,) = read("We talked about rent. TODO: call the landlord by Friday")
    assert (task.title, task.when) == ("call the landlord", "2026-11-20")
    assert task.quote == "TODO: call the landlord by Friday"


def test_fields_on_the_lines_below(read: Any) -> None:
    (task,) = read("Action: send it\nOwner: Ana\nDue: 2026-12-01\nPriority: high\n", "a.txt")
    assert task.title == "send it"
    assert (task.data["assignee"], task.when, task.data["priority"]) == (
        '["Ana"]', "2026-12-01", "high",
    )  # fmt: skip


def test_only_a_real_value_is_a_field(read: Any) -> None:
    (task,) = read("Action: call the bank\nStatus: 5.7.1\n", "a.txt")
    assert (task.title, "status" in task.data) == ("call the bank", False)


@pytest.mark.parametrize(
    "line",
    ["Action Ana: send it", "TODO Ana: send it", "[TODO] Ana: send it", "- **TODO** Ana: send it"],
)
def test_someone_between_marker_and_colon(read: Any, line: str) -> None:
    (task,) = read(line)
    assert (task.title, task.data["assignee"]) == ("send it", '["Ana"]')


def test_several_after_a_plural_marker(read: Any) -> None:
    tasks = read("Action items: Ana sends the invoice; Ben books the flights")
    assert [task.data["assignee"] for task in tasks] == ['["Ana"]', '["Ben"]']


@pytest.mark.parametrize(
    "heading",
    [
        "## Next steps",
        "### 3. Action items:",
        "**Next steps**",
        "Next steps:",
        "NEXT STEPS",
        "## Nächste Schritte",
        "Offene Punkte:",
        "## À faire",
        "Prochaines étapes :",
        "## Pendientes",
        "Próximos pasos:",
        "## ✅ To-dos for this week",
    ],
)
def test_the_items_below_a_heading(read: Any, heading: str) -> None:
    tasks = read(f"{heading}\n\n- Send the contract by Friday\n- Book a room\n\nThat was all.\n")
    assert [task.title for task in tasks] == ["Send the contract", "Book a room"]
    assert [task.when for task in tasks] == ["2026-11-20", None]


def test_lines_directly_below_a_label(read: Any) -> None:
    tasks = read("Zu erledigen:\nMilch kaufen\nBrot holen\n\nSonst nichts.\n", "a.txt")
    assert [task.title for task in tasks] == ["Milch kaufen", "Brot holen"]


def test_prose_below_a_label_is_no_list(read: Any) -> None:
    text = "Next steps:\nWe will meet again in May. The minutes are attached.\nPay the rent\n"
    assert [task.title for task in read(text, "a.txt")] == ["Pay the rent"]


def test_a_label_in_bold_between_other_lines(read: Any) -> None:
    text = "**Note:** mind the cake\n**Action items:**\n1. Pay the rent\n2. Book a room\n"
    assert [one.title for one in read(text)] == ["mind the cake", "Pay the rent", "Book a room"]


def test_a_numbered_agenda_point_can_be_such_a_heading(read: Any) -> None:
    text = "1. Money\n   - all fine\n2. Next steps:\n   - Send it\n3. Other\n   - nothing new\n"
    assert [task.title for task in read(text, "a.txt")] == ["Send it"]


def test_a_list_by_person(read: Any) -> None:
    tasks = read("## Actions\n- Ana\n  - send it\n- Ben:\n  - book it\n")
    assert [(t.title, t.data["assignee"]) for t in tasks] == [
        ("send it", '["Ana"]'), ("book it", '["Ben"]'),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "item",
    [
        "None",
        "keine weiteren",
        "Should we hire?",
        "~~Send it~~",
        "Send it (cancelled)",
        "Maybe look at it",
        "If time permits, paint the door",
        "Ben will not come",
        "`make build`",
        "<name>",
    ],
)
def test_items_that_are_no_tasks(read: Any, item: str) -> None:
    assert read(f"## Next steps\n- {item}\n") == []


def test_a_list_ends_at_the_next_heading(read: Any) -> None:
    assert [t.title for t in read("## Tasks\n- Send it\n\n## Present\n- Ana\n- Ben\n")] == [
        "Send it"
    ]


def test_code_is_read_for_its_comments_alone(read: Any) -> None:
    text = "# TODO(ana): close the file\nx = '- [ ] no'\n# Next steps\n# - neither\n"
    (task,) = read(text, "a.py")
    assert (task.title, task.data["assignee"]) == ("close the file", '["ana"]')


@pytest.mark.parametrize(
    ("text", "title", "quote"),
    [
        (
            "(Action: treasurer — chase late payers.)",
            "chase late payers",
            "(Action: treasurer — chase late payers.",
        ),
        ("[ACTION: Bob to pay (by card)] Fine.", "pay (by card)", "[ACTION: Bob to pay (by card)"),
        ("We met. (Action: Bob to pay.) It rained.", "pay", "Action: Bob to pay."),
    ],
)
def test_a_marker_in_brackets_ends_with_them(read: Any, text: str, title: str, quote: str) -> None:
    (task,) = read(text, "a.txt")
    assert (task.title, task.quote) == (title, quote)


def test_what_stands_behind_the_bracket_is_read(read: Any) -> None:
    text = "(Action: Bob to pay.) (Action: Ana to ask the vicar.) Ben will call Ana by Friday."
    assert [t.title for t in read(text, "a.txt")] == ["pay", "ask the vicar", "Call Ana"]


def test_a_stranger_between_marker_and_colon(read: Any) -> None:
    (task,) = read("TODO Perpetua: new padlock\n", "a.txt")
    assert (task.title, task.data["assignee"]) == ("new padlock", '["Perpetua"]')
