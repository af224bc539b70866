"""Schedules that should have fired are noticed, and what went wrong alone is announced."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from movable_clock import MovableClock
from running_daemon import RunningDaemon, new_daemon
from running_hub import running_hub
from scripted_device import scripted_device

from noond.config import FindingSettings
from noond.events import EventBus
from noond.findings.findings import FINDING_OPENED, Findings
from noond.runners.notices import SCHEDULE_OVERDUE
from noond.runners.watchdog import ScheduleWatchdog
from noond.store.database import Database

NOTE = {"a.md": "- [ ] Send the contract\n"}


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock(datetime(2026, 11, 20, 9, 0, tzinfo=UTC))


@pytest.fixture
def daemon(tmp_path: Path, clock: MovableClock) -> RunningDaemon:
    return new_daemon(tmp_path, clock=clock)


async def test_a_scheduled_run_that_went_wrong_is_announced(daemon: RunningDaemon) -> None:
    async with (
        daemon.started() as api,
        scripted_device(api.url, await api.pair()) as device,
    ):
        await api.add_agent(schedule_cron="0 8 * * *")
        await device.hello("notify")
        while (asked := await device.receive())["type"] == "event":
            assert asked["topic"] == "run.progress"
        run_id = asked["run_id"]
        await device.send(type="agent_complete", run_id=run_id, error="the folder is gone")
        while (frame := await device.receive())["type"] == "event":
            assert frame["topic"] == "run.progress"
        await device.answer(frame)
    assert frame["action"] == "notify"
    assert frame["title"] == "inbox: 1 errors"
    assert "error" in frame["body"]


async def test_a_fire_that_nobody_served_is_noticed_once(
    daemon: RunningDaemon, clock: MovableClock
) -> None:
    async with daemon.started() as api:
        token = await api.pair()
        agent_id = await api.add_agent(schedule_cron="0 10 * * *")
        async with scripted_device(api.url, token) as device:
            await device.hello()
            run_id = (await device.expect("agent_run"))["run_id"]
            await device.send_files(run_id, NOTE)
            await device.answer_all(1)
            await api.until(run_id)

    clock.set(datetime(2026, 11, 20, 10, 5, tzinfo=UTC))
    bus = EventBus(clock=clock)
    database = await Database.open(daemon.data_dir / "noond.db")
    heard = []
    try:
        async with running_hub() as served:
            findings = Findings(
                database, clock, bus, FindingSettings(), deliver=None, wake=lambda: None
            )
            watchdog = ScheduleWatchdog(database, clock, served.hub, bus, findings)
            with bus.subscribe(daemon.user_id) as events:
                await watchdog.tick()
                clock.move(timedelta(minutes=10))
                await watchdog.tick()
                await watchdog.tick()
                heard += [await events.next(), await events.next()]
                bus.publish(daemon.user_id, "end", "end", {})
                heard.append(await events.next())
    finally:
        await database.close()
    async with daemon.started() as api:
        agent = await api.get(f"/api/v1/agents/{agent_id}")
        (finding,) = (await api.get("/api/v1/findings"))["items"]
    assert [event.topic for event in heard] == [SCHEDULE_OVERDUE, FINDING_OPENED, "end"]
    assert agent["schedule_note"] == "due since 2026-11-20 10:00 UTC: the device is away"
    assert (finding["kind"], finding["subject"]) == ("schedule_not_fired", f"agent:{agent_id}")
    assert (finding["title"], finding["detail"]) == ("inbox has not run", agent["schedule_note"])
