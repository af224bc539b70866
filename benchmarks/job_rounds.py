"""A round of the job engine: no-op jobs with limits, time limits and progress, as in a daemon."""

from __future__ import annotations

import asyncio
import gc
import sqlite3
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvloop

from benchmarks.job_files import CLOCK, QUEUE, cpu, new_job
from noond.config import JobSettings
from noond.jobs.context import JobContext
from noond.jobs.engine import JobEngine
from noond.jobs.policy import JobPolicy
from noond.models.job import Job
from noond.models.rate import RateLimit
from noond.store.database import Database


class NoOp:
    """Does nothing, and says so."""

    name = "noop"
    policy = JobPolicy(rate=RateLimit(1_000_000, 60))

    def __init__(self) -> None:
        self.left = 0
        self.done = asyncio.Event()
        self.waits: list[float] = []
        self.asked = 0.0

    async def run(self, job: Job, context: JobContext) -> None:  # noqa: ARG002
        """Count down."""
        if self.asked:
            self.waits.append(time.perf_counter() - self.asked)
        context.progress(50)
        self.left -= 1
        if self.left == 0:
            self.done.set()


@contextmanager
def measured_lag(lags: list[float]) -> Iterator[None]:
    """Append how late the loop comes to a timer of 5 ms, again and again."""

    async def tick() -> None:
        while True:
            begun = time.perf_counter()
            await asyncio.sleep(0.005)
            lags.append(time.perf_counter() - begun - 0.005)

    task = asyncio.create_task(tick())
    try:
        yield
    finally:
        task.cancel()


async def _through_engine(path: Path, count: int, slots: int, producers: int) -> dict[str, float]:
    """Rates per second, CPU seconds per 1,000, lag and start in milliseconds."""
    database = await Database.open(path)
    work = NoOp()
    settings = JobSettings(concurrent=slots, rates={"*": "1000000/min", QUEUE: "1000000/min"})
    engine = JobEngine(database, CLOCK, settings, types=[work])
    await engine.start()
    await engine.pause(QUEUE)
    work.left, lags = count, list[float]()
    numbers = iter(range(count))

    async def produce() -> None:
        for _ in numbers:
            await engine.enqueue(new_job())

    gc.collect()
    gc.freeze()  # as the daemon does once it is ready
    alone: list[float] = []
    with measured_lag(alone):
        await asyncio.sleep(1)
    with measured_lag(lags):
        cpu_before, begun = cpu(), time.perf_counter()
        await asyncio.gather(*(produce() for _ in range(producers)))
        enqueued = time.perf_counter() - begun
        await engine.resume(QUEUE)
        begun = time.perf_counter()
        await work.done.wait()
        while await database.read(_unfinished):
            await asyncio.sleep(0.0005)
        drained = time.perf_counter() - begun
        used = cpu() - cpu_before
    for _ in range(200):
        await asyncio.sleep(0.002)
        work.left = 1
        work.done.clear()
        work.asked = time.perf_counter()
        await engine.enqueue(new_job())
        await work.done.wait()
    await engine.stop(grace_seconds=5)
    await database.close()
    return {
        "enqueue": count / enqueued,
        "drain": count / drained,
        "cpu": used / count * 1000,
        "lag alone": statistics.quantiles(alone, n=100)[98] * 1000,
        "lag": statistics.quantiles(lags, n=100)[98] * 1000,
        "start": statistics.quantiles(work.waits, n=100)[98] * 1000,
        "start median": statistics.median(work.waits) * 1000,
    }


def _unfinished(connection: sqlite3.Connection) -> bool:
    row = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM jobs WHERE status = 'pending' AND hold = 0)"
        " OR EXISTS (SELECT 1 FROM jobs WHERE status = 'running')"
    ).fetchone()
    return bool(row[0])


def through_engine(path: Path, count: int, slots: int, producers: int) -> dict[str, float]:
    """A round of the engine on a loop of its own."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_through_engine(path, count, slots, producers))
