"""Plain requests understood by rules, and whether words ask for a run."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from noond.assistant.rules import Command, asks_to_run, understand
from noond.models.agent import Agent
from noond.models.schedule import MissedPolicy

ID = "01a1fab5-f083-7000-b6d4-2f9e8c7a1b05"


def agent(name: str, agent_id: str = ID) -> Agent:
    """An agent of that name."""
    now = datetime(2026, 11, 20, tzinfo=UTC)
    return Agent(
        id=agent_id, user_id="ana", name=name, device_id="laptop", directory_paths=("~/Notes",),
        file_extensions=(".md",), prompt_template="", data_types=(), schedule_cron=None,
        timezone="UTC", missed=MissedPolicy.LATEST, max_age_hours=24, quiet_hours=None,
        default_project_id=None, enabled=True, created_at=now, updated_at=now,
        kind="local", schedule_base_at=now, schedule_note=None, last_run_at=None,
    )  # fmt: skip


GARDEN = agent("Garden")


@pytest.mark.parametrize(
    "text",
    [
        "run Garden",
        "Please START the agent garden!",
        "Can you run Garden?",
        "Could you please launch Garden now",
        "Starte Garden",
        "Führe Garden aus",
        "Kannst du Garden starten?",
        "Lance Garden",
        "Démarrez Garden",
        "Ejecuta Garden",
        "Puedes lanzar Garden",
        f"run {ID}",
        "Read my records, then run Garden",
    ],
)
def test_these_ask_for_a_run(text: str) -> None:
    assert asks_to_run(text, GARDEN)


@pytest.mark.parametrize(
    "text",
    [
        "Don't run Garden",
        "Please don\u2019t run Garden",
        "dont run Garden",
        "You shouldn't start Garden",
        "You mustn\u2019t run Garden",
        "Never run Garden",
        "Summarise Garden without a new run, run nothing",
        "Starte Garden nicht",
        "Starte auf keinen Fall Garden",
        "Ne lance pas Garden",
        "N\u2019exécute jamais Garden",
        "No ejecutes Garden, ni inicia nada",
        "What did the last run of Garden bring?",
        "How did Garden run?",
        "When did you run Garden?",
        "Did Garden run today?",
        "Show me the last run of Garden",
        "Wann war der letzte Start von Garden?",
        "Garden",
        "run the Gardener",
        "run it",
        "",
    ],
)
def test_these_do_not(text: str) -> None:
    assert not asks_to_run(text, GARDEN)


@pytest.mark.parametrize("name", ["C++ (v2)*", "[a-z]+", "a|b", "What?", "$5.00", "\\d", "Straße"])
def test_a_name_with_marks_is_that_name(name: str) -> None:
    assert asks_to_run(f"run {name}", agent(name))
    assert asks_to_run(f"run {name}!", agent(name))
    assert not asks_to_run("run x C5 aab", agent(name))


def test_a_name_may_be_made_of_the_words_for_running() -> None:
    daily = agent("Daily run")
    assert asks_to_run("run Daily run", daily)
    assert not asks_to_run("Daily run", daily)
    assert not asks_to_run("Show Daily run", daily)
    assert asks_to_run("run No ads", agent("No ads"))


def test_the_longer_of_two_names_is_meant() -> None:
    long = replace(agent("Garden 2"), id="another")
    assert understand("run Garden 2", [GARDEN, long]) == Command(
        tool="start_run", arguments={"agent_id": "another"}
    )
    assert understand("run Garden", [GARDEN, long]) == Command(
        tool="start_run", arguments={"agent_id": ID}
    )
    both = understand("run Garden and run Other", [GARDEN, replace(agent("Other"), id="o")])
    assert both is not None
    assert both.tool != "start_run", "which one is not plain"


@pytest.mark.parametrize(
    ("text", "tool"),
    [
        ("which agents do I have?", "list_agents"),
        ("Welche Agenten habe ich?", "list_agents"),
        ("how did the last runs go?", "list_runs"),
        ("Wie waren die letzten Läufe?", "list_runs"),
        ("what did the last run bring?", "list_records"),
        ("Quelles tâches as-tu trouvé ?", "list_records"),
        ("which devices are online?", "list_devices"),
        ("¿Qué dispositivos hay?", "list_devices"),
        ("what did models cost?", "get_usage"),
        ("Was hat das gekostet?", "get_usage"),
    ],
)
def test_plain_requests(text: str, tool: str) -> None:
    command = understand(text, [GARDEN])
    assert command is not None
    assert command.tool == tool


def test_the_runs_of_one_agent() -> None:
    command = understand("How did the runs of Garden go?", [GARDEN])
    assert command == Command(tool="list_runs", arguments={"agent_id": ID})


def test_costs_by_model() -> None:
    command = understand("What did each model cost?", [])
    assert command == Command(tool="get_usage", arguments={"group": "model"})


@pytest.mark.parametrize("text", ["Write a poem", "Hello", "?", "x" * 10_000])
def test_what_is_not_plain(text: str) -> None:
    assert understand(text, [GARDEN]) is None
