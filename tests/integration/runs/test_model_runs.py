"""Runs with a model: what it cost, when the money is used up, when the device goes away."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest
from event_client import event_client
from movable_clock import MovableClock
from running_daemon import RunningDaemon, new_daemon
from scripted_device import scripted_device
from stub_model import stub_model

FILES = {"a.md": "TODO send the contract\n", "b.md": "TODO water the plants\n"}
# Dollars per million tokens: a question of 1,000 + 100 tokens costs 0.0012.
PRICES = {"stub": (1.0, 2.0)}


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock(datetime(2026, 11, 20, 9, 0, tzinfo=UTC))


@pytest.fixture
def daemon(tmp_path: Path, clock: MovableClock) -> RunningDaemon:
    return new_daemon(tmp_path, clock=clock)


async def test_a_run_says_what_it_cost(daemon: RunningDaemon) -> None:
    async with (
        stub_model() as model,
        daemon.started(llm=model.settings(prices=PRICES)) as api,
        scripted_device(api.url, await api.pair()) as device,
    ):
        await device.hello()
        run_id = await api.start_run(await api.add_agent())
        await device.expect("agent_run")
        await device.send_files(run_id, FILES)
        await device.answer_all(2)
        run = await api.until(run_id)
        (job,) = (await api.get("/api/v1/jobs?job_type=agent_run"))["items"]
        used = await api.get("/api/v1/usage?group=job")
    assert [(each["key"], each["name"], each["calls"]) for each in used["items"]] == [
        (job["id"], "inbox", 2)
    ]
    assert run["status"] == "success"
    assert run["usage"] == {
        "calls": 2,
        "prompt_tokens": 2000,
        "completion_tokens": 200,
        "cost_usd": pytest.approx(0.0024),
    }


async def test_an_unknown_price_is_said_and_not_refused(daemon: RunningDaemon) -> None:
    async with (
        stub_model() as model,
        daemon.started(llm=model.settings(usd_per_day=0.01)) as api,
        scripted_device(api.url, await api.pair()) as device,
    ):
        await device.hello()
        run_id = await api.start_run(await api.add_agent())
        await device.expect("agent_run")
        await device.send_files(run_id, FILES)
        await device.answer_all(2)
        run = await api.until(run_id)
    assert run["usage"]["cost_usd"] is None
    assert run["items_created"] == 2


async def test_at_the_limit_a_run_waits_and_goes_on_the_next_day(
    daemon: RunningDaemon, clock: MovableClock
) -> None:
    async with stub_model() as model:
        # Enough for one question at its estimate, not for two.
        llm = model.settings(prices=PRICES, usd_per_day=0.0055, concurrency=1)
        async with daemon.started(llm=llm) as api:
            token = await api.pair()
            async with scripted_device(api.url, token) as device:
                await device.hello("manifest")
                run_id = await api.start_run(await api.add_agent())
                await device.expect("agent_run")
                await device.send_manifest(run_id, FILES)
                await device.send_files(run_id, FILES)
                (first,) = await device.answer_all(1)
                waiting = await api.until(run_id, "waiting")
        clock.set(datetime(2026, 11, 21, 0, 1, tzinfo=UTC))
        async with (
            daemon.started(llm=llm) as api,
            scripted_device(api.url, token) as device,
        ):
            await device.hello("manifest")
            await device.expect("agent_run")
            (left,) = await device.send_manifest(run_id, FILES)
            await device.send_files(run_id, {left: FILES[left]})
            (second,) = await device.answer_all(1)
            run = await api.until(run_id)
    assert (waiting["status"], waiting["waiting_for"]) == ("waiting", "budget")
    assert waiting["errors"] == []
    assert waiting["waiting_note"].startswith("llm.usd_per_day = 0.0055: 0.0012 US dollars")
    assert "it renews at 2026-11-21 00:00 (UTC)" in waiting["waiting_note"]
    assert run["waiting_note"] is None
    assert first["source"]["path"] != second["source"]["path"]
    assert run["status"] == "success"
    assert run["items_created"] == 2
    assert model.asked == 2


async def test_what_nears_a_limit_is_said_shown_and_counted(daemon: RunningDaemon) -> None:
    files = {f"{n}.md": f"TODO task {n}\n" for n in range(3)}
    # Only answers cost, and all of them what is reserved: 0.0002.
    money = {"prices": {"stub": (0.0, 2.0)}, "max_tokens": 100, "usd_per_agent": 0.00045}
    async with (
        stub_model() as model,
        daemon.started(llm=model.settings(concurrency=1, **money)) as api,
        scripted_device(api.url, await api.pair()) as device,
        scripted_device(api.url, await api.pair("phone")) as phone,
        aiohttp.ClientSession() as http,
        event_client(http, api.url, key=daemon.api_key) as app,
    ):
        await device.hello()
        await phone.hello("notify", device_id="phone")
        await app.subscribe("usage")
        agent_id = await api.add_agent()
        run_id = await api.start_run(agent_id)
        await device.expect("agent_run")
        await device.send_files(run_id, files)
        await device.answer_all(2)
        waiting = await api.until(run_id, "waiting")
        warning = await app.expect("event")
        while (frame := await phone.receive())["type"] == "event":
            pass
        limits = (await api.get("/api/v1/usage/limits"))["items"]
        used = await api.get("/api/v1/usage?group=run")
        metrics = await api.text("/metrics")
    assert waiting["waiting_note"].startswith("llm.usd_per_agent = 0.00045")
    assert (warning["name"], warning["subject"]) == ("budget.warning", agent_id)
    assert warning["data"] == {
        "setting": "llm.usd_per_agent",
        "agent_id": agent_id,
        "run_id": None,
        "limit_usd": 0.00045,
        "used_usd": 0.0004,
        "reset_at": "2026-11-21T00:00:00.000Z",
    }
    assert frame["action"] == "notify"
    assert frame["body"].startswith("llm.usd_per_agent = 0.00045 US dollars is used to 80 %")
    assert [(each["agent_id"], each["used_usd"]) for each in limits] == [
        (None, pytest.approx(0.0004)),
        (agent_id, pytest.approx(0.0004)),
    ]
    ((key, name, calls),) = [(each["key"], each["name"], each["calls"]) for each in used["items"]]
    assert (key, name, calls) == (run_id, "inbox", 2)
    assert 'noond_llm_calls_total{model="stub",outcome="answered"} 2.0' in metrics
    assert 'noond_runs{state="waiting"} 1.0' in metrics


async def test_while_the_device_is_away_nothing_more_is_asked(daemon: RunningDaemon) -> None:
    files = {f"{n}.md": f"TODO task {n}\n" for n in range(6)}
    async with stub_model() as model:
        model.open_gate.clear()
        async with daemon.started(llm=model.settings(concurrency=2)) as api:
            token = await api.pair()
            async with scripted_device(api.url, token) as device:
                await device.hello("manifest")
                run_id = await api.start_run(await api.add_agent())
                await device.expect("agent_run")
                await device.send_manifest(run_id, files)
                await device.send_files(run_id, files)
                await model.arrived.wait()
            # The device is gone; what is under way may end, and is kept. (The first question is
            # alone: it finds out in which format the server answers.)
            while (await api.get("/api/v1/devices"))["items"][0]["online"]:
                pass
            model.open_gate.set()
            await api.until(run_id, "waiting")
            asked_while_away = model.asked

            async with scripted_device(api.url, token) as device:
                await device.hello("manifest")
                await device.answer_all(1)
                await device.expect("agent_run")
                wanted = await device.send_manifest(run_id, files)
                await device.send_files(run_id, {path: files[path] for path in wanted})
                await device.answer_all(len(wanted))
                run = await api.until(run_id)
    assert asked_while_away == 1
    assert len(wanted) == 5
    assert model.asked == 6
    assert (run["status"], run["items_created"]) == ("success", 6)


async def test_a_scheduled_run_leaves_the_last_part_of_a_limit_to_others(
    daemon: RunningDaemon, clock: MovableClock
) -> None:
    # Only answers cost, and all of them what is reserved: 0.0002. Two fit, but not into 80 %.
    money = {"prices": {"stub": (0.0, 2.0)}, "max_tokens": 100, "usd_per_day": 0.00045}
    async with (
        stub_model() as model,
        daemon.started(llm=model.settings(concurrency=1, **money)) as api,
    ):
        token = await api.pair()
        await api.add_agent(schedule_cron="0 8 * * *")
        async with scripted_device(api.url, token) as device:
            await device.hello()
            first = (await device.expect("agent_run"))["run_id"]
            await device.send_files(first, {})
            await api.until(first)
        clock.set(datetime(2026, 11, 21, 8, 1, tzinfo=UTC))
        async with scripted_device(api.url, token) as device:
            await device.hello()
            run_id = (await device.expect("agent_run"))["run_id"]
            await device.send_files(run_id, FILES)
            await device.answer_all(1)
            waiting = await api.until(run_id, "waiting")
            by_hand = await api.start_run(await api.add_agent(name="other"))
            assert (await device.expect("agent_run"))["run_id"] == by_hand
            await device.send_files(by_hand, {"c.md": "TODO call the bank\n"})
            await device.answer_all(1)
            done = await api.until(by_hand)
    assert (waiting["waiting_for"], waiting["items_created"]) == ("budget", 1)
    assert "of which scheduled runs may use 80 %" in waiting["waiting_note"]
    assert (done["status"], done["items_created"]) == ("success", 1)
    assert model.asked == 2
