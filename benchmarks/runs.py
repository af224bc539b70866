"""How fast are runs?

A run of 600 files with a model of 50 ms, four questions at once, against a plain sequential loop
with the same client over the same files; the two take turns, the daemon is a fresh one each time.
Then a first run over 5,000 files with the rules, and a second one over the same files, which have
not changed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from collections import defaultdict
from typing import Any

from benchmarks.bench_device import AGENT, BenchDevice
from benchmarks.harness import (
    Figure,
    Served,
    command_line,
    cpu_seconds,
    median_of,
    ratio_of,
    report,
    say,
    served,
)
from benchmarks.model_server import model_server


def some_files(count: int) -> dict[str, str]:
    """Short notes with one task each, for a model and for the rules alike."""
    filler = "A paragraph of the kind that notes are full of.\n" * 12
    return {
        f"note-{n:05}.md": f"# Note {n}\n\n{filler}\nTask number {n} is due\n\n- [ ] Task {n}\n"
        for n in range(count)
    }


async def one_run(daemon: Served, agent_id: str) -> tuple[float, float, dict[str, Any]]:
    """Wall and CPU seconds of the daemon for a run, and the run."""
    cpu, began = cpu_seconds(daemon.pid), time.perf_counter()
    run_id = (await daemon.call("POST", f"/api/v1/agents/{agent_id}/runs"))["run_id"]
    run = await daemon.finished(run_id)
    assert run["status"] == "success", run
    return time.perf_counter() - began, cpu_seconds(daemon.pid) - cpu, run


async def with_a_model(files: dict[str, str], milliseconds: float, rounds: int) -> list[Figure]:
    """noond at concurrency 4 against a loop that asks for one file after the other."""
    count = len(files)
    found: dict[str, list[float]] = defaultdict(list)
    async with model_server(milliseconds) as base_url:
        for number in range(rounds):
            say(f"runs with a model: round {number + 1} of {rounds}")
            wall, cpu = await _noond_with_a_model(files, base_url)
            found["wall"].append(wall)
            found["cpu"].append(cpu / count * 1000)
            loop = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "benchmarks.runs", "--loop", base_url,
                "--files", str(count), stdout=asyncio.subprocess.PIPE,
            )  # fmt: skip
            out, _ = await loop.communicate()
            for name, value in json.loads(out).items():
                found[f"plain {name}"].append(value)
    speedup = ratio_of(found["plain wall"], found["wall"])
    return [
        Figure(name=f"noond, {count} files, 4 at once", value=median_of(found["wall"]), unit="s"),
        Figure(name="plain loop", value=median_of(found["plain wall"]), unit="s"),
        Figure(name="speed-up", value=speedup, unit="x", aim=">= 3.5"),
        Figure(name="daemon CPU per file", value=median_of(found["cpu"]), unit="ms"),
        Figure(name="LLM client alone", value=median_of(found["plain cpu_ms"]), unit="ms"),
    ]


async def _noond_with_a_model(files: dict[str, str], base_url: str) -> tuple[float, float]:
    settings = {
        "LLM__PROVIDER": "openai",
        "LLM__BASE_URL": base_url,
        "LLM__API_KEY": "bench",
        "LLM__MODEL": "bench",
        "LLM__CONCURRENCY": "4",
    }
    async with served(**settings) as daemon:
        device = BenchDevice(files)
        connected = asyncio.create_task(device.serve(daemon.url, await daemon.pair(), daemon.http))
        agent_id = (await daemon.call("POST", "/api/v1/agents", AGENT))["id"]
        wall, cpu, run = await one_run(daemon, agent_id)
        assert run["items_created"] == len(files), run
        connected.cancel()
    return wall, cpu


def plain_loop(base_url: str, count: int) -> None:
    """The loop somebody would write without noond: the same client, nothing stored."""
    from langchain_openai import ChatOpenAI
    from pydantic import SecretStr

    chat = ChatOpenAI(
        base_url=base_url,
        api_key=SecretStr("bench"),
        model="bench",
        timeout=60,
        max_retries=0,
    )
    texts = list(some_files(count).values())

    async def ask_all() -> tuple[float, float]:
        await chat.ainvoke("warm up")
        began, cpu = time.perf_counter(), cpu_seconds(os.getpid())
        for text in texts:
            await chat.ainvoke(text)
        return time.perf_counter() - began, cpu_seconds(os.getpid()) - cpu

    wall, cpu = asyncio.run(ask_all())
    print(json.dumps({"wall": wall, "cpu_ms": cpu / count * 1000}))


async def unchanged(count: int) -> list[Figure]:
    """A first run with the rules, and a second one over the same files."""
    say(f"runs with the rules over {count} files")
    async with served() as daemon:
        device = BenchDevice(some_files(count))
        connected = asyncio.create_task(device.serve(daemon.url, await daemon.pair(), daemon.http))
        agent_id = (await daemon.call("POST", "/api/v1/agents", AGENT))["id"]
        first, first_cpu, _ = await one_run(daemon, agent_id)
        second, second_cpu, run = await one_run(daemon, agent_id)
        assert run["coverage"]["unchanged"] == count, run
        connected.cancel()
    return [
        Figure(name=f"first run, {count} files, rules", value=first, unit="s"),
        Figure(name="  daemon CPU per file", value=first_cpu / count * 1000, unit="ms"),
        Figure(name=f"second run, {count} unchanged", value=second, unit="s", aim="< 1"),
        Figure(name="  daemon CPU", value=second_cpu, unit="s"),
    ]


async def _measure(options: argparse.Namespace) -> None:
    figures = await with_a_model(some_files(options.files), options.milliseconds, options.rounds)
    figures += await unchanged(options.unchanged)
    report("Runs", figures, as_json=options.json)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    line = command_line(__doc__)
    line.add_argument("--files", type=int, default=600, help="with the model")
    line.add_argument("--milliseconds", type=float, default=50, help="that the model takes")
    line.add_argument("--rounds", type=int, default=3, help="with the model")
    line.add_argument("--unchanged", type=int, default=5000, help="files with the rules")
    line.add_argument("--loop", metavar="URL", help=argparse.SUPPRESS)
    return line


if __name__ == "__main__":
    chosen = parser().parse_args()
    if chosen.loop:
        plain_loop(chosen.loop, chosen.files)
    else:
        asyncio.run(_measure(chosen))
