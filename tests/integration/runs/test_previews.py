"""Looking before leaping: estimates, dry runs, applying, undoing, comparing, reviewing."""

from __future__ import annotations

from typing import Any

from running_daemon import Api, RunningDaemon
from scripted_device import ScriptedDevice, scripted_device

NOTES = {
    "a.md": "- [ ] Send the contract\n- [ ] Book the room\n",
    "b.md": "- [ ] Water the plants\n",
}
ALL = ("manifest", "delete", "review", "notify")


async def run(
    api: Api,
    device: ScriptedDevice,
    agent_id: str,
    files: dict[str, str] = NOTES,
    *,
    mode: str = "full",
    records: int = 0,
) -> dict[str, Any]:
    """Run the agent over these files to its end."""
    started = await api.post(f"/api/v1/agents/{agent_id}/runs", {"mode": mode})
    run_id = started["run_id"]
    await device.expect("agent_run")
    wanted = await device.send_manifest(run_id, files)
    await device.send_files(run_id, {path: files[path] for path in wanted})
    await device.answer_all(records)
    return await api.until(run_id)


async def test_an_estimate_reads_the_manifest_alone(daemon: RunningDaemon) -> None:
    async with (
        daemon.started() as api,
        scripted_device(api.url, await api.pair()) as device,
    ):
        await device.hello(*ALL[:3])
        agent_id = await api.add_agent()
        await run(api, device, agent_id, {"a.md": NOTES["a.md"]}, records=2)
        changed = {"a.md": NOTES["a.md"] + "more\n", "b.md": NOTES["b.md"]}
        estimated = await run(api, device, agent_id, changed, mode="estimate")
        records = await api.records(estimated["id"])
    assert estimated["status"] == "success"
    assert estimated["estimate"] == {
        "files_new": 1,
        "files_changed": 1,
        "files_unchanged": 0,
        "bytes_to_read": sum(len(text) for text in changed.values()),
        "prompt_tokens": 0,
        "completion_tokens": 0,
        "cost_usd": 0.0,
    }
    assert records == []


async def test_an_estimate_needs_a_manifest(daemon: RunningDaemon) -> None:
    async with (
        daemon.started() as api,
        scripted_device(api.url, await api.pair()) as device,
    ):
        await device.hello()
        agent_id = await api.add_agent()
        started = await api.post(f"/api/v1/agents/{agent_id}/runs", {"mode": "estimate"})
        await device.expect("agent_run")
        await device.send_files(started["run_id"], NOTES)
        ended = await api.until(started["run_id"])
    assert ended["status"] == "error"
    assert [error["code"] for error in ended["errors"]] == ["needs_manifest"]


async def test_a_dry_run_proposes_and_apply_delivers_without_reading_again(
    daemon: RunningDaemon,
) -> None:
    async with (
        daemon.started() as api,
        scripted_device(api.url, await api.pair()) as device,
    ):
        await device.hello(*ALL[:3])
        agent_id = await api.add_agent()
        await run(api, device, agent_id, {"b.md": NOTES["b.md"]}, records=1)
        dry = await run(api, device, agent_id, mode="dry_run")
        path = f"/api/v1/runs/{dry['id']}"
        proposals = (await api.get(f"{path}/proposals"))["items"]
        applied = await api.post(f"{path}/apply")
        calls = await device.answer_all(2)
        again = await api.post(f"{path}/apply", expect=409)
        full = await run(api, device, agent_id)

    assert dry["status"] == "success"
    assert dry["items_created"] == 0
    assert [(each["data"]["title"], each["novelty"]) for each in proposals] == [
        ("Send the contract", "new"),
        ("Book the room", "new"),
    ]
    assert applied["deliveries"] == 2
    assert {call["data"]["title"] for call in calls} == {"Send the contract", "Book the room"}
    assert "applied before" in again["detail"]
    assert (full["items_processed"], full["items_created"]) == (0, 0)


