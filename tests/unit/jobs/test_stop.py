"""Stopping: no claims, a grace, then what runs is given back with its attempt."""

from __future__ import annotations

import asyncio
import contextlib
import threading

from workshop import Handler, Workshop

from noond.models.job import Job
from noond.store.rows import Transaction


async def forever(_: Job) -> None:
    await asyncio.Event().wait()


async def test_stop_lets_work_end_within_its_grace_and_claims_no_more(workshop: Workshop) -> None:
    may_end = asyncio.Event()

    async def work(_: Job) -> None:
        await may_end.wait()

    handler = Handler(work)
    async with workshop.engine_for(handler):
        job_id = await workshop.add()
        await handler.next()
        stopping = asyncio.create_task(workshop.engine.stop(grace_seconds=10))
        await asyncio.sleep(0)
        late = await workshop.add()
        may_end.set()
        await stopping
        assert (await workshop.row(job_id))["status"] == "completed"
        assert (await workshop.row(late))["status"] == "pending"
        assert handler.started.empty()


async def test_stop_gives_back_what_does_not_end(workshop: Workshop) -> None:
    handler = Handler(forever)
    async with workshop.engine_for(handler):
        job_id = await workshop.add()
        await handler.next()
        await workshop.engine.stop(grace_seconds=0)
        row = await workshop.row(job_id)
    assert (row["status"], row["attempt"], row["error_message"]) == ("pending", 1, None)
    assert row["crashes"] == 0
    assert row["scheduled_at"] <= workshop.clock.now().timestamp() * 1000


async def test_stop_gives_back_what_is_just_being_claimed(workshop: Workshop) -> None:
    handler = Handler()
    may_commit, committing = threading.Event(), threading.Event()

    def hold(_: Transaction) -> None:
        committing.set()
        may_commit.wait()

    async with workshop.engine_for(handler):
        await workshop.idle()
        await handler.next()
        job_id = await workshop.add(wake=False)
        holding = asyncio.create_task(workshop.database.write(hold))
        await asyncio.to_thread(committing.wait)
        workshop.engine.wake()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        stopping = asyncio.create_task(workshop.engine.stop(grace_seconds=10))
        await asyncio.sleep(0)
        may_commit.set()
        await holding
        await stopping
        row = await workshop.row(job_id)
    assert row["status"] == "pending"
    assert handler.started.empty()


async def test_stop_does_not_wait_for_who_ignores_it(workshop: Workshop) -> None:
    release = asyncio.Event()

    async def work(_: Job) -> None:
        while not release.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await release.wait()

    handler = Handler(work)
    async with workshop.engine_for(handler, cancel_seconds=0.05):
        job_id = await workshop.add()
        await handler.next()
        async with asyncio.timeout(5):
            await workshop.engine.stop(grace_seconds=0)
        row = await workshop.row(job_id)
        assert (row["status"], row["attempt"]) == ("pending", 1)
        release.set()
        # It ends after all, and has no say any more.
        while handler.running:
            await asyncio.sleep(0)
        await workshop.database.write(lambda _: None)
        assert await workshop.row(job_id) == row
