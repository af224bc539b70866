"""A person at a terminal of 80 columns: waits for what the screen says, then presses keys."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

_SILENCE_SECONDS = 30
_UNNOTICED_SECONDS = 5
_CONTROL = re.compile("\x1b\\[[0-9;?]*[A-Za-z]|\x1b[=>]|\x07")

_NOOND = """
import fcntl, runpy, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
runpy.run_module("noond", run_name="__main__", alter_sys=True)
"""
"""Runs noond with the terminal as its controlling one, so that Ctrl-C arrives as a signal."""


class ScriptedTerminal:
    """The screen of one command; `shown` is all of it without colours and cursor moves."""

    def __init__(self, program: subprocess.Popen[bytes], screen: int) -> None:
        self._program = program
        self._screen = screen
        self._received = b""
        self._seen = 0

    @property
    def raw(self) -> str:
        return self._received.decode()

    @property
    def shown(self) -> str:
        return _CONTROL.sub("", self.raw.replace("\r\n", "\n"))

    @property
    def lines(self) -> list[str]:
        """The lines as they stand at the end, what was overwritten left out."""
        return [line.rstrip("\r").rpartition("\r")[2] for line in self.shown.split("\n")]

    def expect(self, prompt: str) -> str:
        """What the screen got up to the prompt, since the prompt before."""
        wanted = prompt.encode()
        while (at := self._received.find(wanted, self._seen)) < 0:
            assert self._receive(), f"{prompt!r} did not come:\n{self.shown}"
        since, self._seen = self._seen, at + len(wanted)
        return self._received[since : self._seen].decode()

    def press(self, keys: str) -> None:
        """Press these keys now."""
        os.write(self._screen, keys.encode())

    def answer(self, prompt: str, keys: str) -> None:
        """Press the keys once the prompt has come after all that was expected before."""
        self.expect(prompt)
        self.press(keys)

    def interrupt(self, prompt: str) -> int:
        """Press Ctrl-C once the prompt has come, and read to the end; the exit code.

        It is pressed again when nothing happens: a signal that comes in the moment before the
        program waits for the keyboard is not noticed until the next one.
        """
        self.answer(prompt, "\x03")
        while True:
            while not select.select([self._screen], [], [], _UNNOTICED_SECONDS)[0]:
                self.press("\x03")
            if not self._receive():
                return self._program.wait(_SILENCE_SECONDS)

    def finish(self) -> int:
        """Read to the end; the exit code."""
        while self._receive():
            pass
        return self._program.wait(_SILENCE_SECONDS)

    def _receive(self) -> bool:
        readable, _, _ = select.select([self._screen], [], [], _SILENCE_SECONDS)
        assert readable, f"nothing more came:\n{self.shown}"
        try:
            part = os.read(self._screen, 65536)
        except OSError:  # Linux: the last writer has closed it
            return False
        self._received += part
        return bool(part)


@contextmanager
def scripted_terminal(
    *arguments: str, environment: Mapping[str, str] | None = None, cwd: Path | None = None
) -> Iterator[ScriptedTerminal]:
    """`noond` with these arguments on a terminal; killed when it has not ended by then."""
    screen, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    settings = dict(os.environ if environment is None else environment)
    for name in ("COLUMNS", "LINES", "NO_COLOR"):
        settings.pop(name, None)
    program = subprocess.Popen(
        [sys.executable, "-c", _NOOND, *arguments],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env={**settings, "TERM": "xterm-256color"},
        cwd=cwd,
        start_new_session=True,
    )
    os.close(terminal)
    try:
        yield ScriptedTerminal(program, screen)
    finally:
        if program.poll() is None:
            program.kill()
            program.wait()
        os.close(screen)
