"""An engine on a real database, and jobs that a test holds by the hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from noond.clock import SystemClock
from noond.config import JobSettings
from noond.jobs.context import JobContext
from noond.jobs.engine import JobEngine
from noond.jobs.policy import JobPolicy
from noond.jobs.workers import JobListener
from noond.models.job import Job, NewJob
from noond.store import job_states, jobs
from noond.store.database import Database

WAIT_SECONDS = 10


class Handler:
    """A job type that does what the test says, and tells what was asked of it."""

    def __init__(
        self,
        work: Callable[[Job], Awaitable[Any]] | None = None,
        *,
        talk: Callable[[Job, JobContext], Awaitable[Any]] | None = None,
        name: str = "test",
        **policy: Any,
    ) -> None:
        self.work = work
        self.talk = talk
        self.name = name
        self.policy = JobPolicy(**{"max_retries": 0, "backoff_seconds": 0, **policy})
        self.started: asyncio.Queue[Job] = asyncio.Queue()
        self.running = 0
        self.most_running = 0

    async def run(self, job: Job, context: JobContext) -> Any:
        """See JobType."""
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        self.started.put_nowait(job)
        try:
            if self.talk is not None:
                return await self.talk(job, context)
            return None if self.work is None else await self.work(job)
        finally:
            self.running -= 1

    async def next(self) -> Job:
        """The next job that starts."""
        async with asyncio.timeout(WAIT_SECONDS):
            return await self.started.get()


class Commits:
    """Counts a database's commits, and lets a test wait for the next one."""

    def __init__(self) -> None:
        self.count = 0
        self._loop = asyncio.get_running_loop()
        self._next = asyncio.Event()

    def made(self, _writes: int, _seconds: float) -> None:
        """See `Database.open`."""
        self._loop.call_soon_threadsafe(self._tell)

    def _tell(self) -> None:
        self.count += 1
        self._next.set()
        self._next = asyncio.Event()

    async def after(self, count: int) -> None:
        """Wait until there are more than that."""
        while self.count <= count:
            await self._next.wait()


class Workshop:
    """A database, its engine, and what stands in the jobs table."""

    def __init__(self, database: Database, path: Path, commits: Commits) -> None:
        self.database = database
        self.path = path
        self.commits = commits
        self.clock = SystemClock()
        self.engine: JobEngine

    @asynccontextmanager
    async def engine_for(
        self, *types: Handler, slots: int = 4, **settings: Any
    ) -> AsyncIterator[JobEngine]:
        """A started engine; it is stopped without grace at the end."""
        self.engine = self.engine_of(*types, slots=slots, **settings)
        await self.engine.start()
        try:
            yield self.engine
        finally:
            await self.engine.stop(grace_seconds=0)

    def engine_of(
        self,
        *types: Handler,
        slots: int = 4,
        listener: JobListener | None = None,
        **settings: Any,
    ) -> JobEngine:
        """An engine that is not started. Rates are off unless the test sets them."""
        values = {"concurrent": slots, "rates": {}, **settings}
        return JobEngine(
            self.database, self.clock, JobSettings(**values), types=types, listener=listener
        )

    async def add(self, *, wait: timedelta = timedelta(), wake: bool = True, **changes: Any) -> str:
        """Queue a job, and wake the engine."""
        values = {
            "user_id": "ana", "job_type": "test", "queue": "q", "priority": 1, "max_retries": 0,
            **changes,
        }  # fmt: skip
        now = self.clock.now()
        if wait:
            values["scheduled_at"] = now + wait
        job = NewJob(**values)
        made = await self.database.write(lambda tx: jobs.insert(tx, job, now=now))
        if wake:
            self.engine.wake()
        return made.id

    async def row(self, job_id: str) -> dict[str, Any]:
        """The job as it stands in the table."""
        return await self.database.read(
            lambda c: dict(c.execute("SELECT * FROM jobs WHERE id = ?", (job_id,)).fetchone())
        )

    async def until(self, job_id: str, *statuses: str) -> dict[str, Any]:
        """Wait until the job has one of these statuses; each commit is looked at."""
        return await self.until_row(job_id, lambda row: row["status"] in statuses)

    async def until_row(
        self, job_id: str, true: Callable[[dict[str, Any]], bool]
    ) -> dict[str, Any]:
        """Wait until that is true of the job's row; each commit is looked at."""
        async with asyncio.timeout(WAIT_SECONDS):
            seen = self.commits.count
            while not true(row := await self.row(job_id)):
                await self.commits.after(seen)
                seen = self.commits.count
        return row

    async def result(self, job_id: str) -> Any:
        """What ana's job gave back."""
        return await self.database.read(lambda c: job_states.find_result(c, "ana", job_id))

    async def idle(self) -> None:
        """Wait until the engine has looked at everything and sleeps."""
        await self.until(await self.add(), "completed")
        for _ in range(3):
            await self.database.write(lambda _: None)
