"""Soft and hard limits, deadlines, and handlers that do not end when they are told to."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta
from typing import Any

from workshop import Handler, Workshop

from noond.jobs.context import JobContext
from noond.models.job import Job

SOON = timedelta(milliseconds=50)


async def forever(_: Job) -> None:
    await asyncio.Event().wait()


async def test_the_soft_limit_is_a_request(workshop: Workshop) -> None:
    async def talk(_: Job, context: JobContext) -> Any:
        await context.told_to_end()
        return {"soft": context.soft_limit_reached, "cancelled": context.cancelled}

    async with workshop.engine_for(Handler(talk=talk, soft_seconds=0.02)):
        job_id = await workshop.add()
        await workshop.until(job_id, "completed")
    assert await workshop.result(job_id) == {"soft": True, "cancelled": False}


async def test_the_hard_limit_ends_the_attempt_as_timed_out(workshop: Workshop) -> None:
    async with workshop.engine_for(Handler(forever, hard_seconds=0.02)):
        job_id = await workshop.add(max_retries=1)
        row = await workshop.until(job_id, "failed")
    assert (row["attempt"], row["reason"]) == (2, "timed_out")
    assert row["cancel_requested_at"] is None


async def test_the_deadline_counts_over_all_attempts(workshop: Workshop) -> None:
    async with workshop.engine_for(Handler(forever)):
        running = await workshop.add(deadline_at=workshop.clock.now() + SOON)
        row = await workshop.until(running, "failed")
    assert (row["attempt"], row["reason"]) == (1, "deadline")


async def test_a_job_that_waits_past_its_deadline_fails_without_being_run(
    workshop: Workshop,
) -> None:
    handler = Handler(forever)
    async with workshop.engine_for(handler, slots=1):
        await workshop.add()
        await handler.next()
        late = await workshop.add(deadline_at=workshop.clock.now() + SOON)
        row = await workshop.until(late, "failed")
    assert (row["attempt"], row["reason"]) == (0, "deadline")


async def test_who_ignores_its_end_is_stuck_and_gives_its_slot_to_others(
    workshop: Workshop,
) -> None:
    release = asyncio.Event()

    async def work(job: Job) -> None:
        while job.payload.get("deaf") and not release.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await release.wait()

    handler = Handler(work, hard_seconds=0.02)
    settings: dict[str, Any] = {"slots": 1, "cancel_seconds": 0.02, "max_stuck": 2}
    async with workshop.engine_for(handler, **settings):
        deaf = [await workshop.add(payload={"deaf": True}) for _ in range(2)]
        rows = [await workshop.until(job_id, "failed") for job_id in deaf]
        assert [row["reason"] for row in rows] == ["stuck", "stuck"]
        assert workshop.engine.telemetry().stuck == 2
        await workshop.until(await workshop.add(), "completed")
        # No more than two beside the slots: the third keeps its own.
        third = await workshop.add(payload={"deaf": True})
        await workshop.until(third, "running")
        behind = await workshop.add()
        # By then it was looked at again and again whether it may be given up.
        late = await workshop.add(deadline_at=workshop.clock.now() + 3 * SOON)
        await workshop.until(late, "failed")
        assert (await workshop.row(third))["status"] == "running"
        assert (await workshop.row(behind))["status"] == "pending"
        release.set()
        await workshop.until(behind, "completed")
        while handler.running:
            await asyncio.sleep(0)
        assert workshop.engine.telemetry().stuck == 0
        assert await workshop.row(deaf[0]) == rows[0]
