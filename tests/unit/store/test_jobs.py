"""Claiming in order, one at a time of a key, and only by the attempt that runs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from noond.clock import from_ms
from noond.models.job import Job, JobStatus, NewJob
from noond.store import job_claims, job_endings, job_lanes, job_recovery, jobs
from noond.store.database import Database
from noond.store.rows import Transaction

NOW = from_ms(1_800_000_000_000)
SECOND = timedelta(seconds=1)


class Jobs:
    """The jobs table in few words."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def add(self, name: str, *, at: datetime = NOW, **changes: Any) -> str:
        """Queue a job whose payload names it."""
        values = {
            "user_id": "ana", "job_type": "test", "queue": "q", "scheduled_at": at, **changes,
        }  # fmt: skip
        job = NewJob(payload={"name": name}, **values)
        return (await self.database.write(lambda tx: jobs.insert(tx, job, now=NOW))).id

    async def claim(self, free: int = 100, *, now: datetime = NOW) -> list[Job]:
        """Claim jobs of the type `test`."""
        return await self.database.write(
            lambda tx: job_claims.claim_all_users(tx, job_types=["test"], free=free, now=now)
        )

    async def names(self, free: int = 100, *, now: datetime = NOW) -> list[str]:
        """Claim, and say which."""
        return [job.payload["name"] for job in await self.claim(free, now=now)]

    async def finish(self, job: Job, status: JobStatus = JobStatus.COMPLETED) -> bool:
        """End the job."""
        return await self.database.write(
            lambda tx: job_endings.finish(tx, job, status, error=None, now=NOW)
        )

    async def give_back(self, job: Job, *, due: datetime = NOW) -> bool:
        """Give it back."""
        return await self.database.write(
            lambda tx: job_endings.give_back(tx, job, due=due, now=NOW)
        )

    async def recover(self) -> int:
        """What a start does."""
        return await self.database.write(lambda tx: job_recovery.recover_all_users(tx, now=NOW))

    async def row(self, job_id: str) -> dict[str, Any]:
        """The row as it is."""
        return await self.database.read(
            lambda c: dict(c.execute("SELECT * FROM jobs WHERE id = ?", (job_id,)).fetchone())
        )


@pytest.fixture
def table(database: Database) -> Jobs:
    return Jobs(database)


async def test_the_order_is_queue_priority_time_and_id(table: Jobs) -> None:
    await table.add("later queue", queue="z", priority=1)
    await table.add("low", priority=9)
    await table.add("second", priority=2)
    await table.add("first of the same time", priority=1)
    await table.add("second of the same time", priority=1)
    await table.add("earlier", priority=1, at=NOW - SECOND)
    assert await table.names() == [
        "earlier", "first of the same time", "second of the same time", "second", "low",
        "later queue",
    ]  # fmt: skip


async def test_users_take_turns_within_a_priority(table: Jobs) -> None:
    for number in range(3):
        await table.add(f"ana {number}")
    await table.add("ben 0", user_id="ben", at=NOW + SECOND)
    await table.add("ben 1", user_id="ben", at=NOW + SECOND)
    await table.add("ben urgent", user_id="ben", priority=1)
    assert await table.names(now=NOW + SECOND) == [
        "ben urgent", "ana 0", "ben 0", "ana 1", "ben 1", "ana 2",
    ]  # fmt: skip


async def test_only_as_many_as_there_are_slots_and_only_what_is_due(table: Jobs) -> None:
    await table.add("tomorrow", at=NOW + timedelta(days=1), priority=1)
    for number in range(3):
        await table.add(f"{number}")
    assert await table.names(2) == ["0", "1"]
    assert await table.names(0) == []
    assert await table.names() == ["2"]
    next_due = await table.database.read(lambda c: job_lanes.next_due_all_users(c, now=NOW))
    assert next_due == NOW + timedelta(days=1)


async def test_a_claimed_job_says_its_attempt(table: Jobs) -> None:
    job_id = await table.add("x")
    (job,) = await table.claim()
    assert (job.id, job.attempt, job.status, job.started_at) == (
        job_id, 1, JobStatus.RUNNING, NOW,
    )  # fmt: skip
    assert await table.give_back(job)
    (again,) = await table.claim()
    assert again.attempt == 2


