"""How fast is the job engine against sqlite3 alone, and does it stay so as the history grows?

No-op jobs go through the engine as through a daemon: queued one by one from 64 producers, each
told its id when it is on the disk; run with limits, a hard time limit and a progress report each.
The bare side does what cannot be left out, on the same schema with the same values and the same
settings (WAL, synchronous=FULL), 64 to a transaction: insert the rows; then claim 64 by the same
index and complete the 64 before. The sides take turns, each round on fresh files.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import logging
import resource
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import structlog
import uvloop

from benchmarks.harness import Figure, command_line, report, say
from noond.clock import SystemClock
from noond.config import JobSettings
from noond.jobs.context import JobContext
from noond.jobs.engine import JobEngine
from noond.jobs.policy import JobPolicy
from noond.models.account import User
from noond.models.job import Job, NewJob
from noond.models.rate import RateLimit
from noond.store import jobs, opening, users
from noond.store.database import Database, connect_writer

PRODUCERS = 64
GROUP = 64
QUEUE = "default"
CLOCK = SystemClock()


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


def new_file(folder: str, name: str, *, finished: int = 0) -> Path:
    """A database with a user, and so many jobs that have ended."""
    path = Path(folder) / name
    opening.prepare(path)
    with contextlib.closing(connect_writer(path)) as tx:
        users.insert(tx, User(id="u", name="u", timezone="UTC", created_at=CLOCK.now()))
        if finished:
            tx.execute("BEGIN")
            for start in range(0, finished, 10_000):
                count = min(10_000, finished - start)
                jobs.insert_rows_all_users(tx, [_values() for _ in range(count)])
            tx.execute(
                "UPDATE jobs SET status = 'completed', attempt = 1, started_at = created_at,"
                " completed_at = created_at - 86400000"
            )
            tx.execute("COMMIT")
        tx.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


def _new() -> NewJob:
    return NewJob(user_id="u", job_type="noop", payload={"n": 1})


def _values() -> tuple[Any, ...]:
    return jobs.values_of(_new(), now=CLOCK.now())


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


def cpu() -> float:
    """CPU seconds of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def through_engine(path: Path, count: int, slots: int) -> dict[str, float]:
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
            await engine.enqueue(_new())

    gc.collect()
    alone: list[float] = []
    with measured_lag(alone):
        await asyncio.sleep(1)
    with measured_lag(lags):
        cpu_before, begun = cpu(), time.perf_counter()
        await asyncio.gather(*(produce() for _ in range(PRODUCERS)))
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
        await engine.enqueue(_new())
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


def bare(path: Path, count: int) -> dict[str, float]:
    """Rates per second of sqlite3 alone."""
    rows = [_values() for _ in range(count)]
    cpu_before = cpu()
    with contextlib.closing(connect_writer(path)) as tx:
        begun = time.perf_counter()
        for start in range(0, count, GROUP):
            tx.execute("BEGIN IMMEDIATE")
            jobs.insert_rows_all_users(tx, rows[start : start + GROUP])
            tx.execute("COMMIT")
        enqueued = time.perf_counter() - begun
        begun = time.perf_counter()
        claimed: list[tuple[str]] = []
        while True:
            tx.execute("BEGIN IMMEDIATE")
            tx.executemany(
                "UPDATE jobs SET status = 'completed', completed_at = 1"
                " WHERE id = ? AND attempt = 1 AND status = 'running'",
                claimed,
            )
            claimed = [
                (row[0],)
                for row in tx.execute(
                    "SELECT id, payload, attempt FROM jobs INDEXED BY jobs_ready"
                    " WHERE status = 'pending' AND hold = 0 AND queue = ? AND priority = 5"
                    " AND user_id = 'u' AND job_type = 'noop' ORDER BY scheduled_at, id LIMIT ?",
                    (QUEUE, GROUP),
                )
            ]
            tx.executemany(
                "UPDATE jobs SET status = 'running', attempt = 1, started_at = 1 WHERE id = ?",
                claimed,
            )
            tx.execute("COMMIT")
            if not claimed:
                break
        drained = time.perf_counter() - begun
        used = (cpu() - cpu_before) / count * 1000
        commits = []
        for _ in range(200):
            time.sleep(0.002)
            begun = time.perf_counter()
            tx.execute("BEGIN IMMEDIATE")
            jobs.insert_rows_all_users(tx, [_values()])
            tx.execute("COMMIT")
            commits.append(time.perf_counter() - begun)
    return {
        "enqueue": count / enqueued,
        "drain": count / drained,
        "cpu": used,
        "commit": statistics.quantiles(commits, n=100)[98] * 1000,
    }


