"""What a message is about, by rules: intents, and the people, places and times in it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from noond.assistant.intents import Intent, extract_entities, extract_intent

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)  # a Friday


def entities(text: str) -> dict[str, list[Any]]:
    return extract_entities(text, now=NOW, zone=BERLIN)


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("Schedule a meeting with Ben tomorrow", Intent.SCHEDULE_MEETING),
        ("Plane eine Besprechung mit Ben", Intent.SCHEDULE_MEETING),
        ("Planifie une réunion avec Ben", Intent.SCHEDULE_MEETING),
        ("Programa una reunión con Ben", Intent.SCHEDULE_MEETING),
        ("Book a dinner with Ana", Intent.SCHEDULE_SOCIAL),
        ("Trag ein Mittagessen mit Ana ein", Intent.SCHEDULE_SOCIAL),
        ("Organise un dîner avec Ana", Intent.SCHEDULE_SOCIAL),
        ("Agenda una cena con Ana", Intent.SCHEDULE_SOCIAL),
        ("Add an appointment at the dentist", Intent.CREATE_EVENT),
        ("Trag einen Termin beim Zahnarzt ein", Intent.CREATE_EVENT),
        ("What is on my calendar?", Intent.VIEW_CALENDAR),
        ("Bin ich frei?", Intent.VIEW_CALENDAR),
        ("Suis-je libre demain ?", Intent.VIEW_CALENDAR),
        ("¿Estoy libre mañana?", Intent.VIEW_CALENDAR),
        ("When is the meeting with Ben?", Intent.FIND_EVENT),
        ("Wann ist das Treffen?", Intent.FIND_EVENT),
        ("Quand est la réunion ?", Intent.FIND_EVENT),
        ("¿Cuándo es la reunión?", Intent.FIND_EVENT),
        ("Move the meeting to Monday", Intent.MODIFY_EVENT),
        ("Verschiebe die Besprechung", Intent.MODIFY_EVENT),
        ("Déplace la réunion", Intent.MODIFY_EVENT),
        ("Aplaza la reunión", Intent.MODIFY_EVENT),
        ("Cancel lunch with Ana", Intent.CANCEL_EVENT),
        ("Sag das Treffen mit Ana ab", Intent.CANCEL_EVENT),
        ("Annule la réunion", Intent.CANCEL_EVENT),
        ("Elimina la cita", Intent.CANCEL_EVENT),
        ("How did the last runs go?", None),
        ("Run the agent Garden", None),
        ("", None),
    ],
)
def test_the_intent(text: str, intent: Intent | None) -> None:
    assert extract_intent(text) is intent


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            "Lunch with Ana Smith and Ben at Luigi's tomorrow",
            {"people": ["Ana Smith", "Ben"], "location": ["Luigi's"], "time": ["2026-11-21"]},
        ),
        ("Treffen mit Jörg in Köln", {"people": ["Jörg"], "location": ["Köln"]}),
        ("Réunion avec Émile à Paris", {"people": ["Émile"], "location": ["Paris"]}),
        ("Cena con Íñigo en Madrid", {"people": ["Íñigo"], "location": ["Madrid"]}),
        ("A meeting at 3 pm", {"time": ["3 pm"]}),
        ("nothing of the kind", {}),
        ("Bread and Butter", {}),
    ],
)
def test_who_where_and_when(text: str, found: dict[str, list[Any]]) -> None:
    assert entities(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "A trip in May",
        "A trip in May 2027",
        "Un viaje en Mayo",
        "Urlaub im Dezember 2026",
        "on 3 May 2027",
    ],
)
def test_dates_are_no_places(text: str) -> None:
    assert "location" not in entities(text)


def test_a_date_with_a_time_keeps_it() -> None:
    assert entities("Meeting on 2026-12-01 at 14:30")["time"] == ["2026-12-01T14:30"]
