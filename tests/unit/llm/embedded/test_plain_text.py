"""Plain text as people write it: lists without bullets, aligned columns, keys, arrows."""

from __future__ import annotations

from typing import Any

import pytest

ALIGNED = """\
Action               Lead        Deadline      Status
-------------------  ----------  ------------  -----------
Book porters         Kieran      27/11/2026    Not started
Risk assessment      Dilnoza     20/11/2026    Complete
Signage              Estates     -             Not started

The move is at the weekend.
"""


def test_a_table_made_with_spaces(read: Any) -> None:
    tasks = read(ALIGNED, "a.txt")
    assert [(task.title, task.data["assignee"], task.when) for task in tasks] == [
        ("Book porters", '["Kieran"]', "2026-11-27"),
        ("Risk assessment", '["Dilnoza"]', "2026-11-20"),
        ("Signage", '["Estates"]', None),
    ]
    assert [task.data["status"] for task in tasks] == ["todo", "done", "todo"]


def test_a_table_made_with_tabs(read: Any) -> None:
    text = "Was\tWer\tBis\nPrüfbuch nachtragen\tAysun\t27.11.\nTor schmieren\tKorbinian\t4.12.\n"
    assert [task.when for task in read(text, "a.txt")] == ["2026-11-27", "2026-12-04"]


@pytest.mark.parametrize(
    "header",
    [
        "Stop              Mon-Fri     Saturday    Sunday",
        "Name              Team        Date        Result",
        "Item              Price       Size        Stock",
    ],
)
def test_columns_that_are_no_list_of_tasks(read: Any, header: str) -> None:
    assert read(f"{header}\nMarket            7:10        27/11/2026  9:00\n", "a.txt") == []


def test_lines_below_a_heading_are_its_list(read: Any) -> None:
    text = (
        "## Zu erledigen\nReifen wechseln lassen\nBrille abholen - Di 24.11.\n\n"
        "## Filme\nPerfect Days\n"
    )
    assert [(task.title, task.when) for task in read(text)] == [
        ("Reifen wechseln lassen", None),
        ("Brille abholen", "2026-11-24"),
    ]


def test_a_paragraph_below_a_heading_is_no_list(read: Any) -> None:
    assert read("## Next steps\nThe committee met twice and\nagreed on nearly nothing.\n") == []


def test_numbers_without_dots_are_a_list_when_they_count(read: Any) -> None:
    text = "Follow-up:\n 1  Ms. Ocasio - visual schedule - by Friday\n 2  Mom to return the form\n"
    tasks = read(text, "a.txt")
    assert [(task.title, task.data["assignee"]) for task in tasks] == [
        ("visual schedule", '["Ms. Ocasio"]'),
        ("return the form", '["Mom"]'),
    ]
    assert read("Ingredients\n1  leg of lamb\n2  heads of garlic\n", "a.txt") == []


@pytest.mark.parametrize(
    ("line", "title", "people", "when"),
    [
        ("Owner: Ana · Task: van insurance · Due: Dec 4", "van insurance", '["Ana"]', "2026-12-04"),
        ("Task: playlist | Who: Yusuf | When: 20 November", "playlist", '["Yusuf"]', "2026-11-20"),
        ("Aufgabe: Strom; Wer: Basma; Bis: 24.11.", "Strom", '["Basma"]', "2026-11-24"),
        ("Owner: anyone · Task: break down boxes", "break down boxes", None, None),
    ],
)  # fmt: skip
def test_a_line_of_keys_and_values(
    read: Any, line: str, title: str, people: str | None, when: str | None
) -> None:
    (task,) = read(f"Notes\n\n{line}\n", "a.txt")
    assert (task.title, task.data.get("assignee"), task.when) == (title, people, when)


@pytest.mark.parametrize(
    "line",
    [
        "What: a waltz · When: 1974 · Who: unknown",
        "Quoi : bal · Quand : samedi · Où : place",
    ],
)
def test_keys_and_values_of_something_else(read: Any, line: str) -> None:
    assert read(f"Notes\n\n{line}\n", "a.txt") == []


def test_arrows_are_bullets(read: Any) -> None:
    text = "-> TODO: Tabs kaufen (leo)\n→ Kasse stimmt\n=> Action: call the bank\n"
    tasks = read(text, "a.txt")
    assert [task.title for task in tasks] == ["Tabs kaufen", "call the bank"]
    assert tasks[0].data["assignee"] == '["leo"]'


def test_an_arrow_with_a_person_and_a_deadline_assigns(read: Any) -> None:
    (task,) = read("-> Lena ruft bis 24.11. bei Nägele an\n", "a.txt")
    assert (task.data["assignee"], task.when) == ('["Lena"]', "2026-11-24")


@pytest.mark.parametrize(
    "line",
    [
        "-> Lena ist bis Freitag krank",
        "-> Lena arbeitet bis 24.11. in Kiel",
        "-> roast until Friday",
    ],
)
def test_an_arrow_before_a_state_assigns_nothing(read: Any, line: str) -> None:
    assert read(f"{line}\n", "a.txt") == []


def test_a_mention_with_a_deadline_assigns(read: Any) -> None:
    (task,) = read("* Telefon: Ansage neu besprechen **@Heike bis 24.11.**\n")
    assert (task.data["assignee"], task.when) == ('["Heike"]', "2026-11-24")


@pytest.mark.parametrize(
    ("line", "table", "title"),
    [
        ("TEJADO: Acuerdo: se acepta el presupuesto", "notes", "se acepta el presupuesto"),
        ("Ninots: ACCIÓN -> pintar la base", "tasks", "pintar la base"),
        ("Wasserhahn tropft. TODO Dichtung tauschen", "tasks", "Dichtung tauschen"),
        ("todo call vet re heifer", "tasks", "call vet re heifer"),
        ("TODO for you: move the boxes", "tasks", "move the boxes"),
        ("Abt. 17 -> Meilenstein: Pflanzung 24.11.2026", "timelines", "Pflanzung"),
    ],
)
def test_markers_behind_a_topic_or_a_sentence(read: Any, line: str, table: str, title: str) -> None:
    (found,) = read(f"{line}\n", "a.txt")
    assert (found.table, found.title) == (table, title)


@pytest.mark.parametrize(
    "line",
    ["Todo bien por aquí.", "todo el mundo contento", "It fails. TODO tests are executed too."],
)
def test_words_that_look_like_markers(read: Any, line: str) -> None:
    assert read(f"{line}\n", "a.txt") == []


def test_struck_and_crossed_entries_are_off(read: Any) -> None:
    text = (
        "## To do\n- ~~doves~~ too expensive\n- ✗ sparklers\n- [ ] ~~hedge~~ done already\n- ice\n"
    )
    assert [task.title for task in read(text)] == ["ice"]


def test_days_that_open_the_lines_of_a_calendar(read: Any) -> None:
    text = "Échéances :\n16/12 : dossier d'assurance\n17/12  marché\n"
    assert [found.when for found in read(text, "a.txt")] == ["2026-12-16", "2026-12-17"]
