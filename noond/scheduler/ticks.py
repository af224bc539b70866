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
    *,
    nightly: Callable[[], Awaitable[None]],
) -> AsyncIterator[None]:
    """While the block runs, call the first three every minute and `nightly` at 02:00 UTC."""
    scheduler = AsyncIOScheduler(timezone=UTC)
    each_minute = CronTrigger(second=0, timezone=UTC)
    each_night = CronTrigger(hour=2, minute=0, second=0, timezone=UTC)
    for name, tick, trigger in (
        ("due-runs", start_due_runs, each_minute),
        ("watchdog", watch_schedules, each_minute),
        ("clock", look_at_the_clock, each_minute),
        ("nightly", nightly, each_night),
    ):
        scheduler.add_job(
            tick,
            trigger,
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
