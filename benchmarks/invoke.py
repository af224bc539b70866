"""What does a message to an agent cost beside a bare langchain call to the same model?

The model answers at once, so all that is seen is overhead. The bare peer is a process that calls
`ainvoke` of langchain for each message. The daemon takes the message over HTTP, checks the
credential and the rate, stores the task before it begins, keeps the answer, its account, the
interaction and the activity on the disk, and replies: four transactions with a synced WAL. Both
ask the same server, one message after the other, then eight at a time.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection as Pipe
from typing import Any

from benchmarks.harness import (
    Figure,
    Served,
    command_line,
    cpu_seconds,
    in_process,
    median_of,
    ratio_of,
    report,
    say,
    served,
)
from benchmarks.model_server import model_server

MODEL = "bench"
MESSAGE = "How are you?"


async def timed(ask: Callable[[], Awaitable[Any]], count: int, at_once: int) -> list[float]:
    """Seconds of each of `count` messages, `at_once` under way at a time."""
    left = count
    seconds: list[float] = []

    async def one_after_the_other() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            began = time.perf_counter()
            await ask()
            seconds.append(time.perf_counter() - began)

    await asyncio.gather(*(one_after_the_other() for _ in range(at_once)))
    return seconds


def bare_langchain(base_url: str, pipe: Pipe) -> None:
    """Answers (count, at once) on the pipe with seconds of each and in all, until it is closed."""
    from langchain_openai.chat_models.base import BaseChatOpenAI
    from pydantic import SecretStr

    model = BaseChatOpenAI(
        model=MODEL, base_url=base_url, api_key=SecretStr("none"), max_retries=0, timeout=60
    )

    async def answer() -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                count, at_once = await loop.run_in_executor(None, pipe.recv)
            except EOFError:
                return
            began = time.perf_counter()
            each = await timed(lambda: model.ainvoke([("user", MESSAGE)]), count, at_once)
            pipe.send((each, time.perf_counter() - began))

    asyncio.run(answer())


async def ask_daemon(daemon: Served, count: int, at_once: int) -> tuple[list[float], float]:
    """Seconds of each message and in all."""

    async def ask() -> None:
        await daemon.call("POST", "/api/v1/agents/simple_llm_agent/invoke", {"message": MESSAGE})

    began = time.perf_counter()
    return await timed(ask, count, at_once), time.perf_counter() - began


async def ask_bare(pipe: Pipe, count: int, at_once: int) -> tuple[list[float], float]:
    """The same of the peer."""
    pipe.send((count, at_once))
    answered: tuple[list[float], float] = await asyncio.to_thread(pipe.recv)
    return answered


async def measure(options: argparse.Namespace) -> list[Figure]:
    """All figures."""
    settings = {
        "LLM__PROVIDER": "openai",
        "LLM__MODEL": MODEL,
        "LLM__CONCURRENCY": "64",
        "LIMITS__INVOKES_PER_MINUTE": "1000000",
        "ASSISTANT__RATE": "1000000/min",
        "JOBS__RATES": '{"*" = "1000000/min"}',
    }
    ours: dict[str, list[float]] = {"one": [], "eight": [], "cpu": []}
    theirs: dict[str, list[float]] = {"one": [], "eight": [], "cpu": []}
    async with (
        model_server(0) as base_url,
        served(**settings, LLM__BASE_URL=base_url) as daemon,
    ):
        with in_process(bare_langchain, base_url) as (bare_pid, pipe):
            await ask_daemon(daemon, 20, 4)
            await ask_bare(pipe, 20, 4)
            for number in range(options.rounds):
                say(f"round {number + 1} of {options.rounds}")
                cpu = cpu_seconds(daemon.pid)
                each, _ = await ask_daemon(daemon, options.messages, 1)
                _, in_all = await ask_daemon(daemon, options.messages, 8)
                ours["cpu"].append((cpu_seconds(daemon.pid) - cpu) / (2 * options.messages))
                ours["one"].append(median_of(each))
                ours["eight"].append(in_all / options.messages)
                cpu = cpu_seconds(bare_pid)
                each, _ = await ask_bare(pipe, options.messages, 1)
                _, in_all = await ask_bare(pipe, options.messages, 8)
                theirs["cpu"].append((cpu_seconds(bare_pid) - cpu) / (2 * options.messages))
                theirs["one"].append(median_of(each))
                theirs["eight"].append(in_all / options.messages)
    return [
        Figure(name="message, p50", value=median_of(ours["one"]) * 1000, unit="ms"),
        Figure(name="bare langchain, p50", value=median_of(theirs["one"]) * 1000, unit="ms"),
        Figure(name="p50, of bare", value=ratio_of(ours["one"], theirs["one"]), unit="x"),
        Figure(name="eight at a time, a message", value=median_of(ours["eight"]) * 1000, unit="ms"),
        Figure(name="  of bare", value=ratio_of(ours["eight"], theirs["eight"]), unit="x"),
        Figure(name="CPU a message", value=median_of(ours["cpu"]) * 1000, unit="ms"),
        Figure(name="  of bare", value=ratio_of(ours["cpu"], theirs["cpu"]), unit="x"),
    ]


def parser() -> argparse.ArgumentParser:
    """The command line."""
    line = command_line(__doc__)
    line.add_argument("--messages", type=int, default=300, help="in each half of a round")
    line.add_argument("--rounds", type=int, default=3)
    return line


def main() -> None:
    """Measure and report."""
    options = parser().parse_args()
    figures = asyncio.run(measure(options))
    report("A message to an agent beside a bare langchain call", figures, as_json=options.json)


if __name__ == "__main__":
    main()
