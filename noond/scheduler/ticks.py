"""The only user of APScheduler: it ticks, and the store knows what is due."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger

_LATE_SECONDS = 30


@asynccontextmanager
async def ticking(
    start_due_runs: Callable[[], Awaitable[None]],
    watch_schedules: Callable[[], Awaitable[None]],
    look_at_the_clock: Callable[[], Awaitable[None]],
    look_for_findings: Callable[[], Awaitable[None]],
) -> AsyncIterator[None]:
    """Call all of them at the beginning of every minute while the block runs."""
    scheduler = AsyncIOScheduler(timezone=UTC)
    each_minute = CronTrigger(second=0, timezone=UTC)
    for name, tick in (
        ("due-runs", start_due_runs),
        ("watchdog", watch_schedules),
        ("clock", look_at_the_clock),
        ("findings", look_for_findings),
    ):
        scheduler.add_job(
            tick,
            each_minute,
            id=name,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=_LATE_SECONDS,
        )
    scheduler.start()
    try:
        yield
    finally:
        scheduler.shutdown(wait=False)
