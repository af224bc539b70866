"""The only user of APScheduler: it ticks, and the store knows what is due."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger

_LATE_SECONDS = 30


@asynccontextmanager
async def ticking(start_due_runs: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Call `start_due_runs` at the beginning of every minute while the block runs."""
    scheduler = AsyncIOScheduler(timezone=UTC)
    scheduler.add_job(
        start_due_runs,
        CronTrigger(second=0, timezone=UTC),
        id="due-runs",
        coalesce=True,
        max_instances=1,
        misfire_grace_time=_LATE_SECONDS,
    )
    scheduler.start()
    try:
        yield
    finally:
        scheduler.shutdown(wait=False)
