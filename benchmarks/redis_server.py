"""A Redis for the queues that need one: Debian's `redis-server`, with every write on the disk."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

START_SECONDS = 10
MISSING = (
    "redis-server is not installed, so what needs it is not measured: apt install redis-server"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Redis:
    """One that runs."""

    pid: int
    url: str


def is_installed() -> bool:
    """Whether there is one to start."""
    return shutil.which("redis-server") is not None


@contextmanager
def redis_server(folder: Path) -> Iterator[Redis]:
    """Run Redis on a free port of loopback, with its files in `folder`; it ends with the block."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    process = subprocess.Popen(
        [
            *("redis-server", "--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder)),
            *("--appendonly", "yes", "--appendfsync", "always", "--save", ""),
        ],
        stdout=subprocess.DEVNULL,
    )
    try:
        _wait_for(port, process)
        yield Redis(pid=process.pid, url=f"redis://127.0.0.1:{port}/0")
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1) as line:
            line.sendall(b"PING\r\n")
            if line.recv(7) == b"+PONG\r\n":
                return
        time.sleep(0.01)  # nothing tells when it listens
    raise RuntimeError(f"redis-server did not answer within {START_SECONDS} s")
