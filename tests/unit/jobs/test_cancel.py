"""Cancelling: at once while a job waits, durably while it runs, with all that it has queued."""

from __future__ import annotations

import asyncio
from typing import Any

from workshop import Handler, Workshop

from noond.jobs.context import JobContext
from noond.jobs.outcomes import Cancel
from noond.models.job import Job, NewJob


async def forever(_: Job) -> None:
    await asyncio.Event().wait()


async def test_a_waiting_job_is_cancelled_at_once(workshop: Workshop) -> None:
    handler = Handler(forever)
    async with workshop.engine_for(handler, slots=1):
        await workshop.add()
        await handler.next()
        job_id = await workshop.add()
        assert await workshop.engine.cancel("ana", job_id) == "requested"
        assert (await workshop.row(job_id))["status"] == "cancelled"
        assert await workshop.engine.cancel("ana", job_id) == "already_final"
        assert await workshop.engine.cancel("ben", job_id) == "unknown"
        assert await workshop.engine.cancel("ana", "no such job") == "unknown"


async def test_a_running_job_ends_as_cancelled(workshop: Workshop) -> None:
    handler = Handler(forever)
    async with workshop.engine_for(handler):
        job_id = await workshop.add(max_retries=3)
        await handler.next()
        assert await workshop.engine.cancel("ana", job_id) == "requested"
        row = await workshop.until(job_id, "cancelled")
    assert (row["attempt"], row["reason"]) == (1, None)


async def test_a_cancel_wins_over_a_retry(workshop: Workshop) -> None:
    async def work(_: Job) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise OSError("while it was being cancelled")

    handler = Handler(work)
    async with workshop.engine_for(handler):
        job_id = await workshop.add(max_retries=3)
        await handler.next()
        await workshop.engine.cancel("ana", job_id)
        row = await workshop.until(job_id, "cancelled", "pending")
    assert row["status"] == "cancelled"


async def test_a_cancel_outlives_a_restart(workshop: Workshop) -> None:
    deaf = asyncio.Event()

    async def work(_: Job) -> None:
        while not deaf.is_set():
            try:
                await deaf.wait()
            except asyncio.CancelledError:
                continue

    handler = Handler(work)
    dead = workshop.engine_of(handler, cancel_seconds=60)
    workshop.engine = dead
    await dead.start()
    job_id = await workshop.add()
    await handler.next()
    assert await dead.cancel("ana", job_id) == "requested"
    assert (await workshop.row(job_id))["status"] == "running"
    after = Handler()
    async with workshop.engine_for(after):
        assert (await workshop.until(job_id, "cancelled"))["attempt"] == 1
        assert after.started.empty()
        deaf.set()
        await dead.stop(grace_seconds=5)


async def test_what_a_job_has_queued_is_cancelled_with_it(workshop: Workshop) -> None:
    queued: list[str] = []
    all_queued = asyncio.Event()

    async def talk(job: Job, context: JobContext) -> None:
        if job.payload["depth"] < 2:
            child = NewJob(
                user_id="ana",
                job_type="test",
                queue="q",
                payload={"depth": 1 + job.payload["depth"]},
            )
            queued.append((await context.enqueue(child)).id)
            waiting = NewJob(
                user_id="ana", job_type="test", payload={"depth": 9},
                scheduled_at=workshop.clock.now().replace(year=2100),
            )  # fmt: skip
            queued.append((await context.enqueue(waiting)).id)
            if len(queued) == 4:
                all_queued.set()
        await forever(job)

    handler = Handler(talk=talk)
    async with workshop.engine_for(handler):
        parent = await workshop.add(payload={"depth": 0})
        other = await workshop.add(payload={"depth": 9})
        await all_queued.wait()
        await workshop.engine.cancel("ana", parent)
        for job_id in (parent, *queued):
            await workshop.until(job_id, "cancelled")
        assert (await workshop.row(other))["status"] == "running"


async def test_a_handlers_own_cancel_stops_its_running_children(workshop: Workshop) -> None:
    child_runs = asyncio.Event()

    async def talk(job: Job, context: JobContext) -> Any:
        if job.parent_id is None:
            await context.enqueue(NewJob(user_id="ana", job_type="test"))
            await child_runs.wait()
            return Cancel()
        child_runs.set()
        return await forever(job)

    handler = Handler(talk=talk)
    async with workshop.engine_for(handler):
        await workshop.add()
        await handler.next()
        child = await handler.next()
        await workshop.until(child.id, "cancelled")


async def test_a_cancelled_job_can_be_queued_anew(workshop: Workshop) -> None:
    handler = Handler(forever)
    async with workshop.engine_for(handler):
        job_id = await workshop.add()
        await handler.next()
        assert not await workshop.engine.revive("ana", job_id)
        await workshop.engine.cancel("ana", job_id)
        await workshop.until(job_id, "cancelled")
        handler.work = None
        assert not await workshop.engine.revive("ben", job_id)
        assert await workshop.engine.revive("ana", job_id)
        row = await workshop.until(job_id, "completed", "cancelled")
    assert (row["status"], row["attempt"], row["error_message"]) == ("completed", 2, None)
