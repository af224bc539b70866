"""Scheduled runs: started on hello and by the tick, once per fire, and told when late."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from movable_clock import MovableClock
from running_daemon import Api, RunningDaemon, new_daemon
from scripted_device import ScriptedDevice, scripted_device

NOTE = {"a.md": "- [ ] Send the contract\n"}
EVERY_DAY = "0 8 * * *"


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock(datetime(2026, 11, 20, 9, 0, tzinfo=UTC))


@pytest.fixture
def daemon(tmp_path: Path, clock: MovableClock) -> RunningDaemon:
    return new_daemon(tmp_path, clock=clock)


async def serve_run(api: Api, device: ScriptedDevice, records: int) -> dict[str, object]:
    run_id = (await device.expect("agent_run"))["run_id"]
    await device.send_files(run_id, NOTE)
    await device.answer_all(records)
    return await api.until(run_id)


async def test_the_first_run_starts_on_hello_and_then_the_schedule_counts(
    daemon: RunningDaemon, clock: MovableClock
) -> None:
    async with daemon.started() as api:
        token = await api.pair()
        agent_id = await api.add_agent(schedule_cron=EVERY_DAY)
        async with scripted_device(api.url, token) as device:
            await device.hello()
            first = await serve_run(api, device, 1)

        clock.move(timedelta(minutes=30))
        async with scripted_device(api.url, token) as device:
            await device.hello()
            manual = await api.start_run(agent_id)
            # Nothing was due: the next run is the one started by hand.
            assert (await device.expect("agent_run"))["run_id"] == manual
            await device.send_files(manual, NOTE)
            await api.until(manual)

        clock.set(datetime(2026, 11, 23, 11, 0, tzinfo=UTC))
        async with scripted_device(api.url, token) as device:
            await device.hello()
            late = await serve_run(api, device, 0)
        runs = (await api.get("/api/v1/runs"))["items"]
        started = (await api.get("/api/v1/audit?action=EXECUTE"))["items"]

    assert [entry["actor_kind"] for entry in started] == ["daemon", "api_key", "daemon"]
    assert {entry["resource_id"] for entry in started} == {agent_id}
    assert {entry["actor_name"] for entry in started} == {"owner"}
    assert [entry["changes"]["run_id"]["after"] for entry in started] == [run["id"] for run in runs]
    assert first["trigger"] == "first"
    assert late["trigger"] == "schedule"
    assert late["scheduled_for"] == "2026-11-23T08:00:00.000Z"
    assert late["late_reason"] == "the device was away"
    assert len(runs) == 3


async def test_an_agent_whose_device_is_away_stays_due_without_a_row(
    daemon: RunningDaemon, clock: MovableClock
) -> None:
    async with daemon.started() as api:
        token = await api.pair()
        await api.add_agent(schedule_cron=EVERY_DAY)
        assert (await api.get("/api/v1/runs"))["items"] == []
        async with scripted_device(api.url, token) as device:
            await device.hello()
            await serve_run(api, device, 1)


async def test_a_paused_agent_is_not_due_and_a_resumed_one_missed_nothing(
    daemon: RunningDaemon, clock: MovableClock
) -> None:
    async with daemon.started() as api:
        token = await api.pair()
        agent_id = await api.add_agent(schedule_cron=EVERY_DAY)
        async with scripted_device(api.url, token) as device:
            await device.hello()
            await serve_run(api, device, 1)
        await api.request("PATCH", f"/api/v1/agents/{agent_id}", {"enabled": False})
        clock.move(timedelta(days=3))
        paused = await api.get(f"/api/v1/agents/{agent_id}")
        resumed = await api.request("PATCH", f"/api/v1/agents/{agent_id}", {"enabled": True})
        async with scripted_device(api.url, token) as device:
            await device.hello()
            manual = await api.start_run(agent_id)
            assert (await device.expect("agent_run"))["run_id"] == manual
    assert paused["next_fires"] == []
    assert resumed["next_fires"][0] == "2026-11-24T08:00:00.000Z"
    assert len(resumed["next_fires"]) == 5


async def test_a_waiting_run_expires(daemon: RunningDaemon, clock: MovableClock) -> None:
    async with daemon.started() as api:
        await api.pair()
        run_id = await api.start_run(await api.add_agent(max_age_hours=2))
        await api.until(run_id, "waiting")
        clock.move(timedelta(hours=2))
    async with daemon.started() as api:
        run = await api.until(run_id)
    assert run["status"] == "error"
    assert [error["code"] for error in run["errors"]] == ["expired"]
