"""A folder on a device becomes records on the device, and is not read twice."""

from __future__ import annotations

from running_daemon import RunningDaemon
from scripted_device import scripted_device, sha256

NOTES = {
    "a.md": "# Standup\n\n- [ ] Send the contract\n- [ ] Book the room\n",
    "b.md": "- [ ] Water the plants\n",
}


async def test_a_basic_devices_files_become_records(daemon: RunningDaemon) -> None:
    async with (
        daemon.started() as api,
        scripted_device(api.url, await api.pair()) as device,
    ):
        await device.hello()
        run_id = await api.start_run(await api.add_agent())
        asked = await device.expect("agent_run")
        await device.send_files(run_id, NOTES)
        calls = await device.answer_all(3)
        run = await api.until(run_id)

    assert asked["run_id"] == run_id
    assert asked["config"]["paths"] == ["~/Notes"]
    assert {call["data"]["title"] for call in calls} == {
        "Send the contract",
        "Book the room",
        "Water the plants",
    }
    for call in calls:
        assert call["data"]["isAiSuggested"] == 1
        assert call["data"]["isApproved"] == 0
        path = call["source"]["path"]
        assert call["source"]["quote"] in NOTES[path]
        assert call["source"]["sha256"] == sha256(NOTES[path])
        assert call["source"]["run_id"] == run_id
    assert run["status"] == "success"
    assert (run["items_processed"], run["items_created"]) == (2, 3)
    assert run["errors"] == []


async def test_unchanged_files_do_not_travel_again(daemon: RunningDaemon) -> None:
    async with (
        daemon.started() as api,
        scripted_device(api.url, await api.pair()) as device,
    ):
        await device.hello("manifest")
        agent_id = await api.add_agent()
        first = await api.start_run(agent_id)
        await device.expect("agent_run")
        assert sorted(await device.send_manifest(first, NOTES)) == ["a.md", "b.md"]
        await device.send_files(first, NOTES)
        await device.answer_all(3)
        await api.until(first)

        second = await api.start_run(agent_id)
        await device.expect("agent_run")
        changed = {**NOTES, "b.md": NOTES["b.md"] + "- [ ] Feed the cat\n"}
        assert await device.send_manifest(second, changed) == ["b.md"]
        await device.send_files(second, {"b.md": changed["b.md"]})
        (call,) = await device.answer_all(1)
        run = await api.until(second)

    assert call["data"]["title"] == "Feed the cat"
    assert run["coverage"]["listed"] == 2
    assert run["coverage"]["unchanged"] == 1
    assert run["coverage"]["read"] == 1
    assert run["items_created"] == 1


async def test_a_basic_device_sends_all_and_nothing_comes_twice(daemon: RunningDaemon) -> None:
    async with (
        daemon.started() as api,
        scripted_device(api.url, await api.pair()) as device,
    ):
        await device.hello()
        agent_id = await api.add_agent()
        for expected in (3, 0):
            run_id = await api.start_run(agent_id)
            await device.expect("agent_run")
            await device.send_files(run_id, NOTES)
            await device.answer_all(expected)
            run = await api.until(run_id)
            assert run["items_created"] == expected
    assert run["coverage"]["unchanged"] == 2
    assert run["status"] == "success"


async def test_a_moved_file_brings_nothing_new_even_when_it_changes(daemon: RunningDaemon) -> None:
    async with (
        daemon.started() as api,
        scripted_device(api.url, await api.pair()) as device,
    ):
        await device.hello("manifest")
        agent_id = await api.add_agent()
        first = await api.start_run(agent_id)
        await device.expect("agent_run")
        await device.send_manifest(first, {"old.md": NOTES["a.md"]})
        await device.send_files(first, {"old.md": NOTES["a.md"]})
        await device.answer_all(2)
        await api.until(first)

        second = await api.start_run(agent_id)
        await device.expect("agent_run")
        assert await device.send_manifest(second, {"new.md": NOTES["a.md"]}) == []
        await device.send_files(second, {})
        await api.until(second)

        third = await api.start_run(agent_id)
        await device.expect("agent_run")
        edited = NOTES["a.md"] + "- [ ] Call Ben\n"
        assert await device.send_manifest(third, {"new.md": edited}) == ["new.md"]
        await device.send_files(third, {"new.md": edited})
        (call,) = await device.answer_all(1)
        await api.until(third)

    assert call["data"]["title"] == "Call Ben"


async def test_an_empty_folder_is_a_success(daemon: RunningDaemon) -> None:
    async with (
        daemon.started() as api,
        scripted_device(api.url, await api.pair()) as device,
    ):
        await device.hello("manifest")
        run_id = await api.start_run(await api.add_agent())
        await device.expect("agent_run")
        assert await device.send_manifest(run_id, {}) == []
        await device.send_files(run_id, {})
        run = await api.until(run_id)
    assert run["status"] == "success"
    assert run["items_processed"] == run["items_created"] == 0
    assert run["coverage"]["listed"] == 0
