"""What watchers are told of jobs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from workshop import Handler, Workshop

from noond.events import Event, EventBus
from noond.jobs.context import JobContext
from noond.jobs.engine import JobEngine
from noond.jobs.outcomes import Snooze
from noond.jobs.telling import JobEvents
from noond.models.job import Job
from noond.store import job_states
from noond.tasks import Supervisor


class Watcher:
    """Hears everything of one user, as the feed of the apps does."""

    def __init__(self) -> None:
        self.events: asyncio.Queue[Event] = asyncio.Queue()

    def wants(self, _topic: str, _subject: str) -> bool:
        return True

    def offer(self, event: Event) -> None:
        self.events.put_nowait(event)

    async def next(self, count: int) -> list[Event]:
        async with asyncio.timeout(10):
            return [await self.events.get() for _ in range(count)]


@dataclass(frozen=True, slots=True)
class Watched:
    """A started engine, and who listens to ana and ben."""

    engine: JobEngine
    bus: EventBus
    ana: Watcher
    ben: Watcher


@asynccontextmanager
async def watched(workshop: Workshop, handler: Handler) -> AsyncIterator[Watched]:
    bus = EventBus(clock=workshop.clock)
    watchers = {"ana": Watcher(), "ben": Watcher()}
    for user, watcher in watchers.items():
        bus.add(user, watcher)
    async with Supervisor() as tasks:
        engine = workshop.engine_of(handler, listener=JobEvents(workshop.database, bus, tasks))
        workshop.engine = engine
        await engine.start()
        try:
            yield Watched(engine, bus, **watchers)
        finally:
            await engine.stop(grace_seconds=0)


async def told(workshop: Workshop, handler: Handler, count: int, **job: Any) -> list[Event]:
    """So many events of one job of ana's, from the first on."""
    async with watched(workshop, handler) as present:
        await workshop.add(**job)
        return await present.ana.next(count)


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
    async with watched(workshop, handler) as present:
        await workshop.add()
        job = await handler.next()
        await present.engine.cancel("ana", job.id)
        _, ended = await present.ana.next(2)
    assert (ended.topic, ended.data["status"]) == ("job.ended", "cancelled")


async def test_what_became_of_an_attempt_is_known_when_the_next_one_has_ended(
    workshop: Workshop,
) -> None:
    async def fail_first(job: Job) -> None:
        if job.attempt == 1:
            raise ValueError("no luck")

    handler = Handler(work=fail_first)
    async with workshop.engine_for(handler):
        job_id = await workshop.add(max_retries=1)
        first, second = await handler.next(), await handler.next()
        await workshop.until(job_id, "completed")
        ends = [
            await workshop.database.read(partial(job_states.end_of_attempt, job=job))
            for job in (first, second)
        ]
        await workshop.database.write(lambda tx: tx.execute("DELETE FROM jobs"))
        gone = await workshop.database.read(partial(job_states.end_of_attempt, job=first))
    assert [(end.status, end.error) for end in ends if end is not None] == [
        ("pending", "ValueError: no luck"),
        ("completed", None),
    ]
    assert gone is None


async def test_others_hear_nothing(workshop: Workshop) -> None:
    async with watched(workshop, Handler()) as present:
        await workshop.add()
        await present.ana.next(2)
        present.bus.publish("ben", "last", "", {})
        assert [event.topic for event in await present.ben.next(1)] == ["last"]


async def test_without_a_watcher_nothing_is_done(workshop: Workshop) -> None:
    handler = Handler()
    async with Supervisor() as tasks:
        events = JobEvents(workshop.database, EventBus(clock=workshop.clock), tasks)
        async with workshop.engine_for(handler):
            job_id = await workshop.add()
            job = await handler.next()
            await workshop.until(job_id, "completed")
        events.started(job)
        events.ended(job)
        assert "job-events" not in {task.get_name() for task in asyncio.all_tasks()}