async def test_of_one_key_one_runs_at_a_time_first_come_first_served(table: Jobs) -> None:
    for number in range(3):
        await table.add(f"{number}", concurrency_key="k")
    await table.add("free")
    (first, free) = await table.claim()
    assert (first.payload["name"], free.payload["name"]) == ("0", "free")
    assert await table.names() == []
    await table.finish(first)
    (second,) = await table.claim()
    assert second.payload["name"] == "1"
    await table.finish(second, JobStatus.FAILED)
    assert await table.names() == ["2"]


async def test_a_key_is_free_again_after_a_crash(table: Jobs) -> None:
    await table.add("0", concurrency_key="k")
    await table.add("1", concurrency_key="k")
    assert await table.names() == ["0"]
    assert await table.recover() == 1
    assert await table.names() == ["0"]


@pytest.mark.parametrize("by", ["recovery", "give back"])
async def test_a_stale_attempt_changes_nothing(table: Jobs, by: str) -> None:
    job_id = await table.add("x")
    (stale,) = await table.claim()
    if by == "recovery":
        await table.recover()
    else:
        await table.give_back(stale)
    attempts: list[Callable[[Transaction], bool]] = [
        lambda tx: job_endings.finish(tx, stale, JobStatus.FAILED, error="stale", now=NOW),
        lambda tx: job_endings.give_back(tx, stale, due=NOW + SECOND, now=NOW),
    ]
    for attempt in attempts:
        assert not await table.database.write(attempt)
    (present,) = await table.claim()
    before = await table.row(job_id)
    attempts.append(lambda tx: jobs.make_due(tx, stale, now=NOW - SECOND))
    for attempt in attempts:
        assert not await table.database.write(attempt)
    assert await table.row(job_id) == before
    assert await table.finish(present)
    assert not await table.finish(present), "a final state is final"
    assert not await table.give_back(present)


async def test_a_stale_attempt_does_not_hurry_the_next_one(table: Jobs) -> None:
    await table.add("x")
    (first,) = await table.claim()
    await table.give_back(first)
    (second,) = await table.claim()
    await table.give_back(second, due=NOW + SECOND)
    assert not await table.database.write(lambda tx: jobs.make_due(tx, first, now=NOW))
    assert await table.claim() == []
    assert await table.database.write(lambda tx: jobs.make_due(tx, second, now=NOW))
    assert await table.names() == ["x"]


async def test_anothers_job_can_not_be_finished(table: Jobs) -> None:
    await table.add("x")
    (job,) = await table.claim()
    assert not await table.finish(dataclasses.replace(job, user_id="ben"))


async def test_unknown_types_are_left_alone(table: Jobs) -> None:
    job_id = await table.add("x", job_type="of a later version", priority=1)
    before = await table.row(job_id)
    await table.add("known")
    assert await table.names() == ["known"]
    assert await table.row(job_id) == before


async def test_a_job_that_crashed_three_times_runs_alone(table: Jobs) -> None:
    crasher = await table.add("crasher")
    for _ in range(job_claims.LONELY_CRASHES):
        assert await table.names(1) == ["crasher"]
        await table.recover()
    assert (await table.row(crasher))["crashes"] == 3
    await table.add("other", user_id="ben", priority=1)
    await table.add("third", user_id="ben", priority=9)
    (other,) = await table.claim()
    assert other.payload["name"] == "other"
    # It waits until nothing else runs, and what comes behind it waits too.
    assert await table.names() == []
    await table.finish(other)
    (alone,) = await table.claim()
    assert alone.payload["name"] == "crasher"
    assert await table.names() == []
    await table.finish(alone)
    assert await table.names() == ["third"]


async def test_crashes_count_only_in_a_row(table: Jobs) -> None:
    job_id = await table.add("x")
    for _ in range(2):
        await table.claim()
        await table.recover()
    (job,) = await table.claim()
    await table.give_back(job)
    assert (await table.row(job_id))["crashes"] == 0


async def test_a_keys_waiting_jobs_are_made_due_for_its_user_only(table: Jobs) -> None:
    for user in ("ana", "ben"):
        await table.add(user, user_id=user, concurrency_key="k", at=NOW + SECOND)
    count = await table.database.write(lambda tx: jobs.make_key_due(tx, "ana", "k", now=NOW))
    assert count == 1
    assert await table.names() == ["ana"]
