"""A claim costs what it starts: not what has ended, nor what waits for something else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from sqlite3 import Connection
from typing import Any

import pytest
from new_database import new_database

from noond.clock import from_ms, to_ms
from noond.models.account import User
from noond.models.job import JobStatus, NewJob
from noond.store import job_claims, job_endings, job_lanes, job_queues, job_recovery, users
from noond.store import jobs as job_rows
from noond.store.database import connect_writer

NOW = from_ms(1_800_000_000_000)
MANY = 3000


class Limited:
    """The type `limited` may not start; neither may anything of the rate key `r`."""

    def room(self, kind: str, name: str) -> int | None:
        return 0 if (kind, name) == ("type", "limited") else None

    def key_room(self, job_type: str, key: str) -> int | None:
        return 0

    def key_held(self, job_type: str, key: str) -> None:
        pass

    def released_keys(self) -> list[tuple[str, int]]:
        return []


@pytest.fixture
def tx(tmp_path: Path) -> Iterator[Connection]:
    path = tmp_path / "noond.db"
    new_database(path)
    with closing(connect_writer(path)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        users.insert(connection, User(id="ana", name="ana", timezone="UTC", created_at=NOW))
        yield connection


def add(tx: Connection, count: int, **changes: Any) -> None:
    job = NewJob(**{"user_id": "ana", "job_type": "test", **changes})
    tx.execute("BEGIN")
    job_rows.insert_rows_all_users(tx, [job_rows.values_of(job, now=NOW) for _ in range(count)])
    tx.execute("COMMIT")


@contextmanager
def counted_steps(tx: Connection) -> Iterator[list[None]]:
    """One item for each step of SQLite's machine."""
    steps: list[None] = []

    def count() -> int:
        steps.append(None)
        return 0

    tx.set_progress_handler(count, 1)
    yield steps
    tx.set_progress_handler(None, 1)


def cost(tx: Connection) -> int:
    """The steps for a round: three jobs claimed and completed."""
    with counted_steps(tx) as steps:
        job_recovery.expire_all_users(tx, now=NOW)
        claimed = job_claims.claim_all_users(
            tx, job_types=["test", "limited"], free=3, now=NOW, rates=Limited()
        )
        for job in claimed:
            assert job_endings.finish(tx, job, JobStatus.COMPLETED, error=None, now=NOW)
        job_lanes.next_due_all_users(tx, now=NOW)
    assert len(claimed) == 3
    return len(steps)


def test_the_cost_does_not_grow_with_what_may_not_start(tx: Connection) -> None:
    def settle() -> int:
        add(tx, 6)
        cost(tx)  # what may not start is met once, and held back
        return cost(tx)

    before = settle()
    add(tx, 1, concurrency_key="k")
    (holder,) = job_claims.claim_all_users(tx, job_types=["test"], free=1, now=NOW)
    assert holder.concurrency_key == "k"
    add(tx, MANY, job_type="limited", priority=1)
    add(tx, MANY, priority=1, rate_key="r")
    add(tx, MANY, queue="a paused one")
    add(tx, MANY, job_type="of a later version")
    add(tx, MANY, scheduled_at=NOW + timedelta(days=1), deadline_at=NOW + timedelta(days=2))
    add(tx, MANY, priority=1, concurrency_key="k")
    job_queues.pause(tx, "a paused one", now=NOW)
    after = settle()
    # A few more seeks for the lanes that are passed over, and deeper trees.
    assert after < 3 * before, "a claim steps over what may not start"


def test_the_cost_does_not_grow_with_the_history(tx: Connection) -> None:
    add(tx, 6)
    cost(tx)
    before = cost(tx)
    add(tx, MANY)
    tx.execute("UPDATE jobs SET status = 'completed', completed_at = created_at, started_at = 1")
    add(tx, 6)
    cost(tx)
    assert cost(tx) < 1.2 * before


def test_jobs_completed_together_are_fenced_and_found_by_their_ids(tx: Connection) -> None:
    def complete_three() -> int:
        jobs = job_claims.claim_all_users(tx, job_types=["test"], free=3, now=NOW)
        ends = [(to_ms(NOW), job.user_id, job.id, job.attempt) for job in jobs]
        late, other = (*ends[0][:3], 2), (ends[0][0], "ben", *ends[0][2:])
        job_endings.complete_all_users(tx, [late, other])
        with counted_steps(tx) as steps:
            job_endings.complete_all_users(tx, ends[1:])
        rows = [
            tx.execute("SELECT status, completed_at FROM jobs WHERE id = ?", (job.id,)).fetchone()
            for job in jobs
        ]
        done = ("completed", to_ms(NOW))
        assert [tuple(row) for row in rows] == [("running", None), done, done]
        return len(steps)

    add(tx, 3)
    before = complete_three()
    add(tx, MANY + 3)
    assert len(job_claims.claim_all_users(tx, job_types=["test"], free=MANY, now=NOW)) == MANY
    assert complete_three() < 1.5 * before, "completing goes through what runs"
