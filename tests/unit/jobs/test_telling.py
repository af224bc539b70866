"""What watchers are told of jobs."""

from __future__ import annotations

import asyncio
from typing import Any

from workshop import Handler, Workshop

from noond.events import Event, EventBus, Subscription
from noond.jobs.context import JobContext
from noond.jobs.outcomes import Snooze
from noond.jobs.telling import JobEvents
from noond.models.job import Job
from noond.tasks import Supervisor


async def heard(events: Subscription, count: int) -> list[Event]:
    async with asyncio.timeout(10):
        return [await events.next() for _ in range(count)]


class Watched:
    """An engine with its listener and somebody who listens to one user's jobs."""

    def __init__(self, workshop: Workshop, handler: Handler, tasks: Supervisor) -> None:
        self.bus = EventBus(clock=workshop.clock)
        self.engine = workshop.engine_of(
            handler, listener=JobEvents(workshop.database, self.bus, tasks)
        )
        workshop.engine = self.engine


async def told(workshop: Workshop, handler: Handler, count: int, **job: Any) -> list[Event]:
    """The events of one job of ana's, until there are so many."""
    async with Supervisor() as tasks:
        watched = Watched(workshop, handler, tasks)
        await watched.engine.start()
        try:
            with watched.bus.subscribe("ana") as events:
                await workshop.add(**job)
                return await heard(events, count)
        finally:
            await watched.engine.stop(grace_seconds=0)


async def test_a_job_that_is_done(workshop: Workshop) -> None:
    async def talk(_: Job, context: JobContext) -> None:
        context.progress(20, "a fifth")
        context.progress(60)

    events = await told(workshop, Handler(talk=talk), 3)
    assert [event.topic for event in events] == ["job.started", "job.progress", "job.ended"]
    started, progress, ended = (event.data for event in events)
    assert started == {
        "job_id": events[0].subject, "job_type": "test", "queue": "q", "attempt": 1,
    }  # fmt: skip
    assert progress == {**started, "percent": 60, "message": None}
    assert ended == {
        **started, "status": "completed", "reason": None, "error": None, "retry_at": None,
    }  # fmt: skip


async def test_an_error_and_its_retry_are_told_in_order(workshop: Workshop) -> None:
    async def fail(_: Job) -> None:
        raise ValueError("no luck")

    events = await told(workshop, Handler(work=fail), 4, max_retries=1)
    assert [(event.topic, event.data["attempt"]) for event in events] == [
        ("job.started", 1),
        ("job.ended", 1),
        ("job.started", 2),
        ("job.ended", 2),
    ]
    first, last = events[1].data, events[3].data
    assert (first["status"], first["reason"], first["error"]) == (
        "pending", "error", "ValueError: no luck",
    )  # fmt: skip
    assert first["retry_at"] is not None
    assert (last["status"], last["reason"], last["error"], last["retry_at"]) == (
        "failed", "error", "ValueError: no luck", None,
    )  # fmt: skip


async def test_a_job_that_waits_says_until_when(workshop: Workshop) -> None:
    async def snooze(_: Job) -> Any:
        return Snooze(until=workshop.clock.now().replace(year=2100, microsecond=0))

    _, ended = await told(workshop, Handler(work=snooze), 2)
    assert (ended.data["status"], ended.data["reason"]) == ("pending", None)
    assert ended.data["retry_at"].startswith("2100-")


async def test_a_job_that_is_cancelled_while_it_runs(workshop: Workshop) -> None:
    async def wait(_: Job) -> None:
        await asyncio.Event().wait()

    handler = Handler(work=wait)
    async with Supervisor() as tasks:
        watched = Watched(workshop, handler, tasks)
        await watched.engine.start()
        with watched.bus.subscribe("ana") as events:
            await workshop.add()
            job = await handler.next()
            await watched.engine.cancel("ana", job.id)
            _, ended = await heard(events, 2)
        await watched.engine.stop(grace_seconds=0)
    assert (ended.topic, ended.data["status"]) == ("job.ended", "cancelled")


async def test_others_hear_nothing(workshop: Workshop) -> None:
    async with Supervisor() as tasks:
        watched = Watched(workshop, Handler(), tasks)
        await watched.engine.start()
        with watched.bus.subscribe("ben") as bens, watched.bus.subscribe("ana") as anas:
            await workshop.add()
            await heard(anas, 2)
            watched.bus.publish("ben", "last", "", {})
            assert [event.topic for event in await heard(bens, 1)] == ["last"]
        await watched.engine.stop(grace_seconds=0)
