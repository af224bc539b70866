"""Queues in which something waits too long, or that only grow; a paused one is left alone."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from noond.config import FindingSettings
from noond.findings.queues import Queues
from noond.models.job import JobStatus, NewJob
from noond.store import job_claims, job_endings, job_queues, jobs
from noond.store.rows import Transaction

if TYPE_CHECKING:
    from tests.unit.findings.conftest import Desk

MINUTE = timedelta(minutes=1)


class Counter:
    """A queue that the test fills and empties."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.queues = Queues(
            desk.database,
            desk.clock,
            desk.findings,
            FindingSettings(queue_minutes=15, queue_growth_minutes=30),
        )

    async def add(self, number: int = 1) -> None:
        new = [NewJob(user_id="cem", job_type="letters", queue="post")] * number
        await self.desk.database.write(
            lambda tx: jobs.insert_many(tx, new, now=self.desk.clock.now())
        )

    async def serve(self, number: int) -> None:
        def end(tx: Transaction) -> None:
            now = self.desk.clock.now()
            for job in job_claims.claim_all_users(tx, job_types=["letters"], free=number, now=now):
                job_endings.finish(tx, job, JobStatus.COMPLETED, error=None, now=now)

        await self.desk.database.write(end)

    async def after(self, minutes: int) -> bool:
        """Whether there is an open finding after so many minutes' looks."""
        for _ in range(minutes):
            self.desk.clock.move(MINUTE)
            await self.queues.tick()
        return bool(await self.desk.all(state="open"))


@pytest.fixture
async def counter(desk: Desk) -> Counter:
    return Counter(desk)


async def test_what_waits_too_long_is_found_until_the_queue_has_drained(counter: Counter) -> None:
    await counter.add(3)
    assert not await counter.after(15)
    assert await counter.after(1)
    (found,) = await counter.desk.all()
    assert (found.user_id, found.subject) == (None, "post")
    assert found.detail == "3 jobs are due, the first one for 16 minutes."
    await counter.serve(2)
    assert await counter.after(1)
    await counter.serve(1)
    assert not await counter.after(1)


async def test_a_short_wait_closes_it_too(counter: Counter) -> None:
    await counter.add()
    assert await counter.after(16)
    await counter.add()
    await counter.serve(1)
    assert not await counter.after(1)


async def test_a_queue_that_only_grows_is_found_before_anything_waits_long(
    counter: Counter,
) -> None:
    grown = False
    for _ in range(31):
        assert not grown
        await counter.add(14)
        await counter.serve(10)
        grown = await counter.after(1)
    assert grown
    (found,) = await counter.desk.all()
    assert "They have become 120 more in 30 minutes." in found.detail
    await counter.serve(124)
    assert not await counter.after(1)


async def test_a_queue_that_gets_shorter_in_between_does_not_grow(counter: Counter) -> None:
    for minute in range(38):
        await counter.add(10)
        await counter.serve(48 if minute == 20 else 5)
        assert not await counter.after(1)


async def test_a_paused_queue_is_no_finding_and_is_named(counter: Counter) -> None:
    await counter.add()
    assert await counter.after(16)
    pause = counter.desk.clock.now()
    await counter.desk.database.write(lambda tx: job_queues.pause(tx, "post", now=pause))
    assert not await counter.after(30)
    (closed,) = await counter.desk.all()
    assert closed.detail == "The queue is paused; what waits in it is not looked at."
    assert await counter.desk.findings.paused_queues() == ["post"]
    await counter.desk.database.write(lambda tx: job_queues.resume(tx, "post"))
    assert await counter.after(1)
