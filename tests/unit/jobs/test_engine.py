"""The engine: woken, not polling; one job's end is nobody else's; stopping loses nothing."""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import time
from datetime import timedelta
from typing import Any

import pytest
from workshop import Handler, Workshop

from noond.errors import StorageBusy, StorageError
from noond.jobs import endings as endings_module
from noond.jobs import engine as engine_module
from noond.jobs.outcomes import Snooze
from noond.models.job import Job, NewJob
from noond.store.database import connect_writer
from noond.store.rows import Transaction

DAY = timedelta(days=1)


async def forever(_: Job) -> None:
    await asyncio.Event().wait()


async def test_a_queued_job_is_run_and_completed(workshop: Workshop) -> None:
    handler = Handler()
    async with workshop.engine_for(handler):
        job_id = await workshop.add(payload={"x": 1})
        job = await handler.next()
        row = await workshop.until(job_id, "completed")
    assert (job.id, job.payload, job.attempt) == (job_id, {"x": 1}, 1)
    assert (row["attempt"], row["error_message"]) == (1, None)
    assert row["completed_at"] >= row["started_at"] >= row["created_at"]


async def test_a_woken_engine_starts_a_job_at_once(workshop: Workshop) -> None:
    handler = Handler()
    times = []
    async with workshop.engine_for(handler):
        await workshop.idle()
        await handler.next()
        for _ in range(20):
            job_id = await workshop.add(wake=False)
            begun = time.perf_counter()
            workshop.engine.wake()
            await handler.next()
            times.append(time.perf_counter() - begun)
            await workshop.until(job_id, "completed")
    # A poll of any usual interval would show; a loaded machine does not.
    assert statistics.median(times) < 0.05


