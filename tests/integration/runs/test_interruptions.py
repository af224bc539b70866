"""What is in flight goes on: after a disconnect, a restart, while a device is away."""

from __future__ import annotations

from running_daemon import RunningDaemon
from scripted_device import ScriptedDevice, scripted_device

NOTES = {"a.md": "- [ ] Send the contract\n", "b.md": "- [ ] Water the plants\n"}


async def test_a_run_waits_for_its_device_and_starts_on_hello(daemon: RunningDaemon) -> None:
    async with daemon.started() as api:
        token = await api.pair()
        run_id = await api.start_run(await api.add_agent())
        waiting = await api.run(run_id)
        async with scripted_device(api.url, token) as device:
            await device.hello()
            assert (await device.expect("agent_run"))["run_id"] == run_id
            await device.send_files(run_id, NOTES)
            await device.answer_all(2)
            run = await api.until(run_id)

    assert (waiting["status"], waiting["waiting_for"]) == ("waiting", "device")
    assert run["status"] == "success"
    assert run["items_created"] == 2


async def test_an_interrupted_run_starts_again_without_what_was_read(
    daemon: RunningDaemon,
) -> None:
    async with daemon.started() as api:
        token = await api.pair()
        async with scripted_device(api.url, token) as device:
            await device.hello("manifest")
            run_id = await api.start_run(await api.add_agent())
            await device.expect("agent_run")
            assert sorted(await device.send_manifest(run_id, NOTES)) == ["a.md", "b.md"]
            await device.send_files(run_id, {"a.md": NOTES["a.md"]}, complete=False)
            (first,) = await device.answer_all(1)
        await api.until(run_id, "waiting")

        async with scripted_device(api.url, token) as device:
            await device.hello("manifest")
            again = await device.expect("agent_run")
            wanted = await device.send_manifest(run_id, NOTES)
            await device.send_files(run_id, {"b.md": NOTES["b.md"]})
            (second,) = await device.answer_all(1)
            run = await api.until(run_id)

    assert again["run_id"] == run_id
    assert wanted == ["b.md"]
    assert first["data"]["title"] == "Send the contract"
    assert second["data"]["title"] == "Water the plants"
    assert (run["status"], run["items_processed"], run["items_created"]) == ("success", 2, 2)
    assert run["coverage"]["unchanged"] == 0


async def test_an_unanswered_call_is_sent_again_with_its_id_before_anything_else(
    daemon: RunningDaemon,
) -> None:
    async with daemon.started() as api:
        token = await api.pair()
        async with scripted_device(api.url, token) as device:
            await device.hello()
            run_id = await api.start_run(await api.add_agent())
            await device.expect("agent_run")
            await device.send_files(run_id, {"a.md": NOTES["a.md"]}, complete=False)
            lost = await device.expect("tool_call")
        await api.until(run_id, "waiting")

        async with scripted_device(api.url, token) as device:
            welcome = await device.hello()
            resent = await device.expect("tool_call")
            await device.answer(resent)
            assert (await device.expect("agent_run"))["run_id"] == run_id
            await device.send_files(run_id, {"a.md": NOTES["a.md"]})
            run = await api.until(run_id)

    assert welcome["pending_calls"] == 1
    assert resent["id"] == lost["id"]
    assert run["items_created"] == 1


async def test_a_run_whose_files_were_read_only_waits_for_its_deliveries(
    daemon: RunningDaemon,
) -> None:
    async with daemon.started() as api:
        token = await api.pair()
        async with scripted_device(api.url, token) as device:
            await device.hello()
            run_id = await api.start_run(await api.add_agent())
            await device.expect("agent_run")
            await device.send_files(run_id, NOTES)
            await device.expect("tool_call")
            await device.expect("tool_call")
        await api.until(run_id, "waiting")

        async with scripted_device(api.url, token) as device:
            await device.hello()
            await device.answer_all(2)
            run = await api.until(run_id)
    assert run["status"] == "success"


async def test_a_run_survives_the_daemons_restart(daemon: RunningDaemon) -> None:
    async with daemon.started() as api:
        token = await api.pair()
        async with scripted_device(api.url, token) as device:
            await device.hello("manifest")
            run_id = await api.start_run(await api.add_agent())
            await device.expect("agent_run")
            await device.send_manifest(run_id, NOTES)
            await device.send_files(run_id, {"a.md": NOTES["a.md"]}, complete=False)
            call = await device.expect("tool_call")
            applied: ScriptedDevice = device

    async with daemon.started() as api:
        assert (await api.run(run_id))["status"] in ("queued", "waiting")
        async with scripted_device(api.url, token) as device:
            device.applied = applied.applied
            await device.hello("manifest")
            again = await device.expect("tool_call")
            await device.answer(again)
            await device.expect("agent_run")
            assert await device.send_manifest(run_id, NOTES) == ["b.md"]
            await device.send_files(run_id, {"b.md": NOTES["b.md"]})
            await device.answer_all(1)
            run = await api.until(run_id)
    assert again["id"] == call["id"]
    assert (run["status"], run["items_created"]) == ("success", 2)


