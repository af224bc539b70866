"""`noond demo`: records out, nothing left behind, however it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.acceptance.conftest import Machine

EXAMPLES = Path(__file__).parents[2] / "examples" / "inbox"


@pytest.fixture
def cold() -> bool:
    """What is left behind is found by the environment it was started with."""
    return True


def left_behind(machine: Machine) -> list[str]:
    """Programs that still run with this machine's temporary directory, and files in it."""
    mark = f"TMPDIR={machine.root / 'tmp'}".encode()
    found = [str(path) for path in (machine.root / "tmp").iterdir()]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes()
        except OSError:  # ended meanwhile, or another user's
            continue
        if mark in environment.split(b"\0"):
            found.append((process / "cmdline").read_text())
    return found


def test_the_examples_give_records(machine: Machine) -> None:
    done = machine.noond("demo", str(EXAMPLES))
    assert done.returncode == 0, done.stderr
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert {len(row) for row in rows} == {5}
    by_title = {row[1]: row for row in rows}
    assert by_title["Send the VAT return for October"][2] == "2026-12-10"
    for table, title, _due, file, quote in rows:
        assert table in {"tasks", "notes", "timelines", "projects", "taskComments"}
        assert title
        assert quote
        assert (EXAMPLES / file).is_file()
    question, answer = done.stderr.splitlines()[-2:]
    assert question == '$ noond ask "How did the last run go?"'
    assert answer.startswith("demo ")
    assert f"{len(rows)} records, 0 errors" in answer
    assert left_behind(machine) == []


def test_json_has_the_run_and_its_records(machine: Machine) -> None:
    shown = json.loads(machine.noond("demo", str(machine.notes), "--json").stdout)
    assert shown["run"]["status"] == "success"
    assert len(shown["records"]) == shown["run"]["items_created"] > 0


def test_a_folder_with_nothing_in_it_is_fine(machine: Machine) -> None:
    empty = machine.root / "empty"
    empty.mkdir()
    done = machine.noond("demo", str(empty))
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert left_behind(machine) == []


def test_a_folder_that_is_not_there_is_said_so(machine: Machine) -> None:
    done = machine.noond("demo", str(machine.root / "nowhere"))
    assert done.returncode == 2
    assert "nowhere" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("moment", ["Starting", "Reading"])
def test_an_interrupted_demo_leaves_nothing(
    number: signal.Signals, moment: str, machine: Machine
) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "noond", "demo", str(EXAMPLES)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=machine.environment(),
        start_new_session=True,
    ) as program:
        assert program.stderr is not None
        while not program.stderr.readline().startswith(moment):
            assert program.poll() is None
        os.kill(program.pid, number)
        complaint = program.stderr.read()
    assert program.returncode == 130, complaint
    assert "Traceback" not in complaint
    assert left_behind(machine) == []
