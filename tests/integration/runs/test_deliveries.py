"""Deliveries: refused, unanswered, sent again, applied once."""

from __future__ import annotations

from running_daemon import Api, RunningDaemon
from scripted_device import ScriptedDevice, scripted_device

NOTE = {"a.md": "- [ ] Send the contract\n"}


async def run_once(
    api: Api, device: ScriptedDevice, agent_id: str, files: dict[str, str] = NOTE
) -> str:
    run_id = await api.start_run(agent_id)
    await device.expect("agent_run")
    await device.send_files(run_id, files)
    return run_id


async def test_a_refused_record_is_an_error_and_later_runs_try_three_times(
    daemon: RunningDaemon,
) -> None:
    async with (
        daemon.started() as api,
        scripted_device(api.url, await api.pair()) as device,
    ):
        await device.hello()
        agent_id = await api.add_agent()
        first = await run_once(api, device, agent_id)
        call = await device.expect("tool_call")
        await device.answer(call, error="the disk is full")
        run = await api.until(first)
        assert run["status"] == "error"
        assert run["errors"] == [
            {"file": "a.md", "code": "insert_failed", "message": "the disk is full"}
        ]

        for _ in range(3):
            run_id = await api.start_run(agent_id)
            frames = [await device.receive(), await device.receive()]
            again = next(frame for frame in frames if frame["type"] == "tool_call")
            assert again["id"] == call["id"]
            await device.answer(again, error="still full")
            await device.send_files(run_id, {})
            await api.until(run_id)

        last = await run_once(api, device, agent_id, {})
        assert (await api.until(last))["status"] == "success"

        assert (await api.post(f"/api/v1/runs/{first}/resend"))["deliveries"] == 1
        await device.answer_all(1)
        events = await api.until(first)
        while events["items_created"] == 0:
            events = await api.run(first)
        assert events["status"] == "success"
        assert events["errors"] == []


async def test_a_mix_is_partial(daemon: RunningDaemon) -> None:
    async with (
        daemon.started() as api,
        scripted_device(api.url, await api.pair()) as device,
    ):
        await device.hello()
        run_id = await run_once(
            api, device, await api.add_agent(), {"a.md": "- [ ] One\n- [ ] Two\n"}
        )
        await device.answer_all(1)
        await device.answer(await device.expect("tool_call"), error="no")
        run = await api.until(run_id)
    assert run["status"] == "partial"
    assert run["deliveries"] == {"pending": 0, "delivered": 1, "failed": 1}


async def test_five_unanswered_sends_fail_the_delivery(daemon: RunningDaemon) -> None:
    async with (
        daemon.started(hub={"call_seconds": 0.2}) as api,
        scripted_device(api.url, await api.pair()) as device,
    ):
        await device.hello()
        run_id = await run_once(api, device, await api.add_agent())
        calls = [await device.expect("tool_call") for _ in range(5)]
        run = await api.until(run_id)
    assert len({call["id"] for call in calls}) == 1
    assert run["status"] == "error"
    assert [error["code"] for error in run["errors"]] == ["no_answer"]


async def test_a_late_answer_is_dropped_and_the_repeated_call_counts_once(
    daemon: RunningDaemon,
) -> None:
    async with (
        daemon.started(hub={"call_seconds": 0.3}) as api,
        scripted_device(api.url, await api.pair()) as device,
    ):
        await device.hello()
        run_id = await run_once(api, device, await api.add_agent())
        first = await device.expect("tool_call")
        again = await device.expect("tool_call")
        await device.answer(first)
        await device.answer(again)
        run = await api.until(run_id)
    assert first["id"] == again["id"]
    assert run["status"] == "success"
    assert run["items_created"] == 1


async def test_at_most_32_calls_are_under_way(daemon: RunningDaemon) -> None:
    text = "".join(f"- [ ] Task number {n}\n" for n in range(100))
    async with (
        daemon.started() as api,
        scripted_device(api.url, await api.pair()) as device,
    ):
        await device.hello()
        run_id = await run_once(api, device, await api.add_agent(), {"a.md": text})
        window = [await device.expect("tool_call") for _ in range(32)]
        await device.send(type="device_hello", device_id="laptop")
        # The answer to the second hello comes next: no 33rd call went before it.
        assert (await device.receive())["type"] == "error"
        for call in window:
            await device.answer(call)
        rest = await device.answer_all(68)
        run = await api.until(run_id)
    ids = [call["id"] for call in (*window, *rest)]
    assert ids == sorted(ids)
    assert run["items_created"] == 100


async def test_a_removed_device_fails_what_it_was_still_to_get(daemon: RunningDaemon) -> None:
    async with daemon.started() as api:
        token = await api.pair()
        async with scripted_device(api.url, token) as device:
            await device.hello()
            agent_id = await api.add_agent()
            run_id = await run_once(api, device, agent_id)
            await device.expect("tool_call")
            await api.request("DELETE", "/api/v1/devices/laptop")
            assert await device.closed() == 4101
        run = await api.until(run_id)
        agent = await api.get(f"/api/v1/agents/{agent_id}")
    assert run["status"] == "error"
    assert [error["code"] for error in run["errors"]] == ["device_revoked"]
    assert agent["enabled"] is False