async def test_a_reverted_run_leaves_what_a_person_approved(daemon: RunningDaemon) -> None:
    async with (
        daemon.started() as api,
        scripted_device(api.url, await api.pair()) as device,
    ):
        await device.hello(*ALL[:3])
        agent_id = await api.add_agent()
        ended = await run(api, device, agent_id, records=3)
        ids = {call["data"]["title"]: call_id for call_id, call in device.applied.items()}
        await device.send(
            type="review",
            deliveries=[{"id": ids["Book the room"], "decision": "approved"}],
        )
        assert (await device.expect("review_ack"))["ids"] == [ids["Book the room"]]

        reverted = await api.post(f"/api/v1/runs/{ended['id']}/revert")
        deletions = [await device.expect("tool_call") for _ in range(2)]
        for call in deletions:
            edited = call["record_id"] == f"rec-{ids['Water the plants']}"
            await device.answer(call, error="the person has edited it" if edited else None)
        state = await api.get(f"/api/v1/runs/{ended['id']}/revert")
        while state["pending"]:
            state = await api.get(f"/api/v1/runs/{ended['id']}/revert")

        records = {each["data"]["title"]: each for each in await api.records(ended["id"])}
        again = await run(api, device, agent_id)
        other = await api.request(
            "PATCH", f"/api/v1/agents/{agent_id}", {"prompt_template": "Only mine."}
        )
        with_new_prompt = await run(api, device, agent_id, records=1)

    assert (reverted["deleting"], reverted["kept"]) == (2, 1)
    assert {call["action"] for call in deletions} == {"delete"}
    assert {call["record_id"] for call in deletions} == {
        f"rec-{ids['Send the contract']}",
        f"rec-{ids['Water the plants']}",
    }
    assert (state["deleted"], state["kept"]) == (1, 1)
    assert {title: each["retraction"] for title, each in records.items()} == {
        "Send the contract": "deleted",
        "Book the room": None,
        "Water the plants": "kept",
    }
    assert records["Water the plants"]["retraction_error"] == "the person has edited it"
    assert again["items_created"] == 0
    assert other["prompt_template"] == "Only mine."
    assert with_new_prompt["items_created"] == 1


async def test_a_run_cannot_be_reverted_on_a_device_that_cannot_delete(
    daemon: RunningDaemon,
) -> None:
    async with (
        daemon.started() as api,
        scripted_device(api.url, await api.pair()) as device,
    ):
        await device.hello("manifest")
        ended = await run(api, device, await api.add_agent(), records=3)
        problem = await api.post(f"/api/v1/runs/{ended['id']}/revert", expect=409)
    assert "delete" in problem["detail"]


async def test_the_difference_that_a_changed_type_list_makes(daemon: RunningDaemon) -> None:
    files = {"a.md": "- [ ] Send the contract\n\nDecision: we take the blue one.\n"}
    async with (
        daemon.started() as api,
        scripted_device(api.url, await api.pair()) as device,
    ):
        await device.hello(*ALL[:3])
        agent_id = await api.add_agent(data_types=["tasks"])
        before = await run(api, device, agent_id, files, mode="dry_run")
        await api.request("PATCH", f"/api/v1/agents/{agent_id}", {"data_types": ["notes"]})
        after = await run(api, device, agent_id, files, mode="dry_run")
        diff = await api.get(f"/api/v1/runs/{before['id']}/diff/{after['id']}")
    assert [each["table"] for each in diff["added"]] == ["notes"]
    assert [each["data"]["title"] for each in diff["dropped"]] == ["Send the contract"]
    assert diff["changed"] == []


async def test_a_dry_run_shows_what_the_device_has_from_this_agent_as_known(
    daemon: RunningDaemon,
) -> None:
    async with (
        daemon.started() as api,
        scripted_device(api.url, await api.pair()) as device,
    ):
        await device.hello("manifest", "context")
        agent_id = await api.add_agent()
        await run(api, device, agent_id, {"b.md": NOTES["b.md"]}, records=1)
        (call_id,) = device.applied
        await api.request("PATCH", f"/api/v1/agents/{agent_id}", {"prompt_template": "New."})
        started = await api.post(f"/api/v1/agents/{agent_id}/runs", {"mode": "dry_run"})
        run_id = started["run_id"]
        await device.expect("agent_run")
        await device.send_manifest(run_id, NOTES)
        tasks = [
            {"id": f"rec-{call_id}", "title": "Water the plants"},
            {"id": "own", "title": "Book the room"},
        ]
        await device.send(type="agent_context", run_id=run_id, tasks=tasks)
        await device.send_files(run_id, NOTES)
        ended = await api.until(run_id)
        proposals = (await api.get(f"/api/v1/runs/{run_id}/proposals"))["items"]
    assert {each["data"]["title"]: each["novelty"] for each in proposals} == {
        "Send the contract": "new",
        "Water the plants": "known",
    }
    assert ended["coverage"]["dropped"] == {"already_exists": 1}


