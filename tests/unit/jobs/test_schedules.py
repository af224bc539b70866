"""Jobs that the clock queues: each fire once, caught up as the schedule says, never two at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from sqlite3 import Connection

import pytest
from movable_clock import MovableClock
from new_database import new_database

from noond.errors import Conflict, Invalid
from noond.jobs.schedules import fire_due
from noond.models.account import User
from noond.models.job import Job, JobStatus, NewJob
from noond.models.job_schedule import CatchUp
from noond.store import job_claims, job_endings, job_lanes, job_schedules, users
from noond.store.database import connect_writer

HOUR = timedelta(hours=1)


class Table:
    """Schedules on a database, and a clock that moves."""

    def __init__(self, tx: Connection) -> None:
        self.tx = tx
        self.clock = MovableClock(datetime(2026, 11, 20, 8, 30, tzinfo=UTC))

    def add(self, cron: str, missed: CatchUp, *, most: int = 1, timezone: str = "UTC") -> str:
        job = NewJob(user_id="ana", job_type="report", payload={"for": "ana"})
        return job_schedules.insert(
            self.tx, job, name=cron, cron=cron, timezone=timezone, missed=missed, most=most,
            now=self.clock.now(),
        )  # fmt: skip

    def fire(self) -> int:
        return fire_due(self.tx, now=self.clock.now())

    def claim(self) -> list[Job]:
        return job_claims.claim_all_users(
            self.tx, job_types=["report"], free=10, now=self.clock.now()
        )

    def finish(self, job: Job) -> None:
        job_endings.finish(self.tx, job, JobStatus.COMPLETED, error=None, now=self.clock.now())

    def fires(self, schedule_id: str) -> list[tuple[str, bool]]:
        found = job_schedules.fires_of(self.tx, "ana", schedule_id, limit=10)
        return [(f"{at:%d %H:%M}", job_id is not None) for at, job_id in reversed(found)]


@pytest.fixture
def table(tmp_path: Path) -> Iterator[Table]:
    path = tmp_path / "noond.db"
    new_database(path)
    with closing(connect_writer(path)) as tx:
        table = Table(tx)
        users.insert(tx, User(id="ana", name="ana", timezone="UTC", created_at=table.clock.now()))
        yield table


def test_each_fire_queues_one_job(table: Table) -> None:
    schedule_id = table.add("0 * * * *", "latest")
    due = job_lanes.next_due_all_users(table.tx, now=table.clock.now())
    assert due == datetime(2026, 11, 20, 9, tzinfo=UTC)
    assert table.fire() == 0
    for _ in range(3):
        table.clock.move(HOUR)
        assert table.fire() == 1
        assert table.fire() == 0
        (job,) = table.claim()
        assert job.payload == {"for": "ana"}
        table.finish(job)
    assert table.fires(schedule_id) == [
        ("20 09:00", True), ("20 10:00", True), ("20 11:00", True),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("missed", "most", "served"),
    [
        ("skip", 1, []),
        ("latest", 1, ["20 20:00"]),
        ("all", 3, ["20 18:00", "20 19:00", "20 20:00"]),
    ],
)
def test_what_was_missed_is_caught_up_as_it_says(
    table: Table, missed: CatchUp, most: int, served: list[str]
) -> None:
    schedule_id = table.add("0 * * * *", missed, most=most)
    table.clock.move(12 * HOUR)
    assert table.fire() == len(served)
    assert [at for at, queued in table.fires(schedule_id) if queued] == served
    while jobs := table.claim():
        table.finish(jobs[0])
    table.clock.move(HOUR / 2)
    assert table.fire() == 1, "a fire on time is always served"


@pytest.mark.parametrize(("missed", "follows"), [("skip", 0), ("latest", 1), ("all", 2)])
def test_two_jobs_of_a_schedule_never_run_at_once(
    table: Table, missed: CatchUp, follows: int
) -> None:
    table.add("0 * * * *", missed, most=2)
    table.clock.move(HOUR / 2)
    table.fire()
    (first,) = table.claim()
    for _ in range(5):
        table.clock.move(HOUR)
        table.fire()
        assert table.claim() == []
    ran = 0
    table.finish(first)
    while jobs := table.claim():
        assert len(jobs) == 1
        table.finish(jobs[0])
        ran += 1
    assert ran == follows


def test_a_daily_schedule_fires_once_a_day_through_the_clock_changes(table: Table) -> None:
    table.clock.set(datetime(2027, 3, 1, tzinfo=UTC))
    # 02:30 is skipped on 28 March and comes twice on 31 October.
    schedule_id = table.add("30 2 * * *", "latest", timezone="Europe/Berlin")
    days = []
    while table.clock.now() < datetime(2027, 11, 10, tzinfo=UTC):
        table.clock.move(HOUR / 2)
        if table.fire():
            days.append(table.clock.now().date())
            (job,) = table.claim()
            table.finish(job)
    assert len(days) == len(set(days)) == (date(2027, 11, 10) - date(2027, 3, 1)).days
    assert len(job_schedules.fires_of(table.tx, "ana", schedule_id, limit=1000)) == len(days)


def test_a_changed_schedule_owes_nothing_of_before(table: Table) -> None:
    schedule_id = table.add("0 * * * *", "all", most=9)
    table.clock.move(5 * HOUR)
    before = job_schedules.get(table.tx, "ana", schedule_id)
    changed = job_schedules.change(
        table.tx, "ana", schedule_id, replace(before, cron="*/10 * * * *"), now=table.clock.now()
    )
    assert changed.next_at == table.clock.now() + timedelta(minutes=10)
    assert table.fire() == 0
    job_schedules.change(
        table.tx, "ana", schedule_id, replace(changed, enabled=False), now=table.clock.now()
    )
    table.clock.move(HOUR)
    assert table.fire() == 0
    assert job_lanes.next_due_all_users(table.tx, now=table.clock.now()) is None
    job_schedules.delete(table.tx, "ana", schedule_id)
    assert job_schedules.list_all(table.tx, "ana") == []


def test_what_is_no_schedule_is_refused(table: Table) -> None:
    with pytest.raises(Invalid):
        table.add("every day", "latest")
    with pytest.raises(Invalid):
        table.add("0 * * * *", "latest", timezone="Mars/Olympus")
    table.add("0 * * * *", "latest")
    with pytest.raises(Conflict):
        table.add("0 * * * *", "skip")


def test_a_schedule_that_can_not_be_read_stops_no_other(table: Table) -> None:
    broken, good = table.add("0 * * * *", "latest"), table.add("1 * * * *", "latest")
    table.tx.execute("UPDATE job_schedules SET timezone = 'Atlantis' WHERE id = ?", (broken,))
    table.clock.move(HOUR)
    assert table.fire() == 1
    assert [at for at, _ in table.fires(good)] == ["20 09:01"]
    assert not job_schedules.get(table.tx, "ana", broken).enabled
