"""Chat agents in the terminal of a daemon that runs: ask, talk, look back, ask by the clock."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from scripted_terminal import scripted_terminal
from speaking_model import SpeakingModel, speaking_model

if TYPE_CHECKING:
    from warm_programs import AnyProgram

    from tests.acceptance.conftest import Machine

LOOK = ("Let me look.", {"name": "list_runs"})


@pytest.fixture
def model() -> Iterator[SpeakingModel]:
    with speaking_model() as serving:
        yield serving


def serve(machine: Machine, model: SpeakingModel, port: int) -> AnyProgram:
    """Start the daemon with this model on this port, for a later one to be found there too."""
    config = machine.root / "noond.toml"
    config.write_text(model.settings)
    program = machine.start("serve", "--port", str(port), "--json", "--config", str(config))
    assert program.stdout is not None
    assert program.stdout.readline(), program.stderr and program.stderr.read()
    return program


def test_rules_answer_without_a_model(house: Machine) -> None:
    done = house.noond("ask", "which agents do I have?")
    assert (done.returncode, done.stdout) == (0, "You have no agents yet.\n"), done.stderr
    assert done.stderr == "by rules, without a model\n"
    answer = house.ask("ask", typed="how did the last runs go?")
    assert (answer["response"], answer["metadata"]["tools"]) == (
        "There were no runs yet.",
        ["list_runs"],
    )
    at_a_loss = house.noond("ask", "Write a poem")
    assert (at_a_loss.returncode, "docs/models.md" in at_a_loss.stdout) == (1, True)
    needs_one = house.noond("ask", "--agent", "simple_llm_agent", "Hello")
    assert (needs_one.returncode, needs_one.stdout) == (6, "")
    assert house.noond("ask", "--agent", "nobody", "Hello").returncode == 4


def test_what_was_asked_is_looked_at(house: Machine) -> None:
    task_id = house.ask("ask", "which devices are online?")["metadata"]["task_id"]
    assert house.ask("tasks", "--status", "completed")["items"][0]["task_id"] == task_id
    assert house.ask("tasks", "show", task_id[-8:])["content"] == "No device is paired yet."
    assert house.ask("tasks", "cancel", task_id)["outcome"] == "already_final"
    steps = house.ask("tasks", "result", task_id)["steps"]
    assert [step["event"] for step in steps] == ["run_started", "tool_call", "tool_result", "usage"]
    csv = house.noond("tasks", "result", task_id, "--format", "csv").stdout
    assert csv.splitlines()[0] == "seq,event,data"
    watched = house.noond("tasks", "watch", task_id)
    told = [line.split("\t")[1] for line in watched.stdout.splitlines()]
    assert (watched.returncode, told[-1]) == (0, "run_finished")


def test_the_clock_asks(house: Machine) -> None:
    made = house.ask(
        "schedules", "add", "morning", "0 7 * * 1-5", "How did the last runs go?",
        "--zone", "Europe/Berlin", "--missed", "all", "--most", "3",
    )  # fmt: skip
    assert (made["missed"], made["most"], len(made["next_fires"])) == ("all", 3, 5)
    again = house.noond("schedules", "add", "morning", "* * * * *", "x")
    assert again.returncode == 6, again.stderr
    wrong = house.noond("schedules", "change", "morning", "--cron", "61 * * * *")
    assert (wrong.returncode, wrong.stderr[:15]) == (2, "noond: --cron: ")
    assert house.ask("schedules", "change", "morning", "--paused")["next_fires"] == []
    assert house.ask("schedules", "change", made["id"][-8:], "--resumed")["enabled"]
    assert house.ask("schedules", "fires", "morning")["items"] == []
    assert house.noond("schedules", "remove", "morning").returncode == 0
    assert house.noond("schedules", "show", "morning").returncode == 4


def test_a_person_talks_and_forgets(house: Machine) -> None:
    with scripted_terminal("chat", environment=house.environment()) as person:
        person.answer("> ", "which agents do I have?\r")
        person.answer("by rules, without a model\r\n> ", "\r")  # an empty line asks nothing
        person.answer("> ", "\x04")
        assert person.finish() == 0
    assert "· list_agents\nYou have no agents yet.\n" in person.shown
    (talk,) = house.ask("conversations")["items"]
    assert f"`noond chat --conversation {talk['id'][-8:]}`" in person.shown
    assert house.ask("ask", "and devices?", "--conversation", talk["id"])["response"]
    shown = house.ask("conversations", "show", talk["id"][-8:])
    assert [each["role"] for each in shown["messages"]] == ["user", "assistant"] * 2

    settings = house.environment()
    with scripted_terminal("chat", "--conversation", talk["id"], environment=settings) as person:
        person.answer("> ", "/forget\r")
        assert person.finish() == 0
    assert house.ask("conversations")["items"] == []


def test_lists_fit_a_terminal(house: Machine) -> None:
    house.ask("ask", "which devices are online, and how long will this question go on like this?")
    house.ask("schedules", "add", "evening", "0 19 * * 1-5", "How did the runs of the day go?")
    for words, seen in (
        (("tasks",), "which devices"),
        (("tasks", "show", house.ask("tasks")["items"][0]["task_id"]), "No device is paired"),
        (("schedules",), "0 19 * * 1-5"),
        (("schedules", "show", "evening"), "How did the runs of the day go?"),
        (("conversations",), "TITLE"),
    ):
        with scripted_terminal(*words, environment=house.environment()) as terminal:
            assert terminal.finish() == 0
        assert max(map(len, terminal.lines)) <= 80, terminal.shown
        assert seen in " ".join(terminal.shown.split()), terminal.shown


def test_an_answer_goes_on_in_a_later_daemon(
    machine: Machine, model: SpeakingModel, unused_tcp_port: int
) -> None:
    machine.ask("init")
    daemon = serve(machine, model, unused_tcp_port)
    never = threading.Event()
    model.says(LOOK, ["There was one run, ", "it brought ", never])
    with scripted_terminal("ask", "How did it go?", environment=machine.environment()) as person:
        person.expect("it brought")
        daemon.kill()
        daemon.wait(30)
        person.expect("The connection broke")
        model.says(["There was one run, ", "and it \x1b[2Jfailed."])
        serve(machine, model, unused_tcp_port)
        assert person.finish() == 0
    never.set()
    assert "\x1b[2J" not in person.raw
    said = [line for line in person.shown.splitlines() if line]
    assert said == [
        "Let me look.",
        "· list_runs",
        "There was one run, it brought",
        "· The connection broke; it is made again.",
        "What was written after “…Let me look.” does not count. It goes on there:",
        "There was one run, and it \\x1b[2Jfailed.",
        said[-1],
    ]
    assert said[-1].startswith("speaker, ")
    assert said[-1].endswith(" USD")
    assert len(model.asked) == 3  # the first utterance was kept, and not paid for twice


def test_ctrl_c_cancels_the_question_and_not_the_conversation(
    machine: Machine, model: SpeakingModel, unused_tcp_port: int
) -> None:
    machine.ask("init")
    serve(machine, model, unused_tcp_port)
    never = threading.Event()
    model.says(["I think ", "that ", never], ["Yes."])
    with scripted_terminal("chat", environment=machine.environment()) as person:
        person.answer("> ", "Is it?\r")
        person.answer("I think", "\x03")
        person.answer("The task is cancelled.\r\n> ", "And now?\r")
        person.answer("USD\r\n> ", "\x04")
        assert person.finish() == 0
    never.set()
    assert "Yes.\nspeaker, 120 tokens, 0.000140 USD\n" in person.shown
    tasks = machine.ask("tasks")["items"]
    assert [task["status"] for task in tasks] == ["completed", "cancelled"]
