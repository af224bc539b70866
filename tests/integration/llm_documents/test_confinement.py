"""What a confined process can no longer do, asked of a real one."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

import noond

ROOT = str(Path(noond.__file__).parents[1])
PROGRAM = """
    import json, os, resource, socket, sys
    root, secret, target = sys.argv[1:]
    sys.path.append(root)
    from noond.llm.documents.confinement import confine, die_with_parent

    attempts = {
        "socket": lambda: socket.socket(),
        "socketpair": lambda: socket.socketpair(),
        "fork": lambda: os._exit(0) if os.fork() == 0 else None,
        "exec": lambda: os.execv("/bin/true", ["true"]),
        "kill": lambda: os.kill(os.getppid(), 0),
        "read": lambda: open(secret).read(),
        "write": lambda: open(target, "w"),
        "remove": lambda: os.remove(secret),
        "memory": lambda: bytearray(64 * 1024 * 1024),
    }
    die_with_parent(os.getppid())
    walls = confine(seconds=7, memory_bytes=64 * 1024 * 1024, readable=[])
    done = {}
    for name, attempt in attempts.items():
        try:
            attempt()
        except (OSError, MemoryError) as error:
            done[name] = type(error).__name__
    limits = {
        name: resource.getrlimit(getattr(resource, "RLIMIT_" + name))
        for name in ("AS", "CPU", "FSIZE", "CORE", "NPROC")
    }
    print(json.dumps({"walls": sorted(walls), "refused": done, "limits": limits}))
"""


@pytest.fixture(scope="module")
def confined(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("confined")
    (folder / "secret").write_text("canary")
    done = subprocess.run(
        [
            *(sys.executable, "-I", "-c", textwrap.dedent(PROGRAM)),
            *(ROOT, str(folder / "secret"), str(folder / "target")),
        ],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert (folder / "secret").read_text() == "canary"
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def test_memory_time_and_files_are_limited(confined: dict[str, Any]) -> None:
    assert confined["limits"] == {
        "AS": [64 * 1024 * 1024] * 2,
        "CPU": [7, 8],
        "FSIZE": [0, 0],
        "CORE": [0, 0],
        "NPROC": [0, 0],
    }
    assert confined["refused"]["memory"] == "MemoryError"


@pytest.mark.parametrize("attempt", ["socket", "socketpair", "fork", "exec", "kill"])
def test_sockets_and_processes_are_out_of_reach(confined: dict[str, Any], attempt: str) -> None:
    assert "seccomp" in confined["walls"]
    assert confined["refused"].get(attempt) == "PermissionError"


@pytest.mark.parametrize("attempt", ["read", "write", "remove"])
def test_files_are_out_of_reach_where_it_is_said(confined: dict[str, Any], attempt: str) -> None:
    refused = confined["refused"].get(attempt) == "PermissionError"

    assert refused == ("landlock" in confined["walls"])
