"""An app is told of each delivery what the API then shows, and of nothing between devices."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import aiohttp
from event_client import EventClient, event_client
from running_daemon import RunningDaemon
from scripted_device import scripted_device

FILES = {"a.md": "- [ ] Send the contract\n", "b.md": "- [ ] Book the room\n"}


async def settled(app: EventClient, count: int) -> dict[str, dict[str, Any]]:
    """The data of the next events by delivery."""
    events = [await app.expect("event") for _ in range(count)]
    return {event["subject"]: event["data"] for event in events}


async def test_when_the_daemon_stops_an_app_is_told_to_come_back(daemon: RunningDaemon) -> None:
    async with aiohttp.ClientSession() as http, contextlib.AsyncExitStack() as stack:
        async with daemon.started() as api:
            app = await stack.enter_async_context(event_client(http, api.url, key=daemon.api_key))
            first = await app.subscribe("devices")
            closing = asyncio.ensure_future(app.close_code())
        assert await closing == 1012
        async with (
            daemon.started() as api,
            event_client(http, api.url, key=daemon.api_key) as again,
        ):
            gap = await again.come_back("devices", after=first["seq"])
    assert (gap["reason"], gap["from"]) == ("restarted", first["seq"])
    assert gap["to"] > first["seq"]


async def test_deliveries_are_told_as_they_are_settled(daemon: RunningDaemon) -> None:
    async with (
        daemon.started() as api,
        scripted_device(api.url, await api.pair()) as device,
        aiohttp.ClientSession() as http,
        event_client(http, api.url, key=daemon.api_key) as app,
    ):
        await device.hello("notify", "delete")
        await app.subscribe("deliveries")
        run_id = await api.start_run(await api.add_agent())
        calls: list[dict[str, Any]] = []
        while len(calls) < 2:
            frame = await device.receive()
            if frame["type"] == "agent_run":
                await device.send_files(run_id, FILES)
            elif frame["type"] == "tool_call":
                calls.append(frame)
            else:
                assert frame["topic"] == "run.progress", "devices are told of runs alone"
        taken, refused = (call["id"] for call in calls)
        await device.answer(calls[0])
        await device.answer(calls[1], error="the disk is full")
        told = await settled(app, 2)
        await api.until(run_id)
        for record in await api.records(run_id):
            assert told[record["delivery_id"]] == {
                "run_id": run_id,
                "device_id": "laptop",
                **{
                    name: record[name]
                    for name in ("delivery_id", "status", "error", "device_record_id")
                },
            }
        assert (told[taken]["status"], told[refused]["error"]) == ("delivered", "the disk is full")

        await api.post(f"/api/v1/runs/{run_id}/revert")
        while (frame := await device.receive())["type"] != "tool_call":
            pass
        await device.answer(frame, error="the person has edited it")
        assert await settled(app, 1) == {
            taken: {
                "run_id": run_id,
                "delivery_id": taken,
                "device_id": "laptop",
                "retraction": "kept",
                "retraction_error": "the person has edited it",
            }
        }
