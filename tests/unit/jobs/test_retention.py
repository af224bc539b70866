"""What is over its time or number is deleted, with all that stands beside it; nothing else is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from movable_clock import MovableClock
from workshop import Workshop

from noond.config import JobSettings
from noond.errors import JobExpired
from noond.jobs.retention import Retention
from noond.models.job import JobStatus, NewJob, Reason
from noond.store import job_claims, job_endings, job_states, jobs
from noond.store.job_retention import Swept
from noond.store.rows import Transaction

DAY = timedelta(days=1)


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


async def ended(
    workshop: Workshop, clock: MovableClock, count: int, status: JobStatus, **changes: Any
) -> list[str]:
    """So many jobs that end now."""

    def make(tx: Transaction) -> list[str]:
        new = NewJob(**{"user_id": "ana", "job_type": "test", **changes})
        made = jobs.insert_many(tx, [new] * count, now=clock.now())
        for job in job_claims.claim_all_users(
            tx, job_types=[new.job_type], free=count, now=clock.now()
        ):
            job_states.put_checkpoint(tx, job, "state", now=clock.now())
            job_endings.finish(
                tx, job, status, error=None, result='"kept"', now=clock.now(),
                reason=Reason.ERROR if status is JobStatus.FAILED else None,
            )  # fmt: skip
        return [each.id for each in made]

    return await workshop.database.write(make)


async def left(workshop: Workshop, table: str = "jobs") -> int:
    sql = f"SELECT count(*) FROM {table}"
    return await workshop.database.read(lambda c: int(c.execute(sql).fetchone()[0]))


async def test_each_end_is_kept_as_long_as_it_says(workshop: Workshop, clock: MovableClock) -> None:
    for status in (JobStatus.COMPLETED, JobStatus.CANCELLED, JobStatus.FAILED):
        await ended(workshop, clock, 450, status)
    waiting = NewJob(user_id="ana", job_type="test")
    await workshop.database.write(lambda tx: jobs.insert(tx, waiting, now=clock.now()))
    retention = Retention(workshop.database, clock, JobSettings())
    clock.move(6 * DAY)
    assert (await retention.sweep()).jobs == 0
    clock.move(2 * DAY)
    assert (await retention.sweep()).jobs == 900
    assert await left(workshop) == 451
    clock.move(30 * DAY)
    assert (await retention.sweep()).jobs == 450
    assert await left(workshop) == 1
    for table in ("job_states", "job_results", "job_attempts"):
        assert await left(workshop, table) == 0
    assert await retention.sweep() == Swept()


async def test_of_each_type_the_newest_are_kept(workshop: Workshop, clock: MovableClock) -> None:
    for _ in range(5):
        await ended(workshop, clock, 10, JobStatus.COMPLETED, job_type="busy")
        clock.move(timedelta(seconds=1))
    rare = await ended(workshop, clock, 1, JobStatus.COMPLETED, job_type="rare")
    retention = Retention(workshop.database, clock, JobSettings(keep_jobs=20))
    assert (await retention.sweep()).jobs == 30
    assert await left(workshop) == 21
    assert (await workshop.row(rare[0]))["status"] == "completed"


async def test_the_result_goes_before_the_row(workshop: Workshop, clock: MovableClock) -> None:
    (job_id,) = await ended(workshop, clock, 1, JobStatus.COMPLETED)
    retention = Retention(workshop.database, clock, JobSettings())
    await retention.sweep()
    assert await workshop.result(job_id) == "kept"
    clock.move(timedelta(minutes=61))
    assert (await retention.sweep()).results == 1
    with pytest.raises(JobExpired):
        await workshop.result(job_id)
    assert (await workshop.row(job_id))["status"] == "completed"


async def test_the_file_gives_its_space_back(workshop: Workshop, clock: MovableClock) -> None:
    await ended(workshop, clock, 2000, JobStatus.COMPLETED, payload={"text": "x" * 2000})

    async def pages() -> int:
        return await workshop.database.write(
            lambda tx: int(tx.execute("PRAGMA page_count").fetchone()[0])
        )

    before = await pages()
    clock.move(8 * DAY)
    await Retention(workshop.database, clock, JobSettings()).sweep()
    assert await pages() < before / 5
