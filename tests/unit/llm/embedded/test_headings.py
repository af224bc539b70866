"""What headings promise, and where the lists below them end."""

from __future__ import annotations

from typing import Any

import pytest

from noond.llm.embedded.headings import section_kind


@pytest.mark.parametrize(
    "title",
    [
        "What still needs doing",
        "Remaining jobs before Sunday",
        "Left to sort out before we open:",
        "Things I still need to do",
        "Outstanding as of 26 October",
        "What's next",
        "Up next",
        "Jobs for Saturday",
        "Was bis Montag noch zu tun ist",
        "Als Nächstes zu erledigen:",
        "Offen ist noch:",
        "Was diese Woche noch ansteht",
        "Noch zu besorgen",
        "Aufgaben des Teams",
        "Aufgaben der Woche",
        "Il reste encore à faire",
        "Voici ce qui reste à régler :",
        "Reste à finir avant le 27 juin",
        "Queda por hacer",
        "Lo que falta por hacer antes del sábado:",
        "Cosas que quedan por hacer",
        "Tareas del equipo",
    ],
)
def test_headings_of_what_is_still_open(title: str) -> None:
    assert section_kind(title) == "task"


@pytest.mark.parametrize(
    "title",
    [
        "What's next for the library",
        "What to do on a wet Saturday",
        "What needs doing before every meeting",
        "What needs doing when someone leaves",
        "Jobs I love",
        "Jobs",
        "Next door",
        "Actions and who may take them",
        "Next steps on the slipway are unclear",
        "Aufgaben des Vorstands sind insbesondere:",
        "Was offen blieb im Streit",
        "Offene Türen",
        "À savoir",
        "Il reste du pain",
        "Qué hacer con los tomates",
        "Queda una hora",
    ],
)
def test_headings_that_tell_something(title: str) -> None:
    assert section_kind(title) != "task"


@pytest.mark.parametrize(
    "title",
    [
        "Tasks of the committee",
        "Aufgaben des Vorstands",
        "Aufgaben der Kassenprüferin",
        "Aufgaben und Befugnisse",
        "Tâches du bureau",
        "Tareas de la secretaría",
    ],
)
def test_duties_of_an_office_are_no_tasks(title: str) -> None:
    assert section_kind(title) is None


def _titles(read: Any, text: str) -> list[str]:
    return [one.title for one in read(text, "a.txt")]


def test_a_list_ends_at_a_line_without_a_bullet(read: Any) -> None:
    text = "Still to do:\n- buy strings\nWe also looked at the yard.\nCall us any time\n"
    assert _titles(read, text) == ["buy strings"]


def test_a_list_ends_at_a_dedent(read: Any) -> None:
    text = "3. Money\n   Tareas:\n   - pagar el seguro\n4. Ruegos y preguntas.\n"
    assert _titles(read, text) == ["pagar el seguro"]


def test_a_list_ends_where_the_agenda_goes_on(read: Any) -> None:
    text = "## Still to do\n- buy strings\n\n5. Next rehearsal as usual\n6. Any other business\n"
    assert _titles(read, text) == ["buy strings"]


def test_numbers_of_its_own_do_not_end_a_list(read: Any) -> None:
    text = "## Still to do\n1. buy strings\n2. tune the harp\n"
    assert _titles(read, text) == ["buy strings", "tune the harp"]


def test_lines_below_a_line_that_promises_tasks(read: Any) -> None:
    text = "A fine day.\n\nThings I still need to do\nring Mum\nempty the bins\n\nThe dog slept.\n"
    assert _titles(read, text) == ["ring Mum", "empty the bins"]


def test_what_is_done_or_an_idea_stands_aside(read: Any) -> None:
    text = "## To do\n- pay the rent\n\n### Ideas\n- a raffle\n\n### Schon erledigt\n- Halle\n"
    assert _titles(read, text) == ["pay the rent"]


@pytest.mark.parametrize(
    "entry",
    [
        "we don't need cups",
        "not needed: extra toilets",
        "no raffle this year",
        "nothing about the film",
        "Who will turn pages?",
        "band? (no money)",
        "Zelte brauchen wir nicht",
        "Keine Hüpfburg dieses Jahr",
        "pas besoin de sono",
        "on n'a pas besoin de barnum",
        "no hace falta llamar",
        "la tenue des registres",
        "die Führung der laufenden Geschäfte",
    ],
)
def test_what_is_denied_asked_or_a_charge_is_no_entry(read: Any, entry: str) -> None:
    assert _titles(read, f"Still to do:\n- {entry}\n") == []


@pytest.mark.parametrize(
    "entry",
    ["don't forget the keys", "Fenster nicht vergessen", "Keine Flyer mehr an die Tür hängen"],
)
def test_a_command_may_deny(read: Any, entry: str) -> None:
    assert _titles(read, f"Still to do:\n- {entry}\n") == [entry]


@pytest.mark.parametrize(
    "label",
    [
        "A few to-dos:",
        "Quedan los siguientes pendientes del comité de hoy:",
        "Danke! Nächste Schritte wie besprochen:",
        "Agreed actions",
        "WHO DOES WHAT",
        "ok TODO",
        "Encargos:",
    ],
)
def test_labels_that_announce_a_list(read: Any, label: str) -> None:
    assert [task.title for task in read(f"{label}\n- order chairs\n", "a.txt")] == ["order chairs"]


@pytest.mark.parametrize(
    "label",
    [
        "Folgende Punkte haben wir erledigt:",
        "The following actions are performed by this program:",
        "Things people said we need but we don't:",
        "Please:",
    ],
)
def test_labels_that_announce_something_else(read: Any, label: str) -> None:
    assert read(f"{label}\n- order chairs\n", "a.txt") == []


def test_a_label_may_have_its_lines_below_an_empty_one(read: Any) -> None:
    text = (
        "Good meeting. Actions as discussed:\n\nBen - rerun the blots\nAna - order primers\n\nBye\n"
    )
    assert [task.title for task in read(text, "a.txt")] == ["rerun the blots", "order primers"]


def test_a_label_without_a_list_below_promises_nothing(read: Any) -> None:
    assert read("Actions:\n\nThe committee met twice and\nagreed on nothing.\n", "a.txt") == []
