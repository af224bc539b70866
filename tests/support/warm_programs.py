"""Programs that start in a moment: forked from a process that has imported noond already.

Importing is most of what a short program costs. A program that starts here is a process of its own
all the same: with its own arguments, environment, directory and streams, it can be stopped and
killed, and it ends as the interpreter ends it. What it means to start cold, `test_first_steps.py`
and others show.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotInTime
from functools import cache
from pathlib import Path
from typing import IO, Any, TypeAlias

_IMPORTED = ("noond.accounts.setup", "noond.app", "noond.cli.main", "noond.device.program")
_NUMBER = struct.Struct("=i")


class Program:
    """A program that was started; what of `subprocess.Popen` the tests use. Texts are UTF-8."""

    def __init__(
        self, command: Sequence[str], *, cwd: Path | None = None, env: Mapping[str, str]
    ) -> None:
        """Start `noond` with these arguments, or a script (its path ends in `.py`)."""
        ours, theirs = zip(*(_pipe(write) for write in (True, False, False, False)), strict=True)
        request = {"command": list(command), "cwd": str(cwd or Path.cwd()), "env": dict(env)}
        _ask_to_start(request, theirs)
        self.stdin: IO[str] = os.fdopen(ours[0], "w", encoding="utf-8")
        self.stdout: IO[str] = os.fdopen(ours[1], encoding="utf-8")
        self.stderr: IO[str] = os.fdopen(ours[2], encoding="utf-8")
        self._status = os.fdopen(ours[3], "rb", buffering=0)
        (self.pid,) = _NUMBER.unpack(self._status.read(_NUMBER.size) or b"")
        self.args = list(command)
        self.returncode: int | None = None

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, once it has ended. Raises subprocess.TimeoutExpired."""
        if self.returncode is None:
            if not select.select([self._status], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
            (self.returncode,) = _NUMBER.unpack(self._status.read(_NUMBER.size) or b"")
            self._status.close()
        assert self.returncode is not None
        return self.returncode

    def poll(self) -> int | None:
        """The exit code, or None while it runs."""
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def communicate(self, input: str = "", timeout: float | None = None) -> tuple[str, str]:  # noqa: A002
        """Give it this to read, and read to the end. Raises subprocess.TimeoutExpired."""
        end = None if timeout is None else time.monotonic() + timeout
        pool = ThreadPoolExecutor(2)
        try:
            streams = [pool.submit(stream.read) for stream in (self.stdout, self.stderr)]
            with contextlib.suppress(BrokenPipeError):  # it may end without reading
                if input:
                    self.stdin.write(input)
                self.stdin.close()
            out, err = (each.result(end and end - time.monotonic()) for each in streams)
            self.wait(end and max(0.0, end - time.monotonic()))
            self.stdout.close()
            self.stderr.close()
        except NotInTime:
            raise subprocess.TimeoutExpired(self.args, timeout or 0) from None
        finally:
            pool.shutdown(wait=False)
        return out, err

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)


AnyProgram: TypeAlias = "Program | subprocess.Popen[str]"


def _pipe(we_write: bool) -> tuple[int, int]:
    """Our end of a pipe, and theirs."""
    reading, writing = os.pipe()
    return (writing, reading) if we_write else (reading, writing)


def _ask_to_start(request: dict[str, Any], descriptors: Sequence[int]) -> None:
    """Their ends are closed here once the starter has them."""
    text = json.dumps(request).encode()
    with _ASKING:
        starter = _starter()
        socket.send_fds(starter, [_NUMBER.pack(len(text))], list(descriptors))
        starter.sendall(text)
    for descriptor in descriptors:
        os.close(descriptor)


@cache
def _starter() -> socket.socket:
    """The line to this process's starter, which ends with the line."""
    ours, theirs = socket.socketpair()
    with theirs:
        command = [sys.executable, __file__, str(theirs.fileno())]
        # Nobody waits for it: a Popen that is forgotten while it runs would be a ResourceWarning.
        _STARTERS.append(subprocess.Popen(command, pass_fds=[theirs.fileno()]))
    return ours


_STARTERS: list[subprocess.Popen[bytes]] = []
_ASKING = threading.Lock()


# --- the starter's side ---------------------------------------------------------------------------


def _next_program(line: socket.socket) -> list[str]:
    """Start what is asked for; returns, with its command, in the new process only."""
    while True:
        size, descriptors = _receive(line)
        request = json.loads(_exactly(line, size))
        if os.fork() == 0:
            line.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _become(request, descriptors)
            return list(request["command"])
        for descriptor in descriptors:
            os.close(descriptor)


def _receive(line: socket.socket) -> tuple[int, list[int]]:
    head, descriptors, _, _ = socket.recv_fds(line, _NUMBER.size, 4)
    if not head:
        os._exit(0)
    return _NUMBER.unpack(head)[0], descriptors


def _exactly(line: socket.socket, size: int) -> bytes:
    text = b""
    while len(text) < size:
        text += line.recv(size - len(text))
    return text


def _become(request: dict[str, Any], descriptors: list[int]) -> None:
    """Make of this process the program, and of its parent who tells how it ends."""
    *streams, status = descriptors
    pid = os.fork()
    if pid:
        for stream in (*streams, 0, 1, 2):
            os.close(stream)
        os.write(status, _NUMBER.pack(pid))
        ended = os.waitpid(pid, 0)[1]
        os.write(status, _NUMBER.pack(os.waitstatus_to_exitcode(ended)))
        os._exit(0)
    os.close(status)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(  # noqa: SIM115
        2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False
    )
    os.environ.clear()
    os.environ.update(request["env"])
    time.tzset()
    os.chdir(request["cwd"])


def _run(command: list[str]) -> None:
    if command[0].endswith(".py"):
        sys.argv = command
        runpy.run_path(command[0], run_name="__main__")
    else:
        sys.argv = ["noond", *command]
        sys.path[0] = str(Path.cwd())
        runpy.run_module("noond", run_name="__main__", alter_sys=True)


def _main() -> None:
    for name in _IMPORTED:
        importlib.import_module(name)
    gc.freeze()  # what all programs share is not looked at, and so not copied
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    command = _next_program(socket.socket(fileno=int(sys.argv[1])))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    _run(command)


if __name__ == "__main__":
    _main()
