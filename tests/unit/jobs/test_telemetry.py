"""What the engine tells of itself."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from workshop import Handler, Workshop

from noond.models.job import Job


async def test_the_engine_counts_what_it_does(workshop: Workshop) -> None:
    async def work(job: Job) -> None:
        if job.payload.get("fails"):
            raise OSError
        await asyncio.sleep(0.02)

    async with workshop.engine_for(Handler(work)) as engine:
        failed = await workshop.add(payload={"fails": True}, max_retries=2)
        await workshop.until(await workshop.add(), "completed")
        await workshop.until(failed, "failed")
    # Stopped: what it knows of its last transaction, others know too.
    told = engine.telemetry()
    assert told.ended == {"completed": 1, "retried": 2, "failed": 1}
    assert told.ended_by_type["test", "retried"] == 2
    assert (told.running, told.stuck, told.free) == (0, 0, 4)
    assert told.queue_wait.count == told.run_time.count == sum(told.run_time.buckets) == 4
    assert told.run_time.total >= 0.02
    assert told.operations == 4
    assert 0 < told.transactions == told.commit_time.count


async def test_the_backlog_says_what_waits_for_what(workshop: Workshop) -> None:
    release = asyncio.Event()

    async def work(_: Job) -> None:
        await release.wait()

    handler = Handler(work)
    async with workshop.engine_for(handler, slots=1) as engine:
        assert (await engine.backlog()).oldest_ready_at is None
        runs = await workshop.add(concurrency_key="k")
        await workshop.until(runs, "running")
        first = await workshop.add()
        await workshop.add(queue="default", priority=5)
        await workshop.add(wait=timedelta(hours=1))
        told = await engine.backlog()
        assert dict(told.ready) == {"q": 1, "default": 1}
        assert (told.held, told.later, told.quarantined) == (0, 1, 0)
        assert told.oldest_ready_at is not None
        assert (
            told.oldest_ready_at.timestamp() * 1000 == (await workshop.row(first))["scheduled_at"]
        )
        release.set()
