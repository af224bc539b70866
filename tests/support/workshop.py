"""An engine on a real database, and jobs that a test holds by the hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from noond.clock import SystemClock
from noond.jobs.engine import JobEngine, Snooze
from noond.models.job import Job
from noond.store import jobs
from noond.store.database import Database

WAIT_SECONDS = 10


class Handler:
    """A job type that does what the test says, and tells what was asked of it."""

    name = "test"

    def __init__(self, work: Callable[[Job], Awaitable[Snooze | None]] | None = None) -> None:
        self.work = work
        self.started: asyncio.Queue[Job] = asyncio.Queue()
        self.running = 0
        self.most_running = 0

    async def run(self, job: Job) -> Snooze | None:
        """See JobType."""
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        self.started.put_nowait(job)
        try:
            return None if self.work is None else await self.work(job)
        finally:
            self.running -= 1

    async def next(self) -> Job:
        """The next job that starts."""
        async with asyncio.timeout(WAIT_SECONDS):
            return await self.started.get()


class Workshop:
    """A database, its engine, and what stands in the jobs table."""

    def __init__(self, database: Database, path: Path) -> None:
        self.database = database
        self.path = path
        self.clock = SystemClock()
        self.engine: JobEngine

    @asynccontextmanager
    async def engine_for(self, *types: Handler, slots: int = 4) -> AsyncIterator[JobEngine]:
        """A started engine; it is stopped without grace at the end."""
        self.engine = JobEngine(self.database, self.clock, types=types, slots=slots)
        await self.engine.start()
        try:
            yield self.engine
        finally:
            await self.engine.stop(grace_seconds=0)

    async def add(self, *, wait: timedelta = timedelta(), wake: bool = True, **changes: Any) -> str:
        """Queue a job, and wake the engine."""
        values = {
            "user_id": "ana", "job_type": "test", "queue": "q", "priority": 1, "payload": {},
            "concurrency_key": None, **changes,
        }  # fmt: skip
        now = self.clock.now() + wait
        job_id = await self.database.write(lambda tx: jobs.insert(tx, now=now, **values))
        if wake:
            self.engine.wake()
        return job_id

    async def row(self, job_id: str) -> dict[str, Any]:
        """The job as it stands in the table."""
        return await self.database.read(
            lambda c: dict(c.execute("SELECT * FROM jobs WHERE id = ?", (job_id,)).fetchone())
        )

    async def until(self, job_id: str, *statuses: str) -> dict[str, Any]:
        """Wait until the job has one of these statuses; each commit is looked at."""
        async with asyncio.timeout(WAIT_SECONDS):
            while (row := await self.row(job_id))["status"] not in statuses:
                await self.database.write(lambda _: None)
        return row

    async def idle(self) -> None:
        """Wait until the engine has looked at everything and sleeps."""
        await self.until(await self.add(), "completed")
        for _ in range(3):
            await self.database.write(lambda _: None)
