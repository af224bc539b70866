"""Daemons that die while a job runs: counted apart from retries, and given up at last."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from sqlite3 import Connection
from typing import Any

import pytest
from movable_clock import MovableClock
from new_database import new_database

from noond.models.account import User
from noond.models.job import Job, JobStatus, NewJob, Reason
from noond.store import job_claims, job_endings, job_recovery, job_states, jobs, users
from noond.store.database import connect_writer


class Daemons:
    """One daemon after the other on a database."""

    def __init__(self, tx: Connection) -> None:
        self.tx = tx
        self.clock = MovableClock()

    def add(self, **changes: Any) -> str:
        new = NewJob(**{"user_id": "ana", "job_type": "work", **changes})
        return jobs.insert(self.tx, new, now=self.clock.now()).id

    def claim(self) -> list[Job]:
        return job_claims.claim_all_users(
            self.tx, job_types=["work"], free=10, now=self.clock.now()
        )

    def die(self, **rules: Any) -> None:
        job_recovery.recover_all_users(self.tx, now=self.clock.now(), **rules)

    def job(self, job_id: str) -> Job:
        return jobs.get(self.tx, "ana", job_id)


@pytest.fixture
def daemons(tmp_path: Path) -> Iterator[Daemons]:
    path = tmp_path / "noond.db"
    new_database(path)
    with closing(connect_writer(path)) as tx:
        daemons = Daemons(tx)
        users.insert(tx, User(id="ana", name="ana", timezone="UTC", created_at=daemons.clock.now()))
        yield daemons


def test_a_crash_uses_up_no_retry_and_is_remembered(daemons: Daemons) -> None:
    job_id = daemons.add(max_retries=0)
    daemons.claim()
    daemons.die()
    job = daemons.job(job_id)
    assert (job.status, job.retry_count, job.crashes) == (JobStatus.PENDING, 0, 1)
    (attempt,) = job_states.list_attempts(daemons.tx, "ana", job_id)
    assert (attempt.reason, attempt.next_at) == (Reason.CRASHED, daemons.clock.now())
    (again,) = daemons.claim()
    assert (again.id, again.attempt) == (job_id, 2)


def test_at_the_last_crash_it_is_put_in_quarantine(daemons: Daemons) -> None:
    job_id = daemons.add()
    for _ in range(20):
        assert [job.id for job in daemons.claim()] == [job_id]
        daemons.die(max_crashes=20)
    job = daemons.job(job_id)
    assert (job.status, job.reason, job.crashes) == (JobStatus.FAILED, Reason.CRASHED, 20)
    assert job.error_message == "the daemon ended while this job ran, 20 times in a row"
    assert daemons.claim() == []


def test_a_checkpoint_begins_the_count_anew(daemons: Daemons) -> None:
    job_id = daemons.add()
    for number in range(30):
        (job,) = daemons.claim()
        assert job.checkpoint == (number - 1 if number else None)
        job_states.put_checkpoint(daemons.tx, job, number, now=daemons.clock.now())
        daemons.die(max_crashes=2)
    assert daemons.job(job_id).crashes == 1


def test_some_types_are_never_given_up_and_some_at_once(daemons: Daemons) -> None:
    job_id = daemons.add()
    for _ in range(50):
        daemons.claim()
        daemons.die(never_quarantined=["work"], max_crashes=20)
    assert daemons.job(job_id).status is JobStatus.PENDING
    daemons.claim()
    daemons.die(on_crash={"work": "fail"})
    assert daemons.job(job_id).reason is Reason.CRASHED


def test_places_of_keys_do_not_leak(daemons: Daemons) -> None:
    ids = [daemons.add(concurrency_key="k", concurrency_limit=2) for _ in range(5)]
    assert [job.id for job in daemons.claim()] == ids[:2]
    assert daemons.claim() == []
    daemons.die()
    assert [job.id for job in daemons.claim()] == ids[:2]


def test_who_was_being_cancelled_is_cancelled(daemons: Daemons) -> None:
    job_id = daemons.add()
    daemons.claim()
    assert job_endings.cancel(daemons.tx, "ana", job_id, now=daemons.clock.now()) == "requested"
    daemons.die()
    assert daemons.job(job_id).status is JobStatus.CANCELLED
