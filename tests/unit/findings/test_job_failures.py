"""Types whose jobs fail are found, whose they are, and closed by the next success."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest

from noond.config import FindingSettings
from noond.findings.job_failures import JobFailures
from noond.models.job import Job, JobStatus, NewJob, Reason
from noond.store import job_claims, job_endings, jobs
from noond.store.rows import Transaction

if TYPE_CHECKING:
    from tests.unit.findings.conftest import Desk


class Shop:
    """Jobs that end as the test says."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.failures = self.watcher()

    def watcher(self) -> JobFailures:
        return JobFailures(
            self.desk.database,
            self.desk.clock,
            self.desk.findings,
            FindingSettings(failures_in_row=3, failure_share=0.5),
            types=("letters", "purge"),
            daemons=("purge",),
            start=lambda work: work.close(),
        )

    async def end(self, ends: str, *, user: str = "cem", job_type: str = "letters") -> None:
        """A job that fails for each F and one that completes for each S, a minute apart."""
        for end in ends:
            self.desk.clock.move(timedelta(minutes=1))
            self.failures.ended(
                await self.desk.database.write(
                    partial(self._end, failed=end == "F", user=user, job_type=job_type)
                )
            )
            await self.failures.look()

    def _end(self, tx: Transaction, *, failed: bool, user: str, job_type: str) -> Job:
        now = self.desk.clock.now()
        jobs.insert(tx, NewJob(user_id=user, job_type=job_type), now=now)
        (job,) = job_claims.claim_all_users(tx, job_types=[job_type], free=1, now=now)
        if failed:
            job_endings.finish(tx, job, JobStatus.FAILED, reason=Reason.ERROR, error="x", now=now)
        else:
            job_endings.finish(tx, job, JobStatus.COMPLETED, error=None, now=now)
        return job

    async def open(self) -> list[tuple[str | None, str, int]]:
        """User, type and count of what is open."""
        found = await self.desk.all("cem", state="open")
        return [(each.user_id, each.subject, each.count) for each in found]


@pytest.fixture
async def shop(desk: Desk) -> Shop:
    return Shop(desk)


async def test_failures_in_a_row_are_found_and_a_success_closes(shop: Shop) -> None:
    await shop.end("SFF")
    assert await shop.open() == []
    await shop.end("F")
    assert await shop.open() == [("cem", "letters", 1)]
    await shop.end("FF")
    assert await shop.open() == [("cem", "letters", 3)]
    (found,) = await shop.desk.all("cem")
    assert found.detail.startswith("5 have failed for good one after the other")
    await shop.end("S")
    assert await shop.open() == []
    await shop.end("FF")
    assert await shop.open() == []


async def test_more_than_a_share_within_an_hour_is_found(shop: Shop) -> None:
    await shop.end("FSFFSFSFS")
    assert await shop.open() == []
    await shop.end("F")
    assert await shop.open() == [("cem", "letters", 1)]
    (found,) = await shop.desk.all("cem")
    assert found.detail.startswith("6 of the last 10 within an hour have failed for good")
    await shop.end("S")
    assert await shop.open() == []
    await shop.end("FSF")
    assert await shop.open() == [], "what was before the success counts no more"


async def test_what_is_longer_ago_than_an_hour_is_no_share(shop: Shop) -> None:
    await shop.end("FSFFSFSFS")
    shop.desk.clock.move(timedelta(hours=1))
    await shop.end("F")
    assert await shop.open() == []


async def test_each_user_has_their_own_failures(shop: Shop) -> None:
    await shop.end("FF")
    await shop.end("F", user="ana")
    assert await shop.open() == []
    await shop.end("F")
    await shop.end("S", user="ana")
    assert await shop.open() == [("cem", "letters", 1)]
    assert await shop.desk.all("ana") == []


async def test_the_daemons_own_types_are_one_for_all(shop: Shop) -> None:
    await shop.end("FF", user="ana", job_type="purge")
    await shop.end("F", user="ben", job_type="purge")
    assert await shop.open() == [(None, "purge", 1)]


async def test_what_failed_without_having_run_is_met_by_the_tick(shop: Shop) -> None:
    await shop.end("FFF", user="ana")
    (found,) = await shop.desk.all("ana")
    await shop.desk.findings.over("ana", found.kind, "letters")
    shop.failures = shop.watcher()  # it has heard nothing
    await shop.failures.look()
    assert await shop.desk.all("ana", state="open") == []
    await shop.failures.tick()
    assert [each.id for each in await shop.desk.all("ana", state="open")] == [found.id]


async def test_a_success_that_nobody_was_told_of_closes_at_the_tick(shop: Shop) -> None:
    await shop.end("FFF")
    await shop.desk.restart()
    unheard = shop.watcher()
    shop.desk.clock.move(timedelta(minutes=1))
    await shop.desk.database.write(
        lambda tx: shop._end(tx, failed=False, user="cem", job_type="letters")
    )
    assert await shop.open() == [("cem", "letters", 1)]
    await unheard.tick()
    assert await shop.open() == []
