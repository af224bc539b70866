"""A schedule of jobs whose fire has passed, and that nothing has dealt with."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from noond.findings.schedules import Schedules
from noond.jobs.schedules import fire_due
from noond.models.job import NewJob
from noond.store import clockwork, job_schedules
from noond.store.rows import Transaction

if TYPE_CHECKING:
    from tests.unit.findings.conftest import Desk


async def test_a_fire_that_nothing_dealt_with_is_found(desk: Desk) -> None:
    def add(tx: Transaction) -> str:
        clockwork.add(
            tx, NewJob(user_id="ana", job_type="purge"), cron="0 * * * *", now=desk.clock.now()
        )
        return job_schedules.insert(
            tx,
            NewJob(user_id="cem", job_type="letters"),
            name="Mornings",
            cron="0 * * * *",
            timezone="Europe/Berlin",
            missed="latest",
            now=desk.clock.now(),
        )

    schedule_id = await desk.database.write(add)
    watcher = Schedules(desk.database, desk.clock, desk.findings)
    desk.clock.move(timedelta(minutes=61))
    await watcher.tick()
    assert await desk.all() == []
    desk.clock.move(timedelta(seconds=1))
    await watcher.tick()

    (his,) = await desk.all("cem", daemon_wide=False)
    assert (his.subject, his.title) == (
        f"schedule:{schedule_id}",
        "The schedule Mornings has not fired",
    )
    assert his.detail == "It was due at 2026-11-20 11:00 CET, and nothing was queued."
    (daemons,) = await desk.all("ana")
    assert daemons.title == "The schedule daemon:purge has not fired"

    await desk.database.write(lambda tx: fire_due(tx, now=desk.clock.now()))
    await watcher.tick()
    assert await desk.all(state="open") == []
