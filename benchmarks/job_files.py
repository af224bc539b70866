"""The files that job benchmarks run on, and the bare statements: what cannot be left out."""

from __future__ import annotations

import contextlib
import resource
import statistics
import time
from pathlib import Path
from typing import Any

from noond.clock import SystemClock
from noond.models.account import User
from noond.models.job import NewJob
from noond.store import jobs, opening, users
from noond.store.database import connect_writer

GROUP = 64
QUEUE = "default"
CLOCK = SystemClock()


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
                jobs.insert_rows_all_users(tx, [values() for _ in range(count)])
            tx.execute(
                "UPDATE jobs SET status = 'completed', attempt = 1, started_at = created_at,"
                " completed_at = created_at - 86400000"
            )
            tx.execute("COMMIT")
        tx.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


def new_job() -> NewJob:
    """What is queued."""
    return NewJob(user_id="u", job_type="noop", payload={"n": 1})


def values() -> tuple[Any, ...]:
    """Its row."""
    return jobs.values_of(new_job(), now=CLOCK.now())


def cpu() -> float:
    """CPU seconds of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def through_bare(path: Path, count: int) -> dict[str, float]:
    """Rates per second of sqlite3 alone."""
    rows = [values() for _ in range(count)]
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
            jobs.insert_rows_all_users(tx, [values()])
            tx.execute("COMMIT")
            commits.append(time.perf_counter() - begun)
    return {
        "enqueue": count / enqueued,
        "drain": count / drained,
        "cpu": used,
        "commit": statistics.quantiles(commits, n=100)[98] * 1000,
    }
