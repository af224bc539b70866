"""The command line as its users have it: subprocesses, a real daemon, a real device."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from warm_programs import AnyProgram, Program

NOTES = {
    "standup.md": "# Standup\n\n- [ ] Water the plants due: 2026-12-01 @ines\n- [x] Buy string\n",
    "work/meeting.md": "Ana will send the contract by 2026-11-27.\n\nTODO: book the room\n",
    "empty.md": "",
    "picture.png": "not asked for",
}


@dataclass(slots=True, kw_only=True)
class Machine:
    """A machine on which noond is installed: a data directory, a folder of notes, a device.

    Its programs start warm, unless it is a cold one: see `warm_programs`.
    """

    root: Path
    cold: bool = False
    url: str = ""
    programs: list[AnyProgram] = field(default_factory=list)

    @property
    def data_dir(self) -> Path:
        return self.root / "data"

    @property
    def notes(self) -> Path:
        return self.root / "notes"

    @property
    def store(self) -> Path:
        return self.root / "device.db"

    def environment(self, **more: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("NOOND")}
        return {
            **kept,
            "NOOND__SERVER__DATA_DIR": str(self.data_dir),
            "TMPDIR": str(self.root / "tmp"),
            **more,
        }

    def noond(
        self, *arguments: str, typed: str = "", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a verb to its end, with what is typed on its stdin, which is no terminal."""
        program = self._started(arguments, self.environment(**environment), reads=True)
        out, err = program.communicate(typed, timeout=60)
        return subprocess.CompletedProcess(arguments, program.returncode or 0, out, err)

    def _started(
        self, arguments: tuple[str, ...], environment: dict[str, str], *, reads: bool
    ) -> AnyProgram:
        if not self.cold:
            program = Program(arguments, env=environment, cwd=self.root)
            if not reads:
                program.stdin.close()
            return program
        return subprocess.Popen(
            [sys.executable, "-m", "noond", *arguments],
            stdin=subprocess.PIPE if reads else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            cwd=self.root,
        )

    def ask(self, *arguments: str, typed: str = "", **environment: str) -> Any:
        """The JSON document that a verb prints; it must succeed."""
        done = self.noond(*arguments, "--json", typed=typed, **environment)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def start(self, *arguments: str) -> AnyProgram:
        """Start a verb that runs on; it is ended with the machine."""
        program = self._started(arguments, self.environment(), reads=False)
        self.programs.append(program)
        return program

    def serve(self) -> AnyProgram:
        """Start the daemon on a free port; returns when it is ready."""
        program = self.start("serve", "--port", "0", "--json")
        self.url = first_line(program)["url"]
        return program

    def connect_device(self, *more: str) -> AnyProgram:
        """Pair a device as `noond pair` says it, over the folder of notes."""
        command = shlex.split(self.ask("pair")["command"])
        assert command[0] == "noond"
        command = [word.replace("~/Notes", str(self.notes)) for word in command[1:]]
        program = self.start(*command, "--json", *more)
        while first_line(program) != {"state": "connected"}:
            pass
        return program

    def add_agent(self, name: str, *more: str, path: Path | None = None) -> dict[str, Any]:
        """Add an agent over the folder of notes, or another one."""
        made: dict[str, Any] = self.ask(
            "agent", "add", "local", name, "--path", str(path or self.notes), "--ext", ".md",
            "--type", "tasks", *more,
        )  # fmt: skip
        return made


def first_line(program: AnyProgram) -> Any:
    """The next JSON line that a program prints; its end is a failure."""
    assert program.stdout is not None
    line = program.stdout.readline()
    if not line:
        assert program.stderr is not None
        pytest.fail(f"ended with {program.wait()}: {program.stderr.read()}")
    return json.loads(line)


def stop(program: AnyProgram) -> int:
    """End a program as systemd does, and return its exit code."""
    program.send_signal(signal.SIGTERM)
    program.communicate(timeout=30)
    assert program.returncode is not None
    return program.returncode


@contextmanager
def machine_at(root: Path, *, cold: bool = False) -> Iterator[Machine]:
    machine = Machine(root=root, cold=cold)
    for folder in (root / "tmp", machine.notes / "work"):
        folder.mkdir(parents=True)
    for name, text in NOTES.items():
        (machine.notes / name).write_text(text)
    try:
        yield machine
    finally:
        for program in reversed(machine.programs):
            if program.poll() is None:
                stop(program)
            for stream in (program.stdout, program.stderr):
                if stream is not None:
                    stream.close()


@pytest.fixture
def cold() -> bool:
    """Whether the programs of `machine` start with an interpreter of their own."""
    return False


@pytest.fixture
def machine(tmp_path: Path, cold: bool) -> Iterator[Machine]:
    """A fresh machine: nothing is made or started yet."""
    with machine_at(tmp_path / "machine", cold=cold) as made:
        yield made


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine whose daemon and device run; tests of a module share it."""
    with machine_at(tmp_path_factory.mktemp("running") / "machine") as made:
        made.ask("init")
        made.serve()
        made.connect_device()
        yield made


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine whose daemon runs, without a device; tests of a module share it."""
    with machine_at(tmp_path_factory.mktemp("house") / "machine") as made:
        made.ask("init")
        made.serve()
        yield made
