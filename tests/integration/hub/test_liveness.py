"""Who lives: whoever sends a byte within 1.5 heartbeats, and whoever is not being read."""

from __future__ import annotations

import asyncio
import time

import pytest
from raw_device import PING, PONG, TEXT, RawDevice, header, message, raw_device
from running_hub import USER, running_hub
from scripted_device import scripted_device

from noond.hub.frames import AgentData
from noond.hub.streams import UNCREDITED_BYTES, RunStream

HEARTBEAT = 0.2


async def test_a_silent_device_is_cut() -> None:
    async with running_hub(heartbeat_seconds=HEARTBEAT) as hub, raw_device(hub.url) as device:
        await device.hello()
        began = time.monotonic()
        await device.expect(PING)
        assert await device.close_code() == 4001
        assert time.monotonic() - began >= HEARTBEAT / 2
        await hub.until("offline")


async def test_a_device_that_answers_pings_lives() -> None:
    async with running_hub(heartbeat_seconds=HEARTBEAT) as hub, raw_device(hub.url) as device:
        await device.hello()
        for _ in range(5):
            await device.send_bytes(message(await device.expect(PING), kind=PONG))
        assert hub.hub.is_online(USER, "laptop")


async def test_every_byte_of_a_slow_frame_is_a_sign_of_life() -> None:
    frame = b'{"type":"tool_result","id":"c1","result":{"id":"slowly"}}'
    async with running_hub(heartbeat_seconds=HEARTBEAT) as hub, raw_device(hub.url) as device:
        await device.hello()
        call = hub.call("c1")
        began = time.monotonic()
        await device.send_bytes(header(len(frame)))
        for byte in frame:
            await device.send_bytes(bytes([byte]))
            await asyncio.sleep(HEARTBEAT / 10)  # the device's own slowness
        assert await call == {"id": "slowly"}
        assert hub.hub.is_online(USER, "laptop")
        assert time.monotonic() - began > 3 * HEARTBEAT


async def read(stream: RunStream, until: asyncio.Event) -> list[int | None]:
    """Take the run's frames, the first at once and the others after the event."""
    numbers: list[int | None] = []
    while len(numbers) < 6:
        frame = await stream.next(silence_seconds=5)
        assert isinstance(frame, AgentData)
        numbers.append(frame.seq)
        await until.wait()
    return numbers


async def test_a_held_back_device_lives_and_its_calls_wait() -> None:
    """Its socket is not read, so it can show no life; calls can't be answered either."""
    async with (
        running_hub(heartbeat_seconds=HEARTBEAT, call_seconds=HEARTBEAT) as hub,
        raw_device(hub.url) as device,
    ):
        await device.hello()
        go_on = asyncio.Event()
        stream = hub.hub.open_stream(USER, "laptop", "r1")
        reading = asyncio.ensure_future(read(stream, go_on))
        content = b"x" * (UNCREDITED_BYTES // 2)
        for number in range(1, 5):
            await device.send_bytes(message(data_frame(number, content)))
        call = hub.call("c1")
        while b"tool_call" not in await device.expect(TEXT):
            pass
        sending = asyncio.ensure_future(send_rest(device, content))
        for _ in range(5):
            await device.expect(PING)
        assert not call.done()
        assert hub.hub.is_online(USER, "laptop")
        go_on.set()
        assert await call == {"id": "r"}
        assert await reading == [1, 2, 3, 4, 5, 6]
        await sending
        assert stream.connection.paused_seconds > 3 * HEARTBEAT, "what the call's deadline gained"
        hub.hub.close_stream(stream)


def data_frame(number: int, content: bytes) -> bytes:
    return b'{"type":"agent_data","run_id":"r1","seq":%d,"files":[{"path":"f","content":"%s"}]}' % (
        number,
        content,
    )


async def send_rest(device: RawDevice, content: bytes) -> None:
    for number in (5, 6):
        await device.send_bytes(message(data_frame(number, content)))
    await device.send(type="tool_result", id="c1", result={"id": "r"})


async def test_a_call_without_an_answer_ends_in_time() -> None:
    async with (
        running_hub(call_seconds=0.1) as hub,
        scripted_device(hub.url, "laptop") as device,
    ):
        await device.hello()
        began = time.monotonic()
        with pytest.raises(Exception, match="did not answer in time"):
            await hub.call("c1")
        assert 0.1 <= time.monotonic() - began < 2
