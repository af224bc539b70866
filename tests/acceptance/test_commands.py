"""The verbs against a daemon that runs: what they print and how they exit."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.acceptance.conftest import Machine


def on_a_terminal(machine: Machine, *arguments: str, **environment: str) -> tuple[int, str]:
    """Run a verb on a terminal of 80 columns; its exit code and what the screen got."""
    screen, terminal = pty.openpty()
    settings = machine.environment(COLUMNS="80", TERM="xterm-256color", **environment)
    with subprocess.Popen(
        [sys.executable, "-m", "noond", *arguments],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env=settings,
        cwd=machine.root,
    ) as program:
        os.close(terminal)
        shown = b""
        while True:
            readable, _, _ = select.select([screen], [], [], 60)
            assert readable, "nothing more came in 60 s"
            try:
                part = os.read(screen, 65536)
            except OSError:  # Linux: the last writer has closed it
                break
            if not part:
                break
            shown += part
    os.close(screen)
    return program.returncode, shown.decode()


def lines_of(screen: str) -> list[str]:
    return [line.rstrip("\r") for line in re.sub("\x1b\\[[0-9;?]*[A-Za-z]", "", screen).split("\n")]


def test_a_terminal_gets_tables_that_fit(running: Machine) -> None:
    running.add_agent("a-rather-long-name-for-an-agent", "--cron", "*/15 6-18 * * 1-5")
    code, screen = on_a_terminal(running, "agents")
    assert code == 0
    assert "NAME" in screen
    assert max(map(len, lines_of(screen))) <= 80
    show = ["agent", "show", "a-rather-long-name-for-an-agent"]
    for verb in (["devices"], ["runs"], ["audit"], ["audit", "verify"], show):
        code, screen = on_a_terminal(running, *verb)
        assert code == 0
        assert max(map(len, lines_of(screen))) <= 80


def test_a_terminal_sees_the_run(running: Machine) -> None:
    # What is already an open task on the device is not suggested again by another agent.
    folder = running.notes / "watched"
    folder.mkdir()
    (folder / "garden.md").write_text("- [ ] Prune the roses due: 2026-12-01 @ines\n")
    running.add_agent("watched", path=folder)
    code, screen = on_a_terminal(running, "run", "watched", "--wait")
    assert code == 0
    assert "success" in screen
    assert "files" in screen
    code, screen = on_a_terminal(running, "runs", "watched", NO_COLOR="1")
    assert "tasks: Prune the roses (due 2026-12-01)" in screen
    assert "Prune the roses due: 2026-12-01 @ines”" in " ".join(screen.split())
    assert "\x1b[3" not in screen


def test_a_pipe_gets_a_record_a_line(running: Machine) -> None:
    folder = running.notes / "piped"
    folder.mkdir()
    (folder / "garden.md").write_text("- [ ] Feed the hens due: 2026-12-01 @ines\n")
    running.add_agent("piped", path=folder)
    done = running.noond("run", "piped", "--wait")
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout + done.stderr
    rows = [line.split("\t") for line in running.noond("runs", "piped").stdout.splitlines()]
    records = {row[2]: row for row in rows if row[0] == "record"}
    assert records["Feed the hens"][1:4] == ["tasks", "Feed the hens", "2026-12-01"]
    assert records["Feed the hens"][6] == "delivered"
    (agent,) = [
        line.split("\t")
        for line in running.noond("agents").stdout.splitlines()
        if line.startswith("piped\t")
    ]
    assert agent[2:4] == ["enabled", "by hand"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["agent", "show", "nobody"], 4, "noond agents"),
        (["runs", "0199c2d1-0000-7000-8000-000000000000"], 4, ""),
        (["run", "nobody", "--wait"], 4, "noond agents"),
        (["devices", "rm", "nothing"], 4, "noond devices"),
        (["run", "cancel", "0199c2d1-0000-7000-8000-000000000000"], 4, ""),
    ],
)
def test_what_is_not_there_is_said_so(
    arguments: list[str], code: int, said: str, running: Machine
) -> None:
    done = running.noond(*arguments)
    assert done.returncode == code, done.stderr
    assert done.stderr.startswith("noond: ")
    assert done.stderr.count("\n") == 1
    assert said in done.stderr


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--cron", "every day"),
        ("--cron", "61 * * * *"),
        ("--timezone", "Mars/Olympus"),
        ("--quiet-hours", "late"),
    ],
)
def test_a_wrong_field_is_named_by_its_option(option: str, value: str, running: Machine) -> None:
    done = running.noond(
        "agent", "add", "local", "wrong", "--path", "/x", "--ext", ".md", "--type", "tasks",
        option, value,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith(f"noond: {option}: ")


def test_a_wrong_key_is_refused(running: Machine) -> None:
    done = running.noond("agents", NOOND_URL=running.url, NOOND_API_KEY="noond_wrong")
    assert done.returncode == 5
    assert "NOOND_API_KEY" in done.stderr
    assert "noond_wrong" not in done.stderr


def test_an_agent_is_changed_paused_and_removed(running: Machine) -> None:
    running.add_agent("changing", "--cron", "0 8 * * *", "--timezone", "Europe/Berlin")
    edited = running.ask(
        "agent", "edit", "changing", "--quiet-hours", "22:00-07:00", "--ext", "txt",
        "--missed", "skip", "--prompt", "Only what is mine.",
    )  # fmt: skip
    assert edited["file_extensions"] == [".txt"]
    assert (edited["quiet_hours"], edited["missed"]) == ("22:00-07:00", "skip")
    assert edited["schedule_cron"] == "0 8 * * *"
    assert len(running.ask("agent", "next", "changing")["next_fires"]) == 5
    assert running.ask("agent", "pause", "changing")["enabled"] is False
    assert running.ask("agent", "resume", "changing")["enabled"] is True
    cleared = running.ask("agent", "edit", "changing", "--cron", "", "--quiet-hours", "")
    assert (cleared["schedule_cron"], cleared["quiet_hours"]) == (None, None)
    assert running.ask("agent", "next", "changing")["next_fires"] == []
    assert running.noond("agent", "rm", "changing").returncode == 0
    assert running.noond("agent", "show", "changing").returncode == 4


def test_a_folder_outside_the_allowed_ones_fails_the_run(running: Machine) -> None:
    running.ask(
        "agent", "add", "local", "curious", "--path", "/etc", "--ext", ".conf", "--type", "tasks"
    )
    done = running.noond("run", "curious", "--wait")
    assert done.returncode == 1
    assert "noond: The run ended as error" in done.stderr
    assert any(line.startswith("error\t") for line in done.stdout.splitlines())


def test_a_run_waits_for_its_device_and_can_be_cancelled(machine: Machine) -> None:
    machine.ask("init")
    machine.serve()
    device = machine.connect_device()
    machine.add_agent("notes")
    machine.ask("run", "notes", "--wait")
    device.terminate()
    device.communicate(timeout=30)
    started = machine.ask("run", "notes")
    assert started["status"] == "waiting"
    second = machine.noond("run", "notes")
    assert second.returncode == 6
    assert f"noond run cancel {started['run_id']}" in second.stderr
    assert machine.ask("run", "cancel", "notes")["outcome"] == "requested"
    assert machine.ask("runs", started["run_id"])["status"] == "cancelled"
    assert machine.ask("run", "cancel", started["run_id"])["outcome"] == "already_final"


def test_a_removed_device_is_told_so(machine: Machine) -> None:
    machine.ask("init")
    machine.serve()
    device = machine.connect_device("--id", "laptop")
    agent = machine.add_agent("notes")
    rotated = machine.ask("devices", "rotate", "laptop")
    assert rotated["device_id"] == "laptop"
    assert machine.ask("devices", "rm", "laptop") == {"device_id": "laptop", "removed": True}
    _, complaint = device.communicate(timeout=30)
    assert device.returncode == 5
    assert "noond pair" in complaint
    assert machine.ask("agent", "show", agent["id"])["enabled"] is False


def test_one_daemon_for_a_data_directory(machine: Machine) -> None:
    machine.ask("init")
    daemon = machine.serve()
    second = machine.noond("serve", "--port", "0")
    assert second.returncode == 6
    assert str(daemon.pid) in second.stderr
    assert machine.noond("agents").returncode == 0


def test_the_network_is_refused_without_tls(machine: Machine) -> None:
    machine.ask("init")
    done = machine.noond("serve", "--host", "0.0.0.0", "--port", "0")
    assert done.returncode == 2
    assert "tls" in done.stderr.lower()
    assert "Traceback" not in done.stderr


def test_serving_before_init_names_the_command(machine: Machine) -> None:
    done = machine.noond("serve", "--port", "0")
    assert done.returncode == 1
    assert "noond init" in done.stderr


def test_ctrl_c_ends_the_waiting_and_not_the_run(machine: Machine) -> None:
    machine.ask("init")
    machine.serve()
    device = machine.connect_device()
    machine.add_agent("notes")
    machine.ask("run", "notes", "--wait")
    device.terminate()
    device.communicate(timeout=30)
    waiting = machine.start("run", "notes", "--wait")
    while not (found := machine.ask("runs", "--status", "waiting")["items"]):
        assert waiting.poll() is None
    waiting.send_signal(signal.SIGINT)
    waiting.communicate(timeout=30)
    assert waiting.returncode == 130
    assert machine.ask("runs", found[0]["id"])["status"] == "waiting"
