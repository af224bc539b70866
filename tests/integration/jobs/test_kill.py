"""kill -9 of a busy engine, again and again: no acknowledged job lost, none run after its end,
no step run again whose result was kept.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

from noond.store import opening

KILLS = int(os.environ.get("SOAK_JOBS", "8"))

ENGINE = """
import asyncio, os, sys
from pathlib import Path
from noond.clock import SystemClock
from noond.config import JobSettings
from noond.jobs.engine import JobEngine
from noond.jobs.policy import JobPolicy
from noond.models.account import User
from noond.models.job import NewJob
from noond.store import users
from noond.store.database import Database

path, producing, keeping = Path(sys.argv[1]), sys.argv[2] == "produce", sys.argv[3] == "keep"
notes = os.open(path.with_name("notes"), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
clock = SystemClock()

class Work:
    name = "work"
    policy = JobPolicy(max_retries=0)

    async def run(self, job, context):
        # Some are in the middle of it when the process dies.
        for number in range(job.payload["steps"]):
            await asyncio.sleep(0)
            if number % 20 == 0:
                await self.step(job, context, str(number))
        return job.payload["steps"]

    async def step(self, job, context, name):
        async def work():
            os.write(notes, f"ran {job.id} {name}\\n".encode())
            return name

        await (context.step(name, work) if keeping else work())
        os.write(notes, f"kept {job.id} {name}\\n".encode())

async def produce(database, engine, lane):
    number = 0
    while True:
        number += 1
        key = f"lane-{lane}" if number % 3 == 0 else None
        made = await engine.enqueue(NewJob(
            user_id=("ana", "ben")[lane % 2], job_type="work", queue="q",
            priority=1 + number % 3, payload={"steps": number % 50}, concurrency_key=key,
        ))
        print("queued", made.id, flush=True)

def left(connection):
    return connection.execute(
        "SELECT count(*) FROM jobs WHERE status IN ('pending', 'running')").fetchone()[0]

async def main():
    database = await Database.open(path)
    def fill(tx):
        for name in ("ana", "ben"):
            if not tx.execute("SELECT 1 FROM users WHERE id = ?", (name,)).fetchone():
                users.insert(tx, User(id=name, name=name, timezone="UTC", created_at=clock.now()))
    await database.write(fill)
    engine = JobEngine(
        database, clock, JobSettings(concurrent=8, rates={}), types=[Work()])
    await engine.start()
    if producing:
        await asyncio.gather(*(produce(database, engine, lane) for lane in range(4)))
    while await database.read(left):
        await database.write(lambda _: None)
    await engine.stop(grace_seconds=5)
    await database.close()

asyncio.run(main())
"""


def rows(path: Path, where: str) -> set[tuple[str, int]]:
    with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
        return set(database.execute(f"SELECT id, attempt FROM jobs WHERE {where}"))


def run_again(notes: str) -> set[str]:
    """The steps that were run after they had been kept."""
    kept: set[str] = set()
    again: set[str] = set()
    for line in notes.splitlines():
        word, _, step = line.partition(" ")
        if word == "kept":
            kept.add(step)
        elif step in kept:
            again.add(step)
    assert kept, "no step was kept: nothing was tried"
    return again


def test_without_keeping_them_steps_are_run_again(tmp_path: Path) -> None:
    """The check of the test below can fail."""
    kill_again_and_again(tmp_path, min(KILLS, 8), steps="forget")
    assert run_again((tmp_path / "notes").read_text()) != set()


def test_no_job_is_lost_and_nothing_is_run_again(tmp_path: Path) -> None:
    kill_again_and_again(tmp_path, KILLS, steps="keep")
    assert run_again((tmp_path / "notes").read_text()) == set()


def kill_again_and_again(tmp_path: Path, kills: int, *, steps: str) -> None:
    """Kill busy engines, let one finish, and see that nothing acknowledged is lost."""
    path = tmp_path / "noond.db"
    opening.prepare(path)
    chance = random.Random(3)
    acknowledged: set[str] = set()
    finished: set[tuple[str, int]] = set()
    crashed = 0
    for _ in range(kills):
        with subprocess.Popen(
            [sys.executable, "-c", ENGINE, str(path), "produce", steps],
            stdout=subprocess.PIPE,
            text=True,
        ) as engine:
            assert engine.stdout is not None
            lines = [engine.stdout.readline() for _ in range(chance.randint(1, 400))]
            os.kill(engine.pid, signal.SIGKILL)
            lines += engine.stdout
        acknowledged |= {
            line.split()[1] for line in lines if line.startswith("queued") and line.endswith("\n")
        }
        now_finished = rows(path, "status = 'completed'")
        assert finished <= now_finished, "what has ended is not touched again"
        finished = now_finished
        crashed += len(rows(path, "status = 'running'"))
    subprocess.run(
        [sys.executable, "-c", ENGINE, str(path), "drain", steps], check=True, timeout=60
    )
    done = rows(path, "status = 'completed'")
    assert finished <= done
    assert len(acknowledged) > kills
    assert acknowledged <= {job_id for job_id, _ in done}
    assert rows(path, "status <> 'completed'") == set()
    assert crashed > 0, "no kill came while a job was running: nothing was tried"
    # A crash costs an attempt, nothing else; most jobs never met one.
    assert sum(attempt - 1 for _, attempt in done) == crashed