def run_engine(path: Path, count: int, slots: int) -> dict[str, float]:
    """A round of the engine on a loop of its own."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(through_engine(path, count, slots))


def parser() -> argparse.ArgumentParser:
    """The command line."""
    line = command_line(__doc__)
    line.add_argument("--jobs", type=int, default=10_000, help="jobs in a round")
    line.add_argument("--rounds", type=int, default=3)
    line.add_argument("--slots", type=int, default=128, help="jobs.concurrent")
    line.add_argument("--finished", type=int, nargs="*", default=[10, 10_000, 500_000])
    return line


def main() -> None:
    """Measure and print."""
    options = parser().parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    rounds, raws, flat = [], [], {}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(options.rounds + 1):
            say(f"jobs: round {number} of {options.rounds}")
            engine = run_engine(
                new_file(folder, f"engine-{number}.db"), options.jobs, options.slots
            )
            raw = bare(new_file(folder, f"bare-{number}.db"), options.jobs)
            if number:  # the first round warms up
                rounds.append(engine)
                raws.append(raw)
        for finished in options.finished:
            say(f"jobs: with {finished:,} ended ones")
            path = new_file(folder, f"history-{finished}.db", finished=finished)
            flat[finished] = run_engine(path, options.jobs, options.slots)

    def middle(name: str) -> float:
        return statistics.median(each[name] for each in rounds)

    def ratio(name: str) -> float:
        return statistics.median(a[name] / b[name] for a, b in zip(rounds, raws, strict=True))

    cpu_ratio = statistics.median(a["cpu"] / b["cpu"] for a, b in zip(rounds, raws, strict=True))
    figures = [
        Figure(name="CPU, of raw sqlite3", value=cpu_ratio, unit="times"),
        Figure(name="enqueue, 64 producers", value=middle("enqueue"), unit="/s"),
        Figure(name="enqueue, of raw sqlite3", value=ratio("enqueue"), unit="of it", aim=">= 0.5"),
        Figure(name="drain", value=middle("drain"), unit="/s"),
        Figure(name="drain, of raw sqlite3", value=ratio("drain"), unit="of it", aim=">= 0.25"),
        Figure(name="CPU per 1,000 jobs, both", value=middle("cpu"), unit="s", aim="<= 0.05"),
        Figure(name="loop lag, p99", value=middle("lag"), unit="ms", aim="<= 5"),
        Figure(
            name="lag of the same loop with nothing to do", value=middle("lag alone"), unit="ms"
        ),
        Figure(name="start of a job when idle, p99", value=middle("start"), unit="ms", aim="<= 2"),
        Figure(name="start of a job when idle, median", value=middle("start median"), unit="ms"),
    ]
    for name in ("enqueue", "drain"):
        rate = statistics.median(each[name] for each in raws)
        figures.append(Figure(name=f"raw sqlite3, {name}", value=rate, unit="/s"))
    raw_cpu = statistics.median(each["cpu"] for each in raws)
    commit = statistics.median(each["commit"] for each in raws)
    figures.append(Figure(name="raw sqlite3, one row and its commit, p99", value=commit, unit="ms"))
    figures.append(Figure(name="raw sqlite3, CPU per 1,000 jobs", value=raw_cpu, unit="s"))
    figures += [
        Figure(name=f"drain with {finished:,} finished", value=each["drain"], unit="/s")
        for finished, each in flat.items()
    ]
    report("The job engine", figures, as_json=options.json)


if __name__ == "__main__":
    main()
