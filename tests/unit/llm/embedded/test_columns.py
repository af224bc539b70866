"""What a table's columns are, by the words of their headers and by the values below them."""

from __future__ import annotations

from typing import Any

import pytest

from noond.llm.embedded.cells import read_owners, state_of
from noond.llm.embedded.headers import plain_header, roles_of


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("**Due_by:**", "due by"),
        ("dueDate", "due date"),
        ("Fälligkeitsdatum", "fälligkeits datum"),
        ("Wer macht\u2019s?", "wer macht s"),
        ("✓", ""),
    ],
)
def test_a_header_is_taken_apart(cell: str, words: str) -> None:
    assert plain_header(cell) == words


@pytest.mark.parametrize(
    ("cell", "role"),
    [
        ("Vorgangsname", "title"),
        ("Nom de la tâche", "task"),
        ("Qué hay que hacer", "task"),
        ("Was ist zu tun?", "task"),
        ("Task owner", "owner"),
        ("Who's doing it", "owner"),
        ("Par qui", "owner"),
        ("Resp.", "owner"),
        ("Needed by", "due"),
        ("Zu erledigen bis", "due"),
        ("Date butoir", None),
        ("Fecha tope", "due"),
        ("Réalisé le", "completed"),
        ("Date Created", "other"),
        ("Parent task", "other"),
        ("Anfangstermin", "other"),
        ("Kunde", "thing"),
        ("✔", "status"),
        ("Fancy", None),
    ],
)
def test_what_a_header_is_by_its_words(cell: str, role: str | None) -> None:
    assert next(iter(roles_of(cell)), None) == role


def test_the_values_decide_between_a_day_and_a_person(read: Any) -> None:
    table = "| Item | Action by | Complete by |\n|---|---|---|\n| Mend the bin | Clerk | 30/11 |\n"
    (task,) = read(table)
    assert (task.data["assignee"], task.when) == ('["Clerk"]', "2026-11-30")


def test_a_nameless_column_of_days_is_due_in_a_list_of_tasks(read: Any) -> None:
    (task,) = read("| Tâche | Date butoir |\n|---|---|\n| Envoyer le devis | 01/12/2026 |\n")
    assert task.when == "2026-12-01"


def test_a_nameless_column_of_words_for_states_is_the_state(read: Any) -> None:
    table = "| Task | Who | So far |\n|---|---|---|\n| Mend it | Ana | in progress |\n"
    assert [task.data["status"] for task in read(table)] == ["in_progress"]


def test_a_missing_title_is_the_column_with_most_words(read: Any) -> None:
    header = "| No | Matter | Responsible | Deadline |\n|--|--|--|--|\n"
    table = f"{header}| 4 | Mend the bin | Ana | 1 Dec |\n"
    assert [task.title for task in read(table)] == ["Mend the bin"]


@pytest.mark.parametrize(
    "text",
    [
        "Name,Vorname,Fällig,Status\nOtt,Eva,2026-12-01,offen\n",
        "Item,Customer,Due date,Status\nOak door,Acme,2026-12-01,Open\n",
        "Date,Task,Person\n2026-11-02,Wiring plan,Ana\n2026-11-03,Site visit,Ana\n",
        "When,What,Who,Where\nSat 10:00,Doors open,Ana,hall\n",
        "Wann,Was,Wer\n9:00,Kaffee trinken,Ana\n",
        "Day,What,Who\nMon,fruit and crackers,Ana\n",
        "Task,Frequency,Status\nbackup the disk,daily,ok\n",
        "Person,Office,Until\nAna,Chair of the club,2027-12-31\n",
        "Component,Owner,Status\nparser,Ana,done\n",
        "Book,Read on,Who\nThe long river,2026-12-01,Ana\n",
    ],
)
def test_lists_of_other_things_say_nothing(read: Any, text: str) -> None:
    assert read(text, "a.csv") == []


@pytest.mark.parametrize(
    ("cell", "state"),
    [
        ("", None), ("—", None), ("?", None), ("☐", "todo"), ("✅", "done"), ("ja", "done"),
        ("nein", "todo"), ("40 %", "in_progress"), ("100%", "done"), ("0%", "todo"),
        ("✅ Done", "done"), ("not done yet", "todo"), ("pas encore fait", "todo"),
        ("almost finished", "in_progress"), ("en marcha", "in_progress"), ("läuft", "in_progress"),
        ("wird nicht erledigt", "cancelled"), ("entfällt", "cancelled"),
        ("no procede", "cancelled"),
        ("zurückgestellt", "cancelled"), ("n/a", "cancelled"), ("Icebox", "unknown"),
        ("offer requested from two firms", None),
    ],
)  # fmt: skip
def test_states(cell: str, state: str | None) -> None:
    assert state_of(cell) == state


@pytest.mark.parametrize("state", ["entfällt", "no procede", "Icebox", "won't do"])
def test_what_is_off_or_in_an_unknown_state_is_no_open_task(read: Any, state: str) -> None:
    table = f"| Task | Status |\n|---|---|\n| Mend it | {state} |\n| Send it | open |\n"
    assert [task.title for task in read(table)] == ["Send it"]


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("Paco (pintor)", ["Paco"]),
        ("Ana u. Ben", ["Ana", "Ben"]),
        ("Dr. Oye;MFA Jana", ["Dr. Oye", "MFA Jana"]),
        ("Lopez, Ana; Ott, Eva", ["Lopez, Ana", "Ott, Eva"]),
        ("@ana + [[Ben]]", ["ana", "Ben"]),
        ("tbc", []),
        ("yo", []),
        ("wir", []),
        ("?", []),
    ],
)
def test_owners(cell: str, names: list[str]) -> None:
    assert read_owners(cell) == names


def test_sums_groups_and_repeated_headers_are_no_tasks(read: Any) -> None:
    text = (
        "Garden\nTask,Owner,Due\nDig,Ana,2026-12-01\nTOTAL,,\n\n"
        "House,,\nTask,Owner,Due\nPaint,Ana,2026-12-02\nSumme Kosten,,\n"
    )
    assert [task.title for task in read(text, "a.csv")] == ["Dig", "Paint"]


def test_a_row_may_look_like_an_entry_of_a_list(read: Any) -> None:
    text = (
        "Who | Task | Due\n---|---|---\nA. Nkr | Leaflets | 20 Nov\n- Ben | Crates | Fri\n"
        "3. Cy | [x] Alarm | 1.12.\n\nno | row | more\n"
    )
    tasks = read(text)
    assert [task.title for task in tasks] == ["Leaflets", "Crates", "Alarm"]
    assert [task.when for task in tasks] == ["2026-11-20", "2026-11-20", "2026-12-01"]
    assert tasks[2].data["status"] == "done"


def test_with_a_due_date_of_its_own_a_day_stays_in_the_title(read: Any) -> None:
    (task,) = read("Title,Status,Due\nTides show yesterday,open,2026-12-01\n", "a.csv")
    assert (task.title, task.when) == ("Tides show yesterday", "2026-12-01")


def test_milestones_that_have_been_reached_are_not_ahead(read: Any) -> None:
    text = (
        "| Phase | Date | State |\n|---|---|---|\n"
        "| Beta | 1 Dec | open |\n| Alpha | 2 Nov | reached |\n"
        "| ✅ Draft | 1 Nov | |\n\nMilestone: Kickoff — 12 December 2026 ✔ reached\n"
        "Milestone: Demolition finished — 14 December 2026\n"
    )
    assert [one.title for one in read(text)] == ["Beta", "Demolition finished"]
