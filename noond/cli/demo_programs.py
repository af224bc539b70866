"""The demo's daemon and device: real programs in a temporary directory, ended in any case."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Final

from noond.cli.exits import CommandFailed
from noond.cli.output import note

_START_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 25.0
_LOG_LINES: Final = 30


class Programs:
    """Starts programs; at exit ends them and removes the directory, also after SIGTERM or Ctrl-C.

    When the block fails, the ends of their logs are shown on stderr.
    """

    def __init__(self) -> None:
        self._started: list[tuple[str, subprocess.Popen[str]]] = []
        self._handlers: dict[int, Any] = {}
        self._starting = False
        self._interrupted = False

    def __enter__(self) -> Programs:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            self._handlers[number] = signal.signal(number, self._interrupt)
        self.directory = Path(tempfile.mkdtemp(prefix="noond-demo-"))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # A second Ctrl-C must not leave anything running.
        for number in self._handlers:
            signal.signal(number, signal.SIG_IGN)
        try:
            self._stop()
            if error is not None and not isinstance(error, KeyboardInterrupt):
                self._show_logs()
        finally:
            shutil.rmtree(self.directory, ignore_errors=True)
            for number, handler in self._handlers.items():
                signal.signal(number, handler)

    def start_daemon(self, data_dir: Path) -> str:
        """Start `noond serve` on a free port; returns its address once it is ready."""
        arguments = ("serve", "--data-dir", str(data_dir), "--port", "0")
        return str(self._start("daemon", arguments, ready=lambda line: "url" in line)["url"])

    def start_device(self, url: str, code: str, device_id: str, folder: Path) -> None:
        """Start `noond device`, paired by the code; returns once it is connected."""
        arguments = (
            "device", "--url", url, "--code", code, "--id", device_id,
            "--store", str(self.directory / "device.db"), "--allow", str(folder),
        )  # fmt: skip
        self._start("device", arguments, ready=lambda line: line.get("state") == "connected")

    def _start(
        self, name: str, arguments: Sequence[str], *, ready: Callable[[dict[str, Any]], bool]
    ) -> dict[str, Any]:
        """Start a verb of noond; returns the line of its output that says it is ready."""
        # The demo shows the defaults, whatever this shell is set up for.
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("NOOND_")
        }
        self._starting = True
        with self._log(name).open("w") as log:
            program = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-m", "noond", *arguments, "--json"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=environment,
                # Ctrl-C reaches this process alone, which then ends them in order.
                start_new_session=True,
            )
        self._started.append((name, program))
        self._starting = False
        if self._interrupted:
            raise KeyboardInterrupt
        assert program.stdout is not None
        too_late = threading.Timer(_START_SECONDS, program.kill)
        too_late.start()
        try:
            for text in program.stdout:
                line: dict[str, Any] = json.loads(text)
                if ready(line):
                    return line
        finally:
            too_late.cancel()
        raise CommandFailed(f"The demo's {name} did not start; its log is above.")

    def _stop(self) -> None:
        for _, program in reversed(self._started):
            program.terminate()
        deadline = time.monotonic() + _STOP_SECONDS
        for _, program in reversed(self._started):
            with contextlib.suppress(subprocess.TimeoutExpired):
                program.wait(max(0.1, deadline - time.monotonic()))
            if program.returncode is None:
                program.kill()
                program.wait()
            assert program.stdout is not None
            program.stdout.close()

    def _show_logs(self) -> None:
        for name, _ in self._started:
            lines = self._log(name).read_text("utf-8", errors="replace").splitlines()
            note(f"--- log of the demo's {name}" + ("" if lines else ": empty"))
            for line in lines[-_LOG_LINES:]:
                note(line)

    def _log(self, name: str) -> Path:
        return self.directory / f"{name}.log"

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        if self._starting:
            # Raised now, it would lose a program that is there but not yet in the list.
            self._interrupted = True
        else:
            raise KeyboardInterrupt
