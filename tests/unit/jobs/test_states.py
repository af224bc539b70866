"""Progress, checkpoints and steps: durable while the attempt runs, refused when it does not."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from workshop import Handler, Workshop

from noond.errors import AttemptEnded, Conflict
from noond.jobs.context import JobContext
from noond.jobs.outcomes import Snooze
from noond.models.job import Job, JobProgress
from noond.store import job_states


async def test_a_checkpoint_is_handed_to_the_next_attempt(workshop: Workshop) -> None:
    async def talk(job: Job, context: JobContext) -> Any:
        done = job.checkpoint or []
        if job.attempt < 3:
            await context.checkpoint([*done, job.attempt])
            raise OSError
        return done

    async with workshop.engine_for(Handler(talk=talk)):
        job_id = await workshop.add(max_retries=3)
        await workshop.until(job_id, "completed")
    assert await workshop.result(job_id) == [1, 2]


async def test_a_step_that_is_kept_is_not_run_again(workshop: Workshop) -> None:
    ran: list[str] = []

    async def talk(job: Job, context: JobContext) -> Any:
        async def work(name: str) -> dict[str, Any]:
            ran.append(name)
            return {"by": job.attempt, "name": name}

        first = await context.step("fetch", lambda: work("fetch"))
        assert await context.step("fetch", lambda: work("fetch again")) == first
        if job.attempt == 1:
            raise OSError
        return [first, await context.step("store", lambda: work("store"))]

    async with workshop.engine_for(Handler(talk=talk)):
        job_id = await workshop.add(max_retries=3)
        await workshop.until(job_id, "completed")
    assert ran == ["fetch", "store"]
    assert await workshop.result(job_id) == [
        {"by": 1, "name": "fetch"}, {"by": 2, "name": "store"},
    ]  # fmt: skip


async def test_an_attempt_that_is_over_keeps_nothing(workshop: Workshop) -> None:
    refused: asyncio.Queue[str] = asyncio.Queue()

    async def ran() -> int:
        return 1

    async def talk(job: Job, context: JobContext) -> None:
        if job.attempt > 1:
            return
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            while not context.attempt.over:
                await asyncio.sleep(0.005)
            for durable in (context.checkpoint("stale"), context.step("stale", ran)):
                with pytest.raises(AttemptEnded):
                    await durable
            context.progress(99, "stale")
            refused.put_nowait("all")

    handler = Handler(talk=talk, hard_seconds=0.02)
    async with workshop.engine_for(handler, cancel_seconds=0.02):
        job_id = await workshop.add(max_retries=1)
        await workshop.until(job_id, "completed")
        async with asyncio.timeout(5):
            await refused.get()
        await workshop.engine.cancel("ana", job_id)
    assert await workshop.database.read(
        lambda c: (
            job_states.find_checkpoint(c, "ana", job_id),
            job_states.steps_of(c, "ana", job_id),
            job_states.find_progress(c, "ana", job_id),
        )
    ) == (None, {}, None)


class Ear:
    """Keeps what it hears."""

    def __init__(self) -> None:
        self.told: list[int] = []
        self.words: list[tuple[str, int]] = []

    def started(self, job: Job) -> None:
        self.words.append(("started", job.attempt))

    def progressed(self, job: Job, progress: JobProgress) -> None:
        self.told.append(progress.percent)

    def ended(self, job: Job) -> None:
        self.words.append(("ended", job.attempt))


async def test_progress_is_told_at_once_and_stored_now_and_then(workshop: Workshop) -> None:
    ear = Ear()
    may_end = asyncio.Event()

    async def talk(_: Job, context: JobContext) -> None:
        for percent in range(100):
            context.progress(percent, f"{percent} of 100")
        await may_end.wait()

    handler = Handler(talk=talk)
    engine = workshop.engine_of(handler, listener=ear)
    workshop.engine = engine
    await engine.start()
    job_id = await workshop.add()
    stored: JobProgress | None = None
    async with asyncio.timeout(5):
        while stored is None:
            await asyncio.sleep(0.01)
            stored = await workshop.database.read(
                lambda c: job_states.find_progress(c, "ana", job_id)
            )
    assert ear.told == list(range(100))
    assert (stored.percent, stored.message) == (99, "99 of 100")
    assert engine.telemetry().operations <= 2
    may_end.set()
    await workshop.until(job_id, "completed")
    await engine.stop(grace_seconds=1)
    assert ear.words == [("started", 1), ("ended", 1)]


async def test_each_attempt_begins_once_and_ends_once_in_order(workshop: Workshop) -> None:
    ear = Ear()

    async def wait_once(job: Job) -> Any:
        if job.attempt == 1:
            return Snooze(until=datetime(2100, 1, 1, tzinfo=UTC), unless=lambda: True)
        return None

    engine = workshop.engine_of(Handler(work=wait_once), listener=ear)
    workshop.engine = engine
    await engine.start()
    await workshop.until(await workshop.add(), "completed")
    await engine.stop(grace_seconds=1)
    assert ear.words == [("started", 1), ("ended", 1), ("started", 2), ("ended", 2)]


async def test_progress_is_a_percentage(workshop: Workshop) -> None:
    async def talk(_: Job, context: JobContext) -> None:
        context.progress(101)

    async with workshop.engine_for(Handler(talk=talk)):
        row = await workshop.until(await workshop.add(), "failed")
    assert row["error_message"] == "ValueError: progress goes from 0 to 100"


async def test_two_steps_of_one_name_at_once_are_a_mistake(workshop: Workshop) -> None:
    async def talk(_: Job, context: JobContext) -> Any:
        async def work() -> int:
            await asyncio.sleep(0)
            return 1

        both = (context.step("same", work), context.step("same", work))
        return [type(each) for each in await asyncio.gather(*both, return_exceptions=True)] == [
            int, Conflict,
        ]  # fmt: skip

    async with workshop.engine_for(Handler(talk=talk)):
        job_id = await workshop.add()
        await workshop.until(job_id, "completed", "failed")
    assert await workshop.result(job_id) is True