async def test_an_idle_engine_asks_the_database_nothing(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler = Handler()
    asked: list[str] = []
    loop = asyncio.get_running_loop()
    call_at = loop.call_at
    timers: list[asyncio.TimerHandle] = []

    def remembered(*arguments: Any, **more: Any) -> asyncio.TimerHandle:
        timers.append(call_at(*arguments, **more))
        return timers[-1]

    monkeypatch.setattr(loop, "call_at", remembered)
    async with workshop.engine_for(handler):
        later = await workshop.add(wait=DAY)
        await workshop.idle()

        def trace(tx: Transaction) -> None:
            tx.set_trace_callback(asked.append)

        await workshop.database.write(trace)
        asked.clear()
        # One waiting job, and nothing due: nothing is ready to run, and no timer is near.
        for _ in range(3):
            await workshop.database.read(lambda _: None)
        assert asked == []
        pauses = [timer.when() - loop.time() for timer in timers if not timer.cancelled()]
        assert min(pause for pause in pauses if pause > 0) > 60
        assert max(pauses) > 3600, "the waiting job has its timer"
        workshop.engine.wake()
        await workshop.database.write(lambda _: None)
        await workshop.database.write(lambda _: None)
        assert any("jobs" in sql for sql in asked), "the trace sees a claim"
        assert (await workshop.row(later))["status"] == "pending"


async def test_a_job_starts_when_it_is_due(workshop: Workshop) -> None:
    handler = Handler()
    async with workshop.engine_for(handler):
        await workshop.add(wait=timedelta(milliseconds=150))
        job = await handler.next()
    assert workshop.clock.now() >= job.scheduled_at


async def test_a_failure_is_that_jobs_alone(workshop: Workshop) -> None:
    async def work(job: Job) -> None:
        if job.payload.get("fail"):
            raise ValueError("no such folder")

    handler = Handler(work)
    async with workshop.engine_for(handler):
        bad = await workshop.add(payload={"fail": True})
        good = await workshop.add()
        failed = await workshop.until(bad, "failed")
        await workshop.until(good, "completed")
    assert failed["error_message"] == "ValueError: no such folder"


async def test_a_cancel_from_within_is_a_failure_too(workshop: Workshop) -> None:
    async def work(job: Job) -> None:
        raise asyncio.CancelledError

    handler = Handler(work)
    async with workshop.engine_for(handler):
        job_id = await workshop.add(concurrency_key="k")
        assert (await workshop.until(job_id, "failed"))["error_message"]
        handler.work = None
        await workshop.until(await workshop.add(concurrency_key="k"), "completed")


async def test_an_unknown_type_is_left_alone(workshop: Workshop) -> None:
    handler = Handler()
    async with workshop.engine_for(handler):
        unknown = await workshop.add(job_type="of a later version")
        known = await workshop.add()
        await workshop.until(known, "completed")
        row = await workshop.row(unknown)
    assert (row["status"], row["attempt"]) == ("pending", 0)


async def test_never_more_at_once_than_slots(workshop: Workshop) -> None:
    go_on = asyncio.Event()

    async def work(_: Job) -> None:
        await go_on.wait()

    handler = Handler(work)
    async with workshop.engine_for(handler, slots=3):
        ids = await asyncio.gather(*(workshop.add() for _ in range(40)))
        for _ in range(3):
            await handler.next()
        go_on.set()
        for job_id in ids:
            await workshop.until(job_id, "completed")
    assert handler.most_running == 3


async def test_of_one_key_one_at_a_time_in_order(workshop: Workshop) -> None:
    handler = Handler()
    async with workshop.engine_for(handler):
        ids = [await workshop.add(concurrency_key="k") for _ in range(15)]
        started = [(await handler.next()).id for _ in ids]
    assert started == ids
    assert handler.most_running == 1


async def test_what_a_dead_daemon_left_running_starts_at_once(workshop: Workshop) -> None:
    handler = Handler(forever)
    dead = workshop.engine_of(handler)
    workshop.engine = dead
    await dead.start()
    job_id = await workshop.add(concurrency_key="k")
    await handler.next()
    # Its tasks live on in this process; their attempt is stale from here on.
    after = Handler()
    async with workshop.engine_for(after):
        job = await after.next()
        assert (job.id, job.attempt) == (job_id, 2)
        row = await workshop.until(job_id, "completed")
        await dead.stop(grace_seconds=0)
        assert await workshop.row(job_id) == row
    assert row["attempt"] == 2


async def test_a_snoozed_job_waits_and_is_called_again(workshop: Workshop) -> None:
    async def work(job: Job) -> Snooze | None:
        if job.attempt == 1:
            return Snooze(until=workshop.clock.now() + timedelta(milliseconds=100))
        return None

    handler = Handler(work)
    async with workshop.engine_for(handler):
        job_id = await workshop.add()
        row = await workshop.until(job_id, "completed")
    assert (row["attempt"], row["error_message"]) == (2, None)


async def test_what_came_while_a_job_was_given_back_is_not_missed(workshop: Workshop) -> None:
    """`unless` is asked when the job can be claimed: whoever comes later finds it waiting."""
    statuses: list[str] = []

    def ready() -> bool:
        with contextlib.closing(connect_writer(workshop.path)) as other:
            statuses.append(other.execute("SELECT status FROM jobs").fetchone()[0])
        return True

    async def work(job: Job) -> Snooze | None:
        return Snooze(until=workshop.clock.now() + DAY, unless=ready) if job.attempt == 1 else None

    handler = Handler(work)
    async with workshop.engine_for(handler):
        row = await workshop.until(await workshop.add(), "completed")
    assert row["attempt"] == 2
    assert statuses == ["pending"]


async def test_a_job_claimed_again_before_its_last_attempt_has_ended_counts_once(
    workshop: Workshop,
) -> None:
    release, reached = asyncio.Event(), asyncio.Event()

    async def work(job: Job) -> Snooze | None:
        if job.payload.get("holds") or job.attempt > 20:
            reached.set()
            await release.wait()
            return None
        # The next claim stands right behind the giving back, before `unless` is acted on.
        asyncio.get_running_loop().call_soon(workshop.engine.wake)
        return Snooze(until=workshop.clock.now(), unless=lambda: True)

    handler = Handler(work)
    async with workshop.engine_for(handler, slots=2):
        again = await workshop.add()
        await reached.wait()
        holding = [await workshop.add(payload={"holds": True}) for _ in range(3)]
        await workshop.until(holding[0], "running")
        await workshop.database.write(lambda _: None)
        release.set()
        rows = [await workshop.until(job_id, "completed") for job_id in (again, *holding)]
    assert [row["attempt"] for row in rows] == [21, 1, 1, 1]
    assert handler.most_running == 2


async def test_an_end_that_could_not_be_stored_is_stored_later(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "_STORE_RETRY_SECONDS", 0.01)
    await workshop.database.write(lambda tx: tx.execute("PRAGMA busy_timeout=1"))
    may_end = asyncio.Event()

    async def work(_: Job) -> None:
        await may_end.wait()

    handler = Handler(work)
    async with workshop.engine_for(handler):
        job_id = await workshop.add()
        await handler.next()
        with contextlib.closing(connect_writer(workshop.path)) as other:
            other.execute("BEGIN IMMEDIATE")
            may_end.set()
            while workshop.database.alarm is None:
                await asyncio.sleep(0)
            assert (await workshop.row(job_id))["status"] == "running"
            other.execute("ROLLBACK")
        row = await workshop.until(job_id, "completed")
    assert row["attempt"] == 1
    assert handler.started.empty()


async def test_a_claim_that_could_not_be_stored_is_tried_again(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "_STORE_RETRY_SECONDS", 0.01)
    handler = Handler()
    async with workshop.engine_for(handler):
        await workshop.idle()
        job_id = await workshop.add(wake=False)
        await workshop.database.write(lambda tx: tx.execute("PRAGMA busy_timeout=1"))
        with contextlib.closing(connect_writer(workshop.path)) as other:
            other.execute("BEGIN IMMEDIATE")
            workshop.engine.wake()
            while workshop.database.alarm is None:
                await asyncio.sleep(0)
            other.execute("ROLLBACK")
        await workshop.until(job_id, "completed")


async def test_a_handler_that_could_not_store_is_called_again(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endings_module, "STORAGE_PAUSE", timedelta())

    async def work(job: Job) -> None:
        if job.attempt == 1:
            raise StorageBusy

    handler = Handler(work)
    async with workshop.engine_for(handler):
        row = await workshop.until(await workshop.add(), "completed")
    assert (row["attempt"], row["error_message"]) == (2, None)


async def test_a_thousand_jobs_are_each_run_once(workshop: Workshop) -> None:
    handler = Handler()
    async with workshop.engine_for(handler, slots=16):
        ids = await asyncio.gather(
            *(workshop.add(user_id=("ana", "ben")[n % 2]) for n in range(1000))
        )
        ran = [(await handler.next()).id for _ in ids]
        for job_id in ids[-20:]:
            await workshop.until(job_id, "completed")
    assert sorted(ran) == sorted(ids)


async def test_a_wall_clock_that_is_set_is_noticed(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler = Handler()
    async with workshop.engine_for(handler) as engine:
        job_id = await workshop.add(wait=DAY)
        await engine.tick()
        await workshop.database.write(lambda _: None)
        assert (await workshop.row(job_id))["status"] == "pending"
        now = workshop.clock.now
        monkeypatch.setattr(workshop.clock, "now", lambda: now() + DAY)
        await engine.tick()
        await workshop.until(job_id, "completed")


async def test_who_queues_after_the_stop_is_told(workshop: Workshop) -> None:
    async with workshop.engine_for(Handler()) as engine:
        await engine.stop(grace_seconds=0)
        with pytest.raises(StorageError):
            await engine.enqueue(NewJob(user_id="ana", job_type="test"))
        with pytest.raises(StorageError):
            await engine.cancel("ana", "a job")


async def test_what_contradicts_the_database_is_the_jobs_own_fault(workshop: Workshop) -> None:
    async def work(_: Job) -> None:
        await workshop.database.write(
            lambda tx: tx.execute("INSERT INTO meta (name, value) VALUES (NULL, NULL)")
        )

    async with workshop.engine_for(Handler(work)):
        row = await workshop.until(await workshop.add(max_retries=3), "failed")
    assert (row["attempt"], row["reason"]) == (1, "permanent")


async def test_what_came_meanwhile_is_not_missed_when_the_database_is_busy(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "_STORE_RETRY_SECONDS", 0.01)
    await workshop.database.write(lambda tx: tx.execute("PRAGMA busy_timeout=1"))
    with contextlib.closing(connect_writer(workshop.path)) as other:

        def ready() -> bool:
            other.execute("BEGIN IMMEDIATE")  # from here on nothing can be stored
            return True

        async def work(job: Job) -> Snooze | None:
            return (
                Snooze(until=workshop.clock.now() + DAY, unless=ready) if job.attempt == 1 else None
            )

        async with workshop.engine_for(Handler(work)):
            job_id = await workshop.add()
            while workshop.database.alarm is None:
                await asyncio.sleep(0)
            assert (await workshop.row(job_id))["status"] == "pending"
            other.execute("ROLLBACK")
            await workshop.until(job_id, "completed")