async def test_a_waiting_run_is_cancelled_at_once(daemon: RunningDaemon) -> None:
    async with daemon.started() as api:
        await api.pair()
        run_id = await api.start_run(await api.add_agent())
        reply = await api.post(f"/api/v1/runs/{run_id}/cancel")
        again = await api.post(f"/api/v1/runs/{run_id}/cancel")
    assert (reply["outcome"], reply["status"]) == ("requested", "cancelled")
    assert again["outcome"] == "already_final"


async def test_a_running_run_is_cancelled_and_the_device_is_told(daemon: RunningDaemon) -> None:
    async with (
        daemon.started() as api,
        scripted_device(api.url, await api.pair()) as device,
    ):
        await device.hello("cancel")
        run_id = await api.start_run(await api.add_agent())
        await device.expect("agent_run")
        await device.send_files(run_id, {"a.md": NOTES["a.md"]}, complete=False)
        await device.answer_all(1)
        await api.post(f"/api/v1/runs/{run_id}/cancel")
        cancelled = await device.expect("agent_cancel")
        await device.send(type="agent_complete", run_id=run_id)
        run = await api.until(run_id)
    assert cancelled["run_id"] == run_id
    assert run["status"] == "cancelled"
    assert run["items_created"] == 1


async def test_one_run_at_a_time_of_one_agent(daemon: RunningDaemon) -> None:
    async with daemon.started() as api:
        await api.pair()
        agent_id = await api.add_agent()
        run_id = await api.start_run(agent_id)
        problem = await api.post(f"/api/v1/agents/{agent_id}/runs", expect=409)
    assert problem["code"] == "run_in_progress"
    assert problem["run_id"] == run_id


async def test_runs_of_one_device_go_one_after_the_other(daemon: RunningDaemon) -> None:
    async with (
        daemon.started() as api,
        scripted_device(api.url, await api.pair()) as device,
    ):
        await device.hello()
        first = await api.start_run(await api.add_agent(name="first"))
        second = await api.start_run(await api.add_agent(name="second"))
        assert (await device.expect("agent_run"))["run_id"] == first
        await device.send_files(first, NOTES)
        await device.answer_all(2)
        assert (await device.expect("agent_run"))["run_id"] == second
        await device.send_files(second, NOTES)
        await device.answer_all(2)
        assert (await api.until(second))["status"] == "success"


async def test_a_gap_in_the_data_fails_the_run_and_not_the_socket(daemon: RunningDaemon) -> None:
    async with (
        daemon.started() as api,
        scripted_device(api.url, await api.pair()) as device,
    ):
        await device.hello()
        agent_id = await api.add_agent()
        run_id = await api.start_run(agent_id)
        await device.expect("agent_run")
        await device.send_files(run_id, {"a.md": NOTES["a.md"]}, seq=2)
        run = await api.until(run_id)
        assert run["status"] == "error"
        assert [error["code"] for error in run["errors"]] == ["sequence_gap"]

        second = await api.start_run(agent_id)
        assert (await device.expect("agent_run"))["run_id"] == second


async def test_a_message_too_large_ends_the_run_for_good(daemon: RunningDaemon) -> None:
    async with daemon.started(hub={"frame_bytes": 65_536}) as api:
        token = await api.pair()
        async with scripted_device(api.url, token) as device:
            await device.hello()
            run_id = await api.start_run(await api.add_agent())
            await device.expect("agent_run")
            await device.send_files(run_id, {"big.md": "x" * 70_000})
            assert await device.closed() == 1009
        run = await api.until(run_id)
        assert run["status"] == "error"
        assert [error["code"] for error in run["errors"]] == ["frame_too_large"]
        failed, connected = (await api.get("/api/v1/activities"))["items"]
    assert failed["activity_type"] == "ErrorOccurred"
    assert failed["description"].startswith("a run of inbox has failed: the device sent a message")
    assert failed["metadata"]["run_id"] == run_id
    assert connected["activity_type"] == "ConnectionEstablished"


async def test_silence_ends_the_wait_and_what_came_counts(daemon: RunningDaemon) -> None:
    async with (
        daemon.started(runs={"silence_seconds": 0.2}) as api,
        scripted_device(api.url, await api.pair()) as device,
    ):
        await device.hello()
        run_id = await api.start_run(await api.add_agent())
        await device.expect("agent_run")
        await device.send_files(run_id, {"a.md": NOTES["a.md"]}, complete=False)
        await device.answer_all(1)
        run = await api.until(run_id)
    assert run["status"] == "partial"
    assert [error["code"] for error in run["errors"]] == ["device_silent"]
    assert run["items_created"] == 1


async def test_a_run_whose_device_is_removed_can_never_go_on(daemon: RunningDaemon) -> None:
    async with daemon.started() as api:
        token = await api.pair()
        async with scripted_device(api.url, token) as device:
            await device.hello()
            run_id = await api.start_run(await api.add_agent())
            await device.expect("agent_run")
            await device.send_files(run_id, {"a.md": NOTES["a.md"]}, complete=False)
            await device.answer_all(1)
            await api.request("DELETE", "/api/v1/devices/laptop")
            assert await device.closed() == 4101
        run = await api.until(run_id)
    assert run["status"] == "interrupted"
    assert [error["code"] for error in run["errors"]] == ["device_revoked"]
    assert run["items_created"] == 1
