"""A device that stops reading is cut when its queue is full, and nobody else notices."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Any

from raw_device import TEXT, message, raw_device
from running_hub import USER, running_hub
from scripted_device import ScriptedDevice, scripted_device

from noond.hub.calls import CallDisconnected
from noond.hub.frames import AgentWant

QUEUE_BYTES = 1_048_576


async def answer_calls(device: ScriptedDevice) -> None:
    while True:
        await device.answer(await device.expect("tool_call"))


async def test_only_the_slow_device_is_cut() -> None:
    async with (
        running_hub(queue_bytes=QUEUE_BYTES) as hub,
        raw_device(hub.url) as slow,
        scripted_device(hub.url, "phone") as quick,
    ):
        await slow.hello()
        await quick.hello(device_id="phone")
        answering = asyncio.ensure_future(answer_calls(quick))
        stuck: list[asyncio.Task[dict[str, Any]]] = []
        latencies = []
        while hub.hub.is_online(USER, "laptop"):
            stuck.append(hub.call(f"s{len(stuck)}", body="x" * 100_000))
            began = time.perf_counter()
            await hub.call(f"q{len(stuck)}", device_id="phone")
            latencies.append(time.perf_counter() - began)
        answering.cancel()
        assert await slow.close_code() == 4000
        outcomes = await asyncio.gather(*stuck, return_exceptions=True)
        assert all(isinstance(outcome, CallDisconnected) for outcome in outcomes)
        assert hub.hub.is_online(USER, "phone")
        assert len(stuck) * 100_000 > QUEUE_BYTES
        assert sorted(latencies)[len(latencies) // 2] < 0.05


async def test_a_flood_of_pings_fills_the_queue_and_not_the_memory() -> None:
    async with running_hub(queue_bytes=65_536) as hub, raw_device(hub.url) as device:
        await device.hello()
        flood = message(b"x" * 100, kind=9) * 1000
        with contextlib.suppress(ConnectionError):
            while hub.hub.is_online(USER, "laptop"):
                await device.send_bytes(flood)
        await hub.until("offline")


async def test_what_is_urgent_overtakes_what_is_bulky() -> None:
    """A call is not kept waiting by pages of paths that the device has yet to read."""
    async with running_hub() as hub, raw_device(hub.url) as device:
        await device.hello()
        stream = hub.hub.open_stream(USER, "laptop", "r1")
        for _ in range(6):
            stream.send(AgentWant(run_id="r1", paths=["x" * 1_000_000]))
        call = hub.call("c1")
        kinds = []
        while not call.done():
            text = await device.expect(TEXT)
            kinds.append(b"tool_call" in text)
            if kinds[-1]:
                await device.send(type="tool_result", id="c1", result={})
                await call
        hub.hub.close_stream(stream)
    assert len(kinds) < 7


async def test_a_device_that_reads_may_be_sent_any_amount() -> None:
    async with (
        running_hub(queue_bytes=65_536) as hub,
        scripted_device(hub.url, "laptop") as device,
    ):
        await device.hello()
        for number in range(20):
            call = hub.call(f"c{number}", body="x" * 10_000)
            await device.answer(await device.expect("tool_call"))
            assert await call
