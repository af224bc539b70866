"""The same no-op jobs through other queues, each with its own worker, in a process of its own.

First 64 producers queue the jobs one by one, each told when its job is on the disk (SQLite's
FULL; Redis' `appendfsync always`); then the worker starts and drains them, counted from the first
job's begin to the last one's end. Each acknowledges late, as noond does: a job is gone only when
it has ended. None keeps results. What could be set is set for speed. They are imported by name:
they are there only where requirements/bench.txt is installed.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
import warnings
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from importlib import import_module
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any, Final

from benchmarks.harness import cpu_seconds, in_process
from benchmarks.redis_server import redis_server

AT_ONCE = 128
"""Jobs that a worker runs at once, where that can be set; noond has as many slots."""


PATIENCE_SECONDS = 60


class Tally:
    """Counts the jobs that ran; when all have, the pipe gets the rates per second and the CPU.

    CPU seconds are this process's, for each 1,000 jobs, from here on.
    """

    def __init__(self, count: int, pipe: Pipe) -> None:
        self._left, self._count, self._pipe = count, count, pipe
        self._cpu, self._begun = time.process_time(), 0.0
        self.enqueued = 0.0
        """How many seconds it took to queue them all."""

    def __call__(self) -> None:
        """A job runs."""
        if self._left == self._count:
            self._begun = time.perf_counter()
        self._left -= 1
        if self._left == 0:
            drained = time.perf_counter() - self._begun
            cpu = (time.process_time() - self._cpu) / self._count * 1000
            self._pipe.send(
                {"enqueue": self._count / self.enqueued, "drain": self._count / drained, "cpu": cpu}
            )


def _by_threads(enqueue: Callable[[], Any], count: int, producers: int) -> float:
    with ThreadPoolExecutor(producers) as pool:
        begun = time.perf_counter()
        for done in [pool.submit(enqueue) for _ in range(count)]:
            done.result()
        return time.perf_counter() - begun


async def _by_tasks(enqueue: Callable[[], Awaitable[Any]], count: int, producers: int) -> float:
    numbers = iter(range(count))

    async def produce() -> None:
        for _ in numbers:
            await enqueue()

    begun = time.perf_counter()
    await asyncio.gather(*(produce() for _ in range(producers)))
    return time.perf_counter() - begun


def huey(where: str, count: int, producers: int, pipe: Pipe) -> None:
    """SqliteHuey, WAL and FULL, two threads at work; `where` is its file."""
    queue = import_module("huey").SqliteHuey(
        filename=where, fsync=True, results=False, timeout=60, immediate=False
    )
    tally = Tally(count, pipe)
    noop = queue.task()(lambda n: tally())  # noqa: ARG005
    tally.enqueued = _by_threads(lambda: noop(1), count, producers)
    queue.create_consumer(workers=1, periodic=False, initial_delay=0.001).run()


def celery(where: str, count: int, producers: int, pipe: Pipe) -> None:
    """Celery on Redis, acks_late; its solo pool, which is the fastest for jobs like these."""
    app = import_module("celery").Celery("peer", broker=where)
    app.conf.update(
        task_acks_late=True,
        task_ignore_result=True,
        worker_prefetch_multiplier=AT_ONCE,
        broker_pool_limit=producers,
        worker_hijack_root_logger=False,
        broker_connection_retry_on_startup=True,
    )
    tally = Tally(count, pipe)

    def count_down(n: int) -> None:  # noqa: ARG001
        tally()

    noop = app.task(count_down, name="noop")
    tally.enqueued = _by_threads(lambda: noop.delay(1), count, producers)
    app.Worker(
        pool="solo", quiet=True, loglevel="ERROR", without_gossip=True, without_mingle=True,
        without_heartbeat=True,
    ).start()  # fmt: skip


def arq(where: str, count: int, producers: int, pipe: Pipe) -> None:
    """Arq on Redis."""
    asyncio.run(_arq(where, count, producers, pipe))


async def _arq(where: str, count: int, producers: int, pipe: Pipe) -> None:
    settings = import_module("arq.connections").RedisSettings.from_dsn(where)
    redis = await import_module("arq").create_pool(settings)
    tally = Tally(count, pipe)
    tally.enqueued = await _by_tasks(lambda: redis.enqueue_job("noop", 1), count, producers)

    async def noop(_context: dict[Any, Any], _n: int) -> None:
        tally()

    function = import_module("arq.worker").func(noop, name="noop", keep_result=0)
    worker = import_module("arq.worker").Worker(
        [function], redis_pool=redis, max_jobs=AT_ONCE, poll_delay=0.001, handle_signals=False,
        log_results=False,
    )  # fmt: skip
    await worker.async_run()


def taskiq(where: str, count: int, producers: int, pipe: Pipe) -> None:
    """Taskiq on a stream of Redis."""
    asyncio.run(_taskiq(where, count, producers, pipe))


async def _taskiq(where: str, count: int, producers: int, pipe: Pipe) -> None:
    # The group must be there before the first job: by default it begins with what comes after it.
    broker = import_module("taskiq_redis").RedisStreamBroker(where, consumer_id="0")
    tally = Tally(count, pipe)

    async def noop(_n: int) -> None:
        tally()

    task = broker.register_task(noop, task_name="noop")
    await broker.startup()
    tally.enqueued = await _by_tasks(lambda: task.kiq(1), count, producers)
    await import_module("taskiq.api").run_receiver_task(broker, max_async_tasks=AT_ONCE)


PEERS: Final = {"SqliteHuey": huey, "taskiq": taskiq, "arq": arq, "Celery": celery}
ON_REDIS: Final = frozenset({"taskiq", "arq", "Celery"})


def run_peer(name: str, where: str, count: int, producers: int, pipe: Pipe) -> None:
    """Queue and drain so many jobs; the rates go into the pipe. Runs on until it is ended."""
    os.dup2(2, 1)  # what a worker says of itself is no part of the report
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")  # about running as root, for example
    PEERS[name](where, count, producers, pipe)


def through_peer(name: str, folder: Path, count: int, producers: int) -> dict[str, float]:
    """Rates per second, and CPU seconds per 1,000 jobs, Redis' own among them."""
    own = folder / name
    own.mkdir()
    with redis_server(own) if name in ON_REDIS else nullcontext() as redis:
        where = str(own / "jobs.db") if redis is None else redis.url
        before = 0.0 if redis is None else cpu_seconds(redis.pid)
        with in_process(run_peer, name, where, count, producers) as (_, pipe):
            if not pipe.poll(PATIENCE_SECONDS):
                raise RuntimeError(f"{name} did not run its jobs in {PATIENCE_SECONDS} s")
            figures: dict[str, float] = pipe.recv()
        if redis is not None:
            figures["cpu"] += (cpu_seconds(redis.pid) - before) / count * 1000
    return figures
