"""Background jobs at the command line of a daemon that runs: look, start, stop, watch."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING, Any

import pytest
from scripted_terminal import scripted_terminal
from warm_programs import AnyProgram

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.acceptance.conftest import Machine

QUEUE = "cleanup-tasks"


@pytest.fixture
def paused(house: Machine) -> Iterator[Machine]:
    """A daemon on which clean-ups wait."""
    house.ask("jobs", "pause", QUEUE)
    yield house
    house.ask("jobs", "resume", QUEUE)
    while house.ask("jobs", "active")["items"]:
        pass  # what waited is none of the next test's


def started(machine: Machine, job_type: str) -> str:
    return str(machine.ask("jobs", "run", job_type)["job_id"])


def next_line(program: AnyProgram) -> Any:
    """The next change that it tells of."""
    assert program.stdout is not None
    return json.loads(program.stdout.readline())


def test_a_clean_up_is_done_now_and_shown(house: Machine) -> None:
    types = {each["name"]: each for each in house.ask("jobs", "registered")["items"]}
    assert types["archive_audit_log"]["cron"] == "0 2 * * *"
    assert types["agent_run"]["by_hand"] is False

    done = house.ask("jobs", "run", "archive_audit_log", "--wait")

    assert (done["status"], done["result"]["counts"]) == ("completed", {"archived": 0})
    shown = house.noond("jobs", "show", done["id"][-8:])
    assert (shown.returncode, f"id\t{done['id']}" in shown.stdout) == (0, True)
    assert '"archived": 0' in shown.stdout
    listed = house.ask("jobs", "--type", "archive_audit_log", "--status", "completed")["items"]
    assert [job["id"] for job in listed] == [done["id"]]
    assert house.ask("jobs", "cancel", done["id"])["outcome"] == "already_final"
    stats = house.ask("jobs", "stats")
    assert {"job_type": "archive_audit_log", "queue": None, "status": "completed", "count": 1} in (
        stats["counts"]
    )


def test_refusals_say_what_is_wrong(house: Machine) -> None:
    done = house.ask("jobs", "run", "purge_spent_keys", "--wait")
    for words, code, said in (
        (("run", "agent_run"), 2, "none of archive_audit_log"),
        (("show", "ffffff"), 4, "`noond jobs` lists them"),
        (("show", "01a1fab5-f083-7000-b6d4-2f9e8c7a1b05"), 4, "no such job"),
        (("retry", done["id"]), 6, "the job is completed"),
        (("pause", "nothing"), 4, "no such queue"),
        (("purge", "--older-than", "1e9"), 2, "too far back"),
    ):
        refused = house.noond("jobs", *words)
        assert (refused.returncode, said in refused.stderr) == (code, True), refused.stderr


def test_what_waits_is_cancelled_tried_again_and_deleted(paused: Machine) -> None:
    paused.ask("jobs", "purge", "--status", "cancelled")  # those of the other tests
    job_id = started(paused, "purge_jobs")
    assert [job["id"] for job in paused.ask("jobs", "active")["items"]] == [job_id]

    assert paused.ask("jobs", "cancel", job_id)["status"] == "cancelled"
    assert paused.ask("jobs", "active")["items"] == []
    assert paused.ask("jobs", "retry", job_id)["status"] == "pending"
    assert paused.ask("jobs", "purge", "--older-than", "0", "--status", "cancelled") == {
        "deleted": 0
    }
    paused.ask("jobs", "cancel", job_id)

    assert paused.ask("jobs", "purge", "--older-than", "1")["deleted"] == 0
    assert paused.ask("jobs", "purge", "--status", "cancelled")["deleted"] == 1
    assert paused.noond("jobs", "show", job_id).returncode == 4


def test_programs_are_told_of_every_change(paused: Machine) -> None:
    waiting = started(paused, "purge_sign_ins")
    program = paused.start("jobs", "watch", "--json")
    told: list[Any] = [next_line(program)]
    assert [(job["id"], job["status"]) for job in told] == [(waiting, "pending")]

    paused.ask("jobs", "cancel", waiting)

    told.append(next_line(program))
    assert (told[-1]["id"], told[-1]["status"]) == (waiting, "cancelled")
    assert told[0].keys() == told[1].keys()
    paused.ask("jobs", "resume", QUEUE)
    done = paused.ask("jobs", "run", "purge_request_log", "--wait")
    while (last := next_line(program))["status"] != "completed":
        assert last["id"] == done["id"]
    assert last["id"] == done["id"]
    program.send_signal(signal.SIGINT)
    _, complaints = program.communicate(timeout=30)
    assert (program.returncode, complaints.strip()) == (130, "")


def test_a_person_watches_on_a_terminal(paused: Machine) -> None:
    job_id = started(paused, "purge_sign_ins")
    settings = paused.environment()
    with scripted_terminal("jobs", "watch", environment=settings) as terminal:
        terminal.expect(job_id[-8:])
        terminal.expect("1 waiting or running; Ctrl-C ends this")
        paused.ask("jobs", "resume", QUEUE)
        terminal.expect("completed")
        assert terminal.interrupt("0 waiting or running; Ctrl-C ends this") == 130
    assert max(len(line) for line in terminal.lines) <= 80
    assert "Traceback" not in terminal.shown


def test_lists_fit_a_terminal(house: Machine) -> None:
    done = house.ask("jobs", "run", "purge_request_log", "--wait")
    for words in (("list",), ("registered",), ("stats",), ("show", done["id"])):
        with scripted_terminal("jobs", *words, environment=house.environment()) as terminal:
            assert terminal.finish() == 0
        assert max(len(line) for line in terminal.lines) <= 80, terminal.shown
        assert "purge_request_log" in terminal.shown or words == ("stats",), terminal.shown
