"""What the benchmarks share: processes of their own, their CPU and memory, options, a report."""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any

import aiohttp

PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of a report; `aim` is what it should reach."""

    name: str
    value: float
    unit: str
    aim: str = ""


def command_line(about: str | None) -> argparse.ArgumentParser:
    """The options that every benchmark has; `about` is its docstring."""
    parser = argparse.ArgumentParser(
        description=about, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    return parser


def say(progress: str) -> None:
    """Tell on stderr what is being done."""
    print(progress, file=sys.stderr, flush=True)


def report(title: str, figures: Sequence[Figure], *, as_json: bool) -> None:
    """Print the figures as a table, or as JSON."""
    if as_json:
        rows = [{"name": f.name, "value": f.value, "unit": f.unit, "aim": f.aim} for f in figures]
        print(json.dumps({"title": title, "figures": rows}))
        return
    print(title)
    for figure in figures:
        value = f"{figure.value:,.3f}".rstrip("0").rstrip(".")
        print(f"  {figure.name:<48} {value:>10} {figure.unit:<8} {figure.aim}")


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far, to the nanosecond (Linux)."""
    # What clock_getcpuclockid(3) returns: CPUCLOCK_SCHED of the whole process.
    return time.clock_gettime((~pid << 3) | 2)


def rss_megabytes(pid: int) -> float:
    """Resident memory of a process now (Linux)."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE / 2**20


def page_faults(pid: int) -> int:
    """How often a process needed a page of memory from the kernel so far (Linux)."""
    status = Path(f"/proc/{pid}/stat").read_text()
    return int(status.rpartition(")")[2].split()[7])


def reset_peak(pid: int) -> None:
    """Let `peak_megabytes` begin anew."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def peak_megabytes(pid: int) -> float:
    """The most resident memory of a process since `reset_peak` (Linux)."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def median_of(values: Sequence[float]) -> float:
    """The middle value."""
    return statistics.median(values)


def ratio_of(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of the rounds' ratios."""
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=True))


def allow_files() -> None:
    """As many sockets as the system lets this process have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _run(target: Callable[..., None], *arguments: Any) -> None:
    # A benchmark that is killed has no time to end its servers.
    threading.Thread(target=_end_with_parent, daemon=True).start()
    target(*arguments)


@contextmanager
def in_process(target: Callable[..., None], *arguments: Any) -> Iterator[tuple[int, Pipe]]:
    """Run a function in a process of its own until the block ends; the process's id and a pipe.

    The pipe's other end is the function's last argument.
    """
    context = multiprocessing.get_context("spawn")
    pipe, inner = context.Pipe()
    process = context.Process(target=_run, args=(target, *arguments, inner), daemon=True)
    process.start()
    inner.close()  # so that waiting for a process that died ends
    try:
        assert process.pid is not None
        yield process.pid, pipe
    finally:
        process.terminate()
        process.join()


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A daemon that runs as a process of its own, and a client with its first user's key."""

    pid: int
    url: str
    http: aiohttp.ClientSession
    ready_seconds: float

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON of a reply; raises on an error status."""
        async with self.http.request(method, self.url + path, json=body) as response:
            reply = await response.json()
            if response.status >= 300:
                raise RuntimeError(f"{method} {path}: {response.status} {reply}")
            return reply

    async def pair(self) -> str:
        """Pair the device `bench`; returns its token."""
        code = (await self.call("POST", "/api/v1/devices/pairings", {}))["code"]
        body = {"code": code, "device_id": "bench", "name": "bench"}
        return str((await self.call("POST", "/api/v1/devices/pair", body))["device_token"])

    async def finished(self, run_id: str) -> dict[str, Any]:
        """Follow a run to its end and return it."""
        async with self.http.get(f"{self.url}/api/v1/runs/{run_id}/events") as events:
            async for _ in events.content:
                pass
        run: dict[str, Any] = await self.call("GET", f"/api/v1/runs/{run_id}")
        return run


@asynccontextmanager
async def served(**settings: str) -> AsyncIterator[Served]:
    """`noond serve` in a new data directory, with settings as SECTION__KEY."""
    with tempfile.TemporaryDirectory() as directory:
        data = Path(directory) / "data"
        noond = [sys.executable, "-m", "noond"]
        made = subprocess.run(
            [*noond, "init", "--data-dir", str(data), "--json"],
            check=True, capture_output=True,
        )  # fmt: skip
        key = json.loads(made.stdout)["api_key"]
        environ = os.environ | {f"NOOND__{name}": value for name, value in settings.items()}
        began = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            *noond, "serve", "--data-dir", str(data), "--port", "0", "--json",
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL, env=environ,
        )  # fmt: skip
        try:
            assert process.stdout is not None
            url = json.loads(await process.stdout.readline())["url"]
            ready = time.perf_counter() - began
            headers = {"Authorization": f"Bearer {key}"}
            timeout = aiohttp.ClientTimeout(total=None)
            async with aiohttp.ClientSession(headers=headers, timeout=timeout) as http:
                yield Served(pid=process.pid, url=url, http=http, ready_seconds=ready)
        finally:
            process.terminate()
            await process.wait()