async def test_rejected_suggestions_stay_away_and_the_statistics_say_so(
    daemon: RunningDaemon,
) -> None:
    async with (
        daemon.started() as api,
        scripted_device(api.url, await api.pair()) as device,
    ):
        await device.hello(*ALL[:3])
        agent_id = await api.add_agent()
        first = await run(api, device, agent_id, records=3)
        ids = {call["data"]["title"]: call_id for call_id, call in device.applied.items()}
        decisions: list[dict[str, Any]] = [
            {"id": ids["Send the contract"], "decision": "rejected"},
            {"id": ids["Book the room"], "decision": "edited", "data": {"title": "Book it"}},
            {"id": "nobody-sent-this", "decision": "approved"},
        ]
        await device.send(type="review", deliveries=decisions)
        ack = await device.expect("review_ack")
        stats = await api.get(f"/api/v1/agents/{agent_id}/stats")
        records = await api.records(first["id"])

        await api.request("PATCH", f"/api/v1/agents/{agent_id}", {"prompt_template": "New."})
        dry = await run(api, device, agent_id, mode="dry_run")
        proposals = (await api.get(f"/api/v1/runs/{dry['id']}/proposals"))["items"]
        full = await run(api, device, agent_id)
        edited = {**NOTES, "a.md": NOTES["a.md"].replace("contract", "signed contract")}
        changed = await run(api, device, agent_id, edited, records=1)

    assert ack["ids"] == [decision["id"] for decision in decisions]
    assert {key: stats[key] for key in ("suggested", "approved", "edited", "rejected")} == {
        "suggested": 3,
        "approved": 0,
        "edited": 1,
        "rejected": 1,
    }
    assert stats["precision"] == 0.5
    assert {each["data"]["title"]: each["decision"] for each in records} == {
        "Send the contract": "rejected",
        "Book the room": "edited",
        "Water the plants": None,
    }
    assert {each["data"]["title"]: each["novelty"] for each in proposals} == {
        "Send the contract": "rejected",
        "Book the room": "known",
        "Water the plants": "known",
    }
    assert full["items_created"] == 0
    assert changed["items_created"] == 1


async def test_a_review_of_another_devices_record_does_not_count(daemon: RunningDaemon) -> None:
    async with daemon.started() as api:
        laptop, phone = await api.pair("laptop"), await api.pair("phone")
        async with (
            scripted_device(api.url, laptop) as device,
            scripted_device(api.url, phone) as other,
        ):
            await device.hello(*ALL[:3])
            await other.hello("review", device_id="phone")
            agent_id = await api.add_agent()
            await run(api, device, agent_id, {"b.md": NOTES["b.md"]}, records=1)
            (call_id,) = device.applied
            decision = {"id": call_id, "decision": "rejected"}
            await other.send(type="review", deliveries=[decision])
            await other.expect("review_ack")
            stats = await api.get(f"/api/v1/agents/{agent_id}/stats")
    assert stats["rejected"] == 0


async def test_a_device_with_notify_hears_of_progress(daemon: RunningDaemon) -> None:
    async with daemon.started() as api:
        laptop, phone = await api.pair("laptop"), await api.pair("phone")
        async with (
            scripted_device(api.url, laptop) as device,
            scripted_device(api.url, phone) as other,
        ):
            await device.hello("manifest")
            await other.hello("notify", device_id="phone")
            ended = await run(api, device, await api.add_agent(), records=3)
            while True:
                event = await other.expect("event")
                assert event["topic"] == "run.progress"
                assert event["data"]["run_id"] == ended["id"]
                if event["data"]["status"] == "success":
                    break
    assert event["data"]["items_created"] == 3
