"""Files come as fast as they are read: by credit, or by not reading the socket."""

from __future__ import annotations

import asyncio
import json

import pytest
from raw_device import TEXT, RawDevice, message, raw_device
from running_hub import USER, running_hub
from scripted_device import ScriptedDevice, scripted_device

from noond.hub.frames import AgentComplete, AgentContext, AgentData, AgentManifest
from noond.hub.streams import (
    UNCREDITED_BYTES,
    CreditExceeded,
    SequenceGap,
    StreamDisconnected,
    StreamError,
    StreamSilent,
)

CREDIT = 65_536


def data_frame(number: int, size: int) -> bytes:
    """An `agent_data` frame of this many bytes."""
    frame = {"type": "agent_data", "run_id": "r1", "seq": number, "files": []}
    frame["files"] = [{"path": f"{number}.md", "content": ""}]
    missing = size - len(json.dumps(frame))
    frame["files"] = [{"path": f"{number}.md", "content": "x" * missing}]
    return json.dumps(frame).encode()


async def send_all(device: RawDevice, count: int, size: int) -> None:
    for number in range(1, count + 1):
        await device.send_bytes(message(data_frame(number, size)))
    await device.send(type="agent_complete", run_id="r1", last_seq=count)


async def still_answers(device: RawDevice, call: asyncio.Task[object]) -> bool:
    while b"tool_call" not in await device.expect(TEXT):
        pass
    await device.send(type="tool_result", id="c1", result={"id": "r"})
    return await call == {"id": "r"}


async def test_a_basic_devices_socket_is_read_no_faster_than_its_files() -> None:
    size, count = 200_000, 160
    async with running_hub() as hub, raw_device(hub.url) as device:
        await device.hello()
        stream = hub.hub.open_stream(USER, "laptop", "r1")
        sending = asyncio.ensure_future(send_all(device, count, size))
        seen, most = [], 0
        while True:
            frame = await stream.next(silence_seconds=5)
            most = max(most, stream.waiting_bytes)
            if isinstance(frame, AgentComplete):
                break
            assert isinstance(frame, AgentData)
            seen.append(frame.seq)
            if frame.seq == 1:
                # Nothing is taken now: the device gets rid of no more than fits on the way.
                call = hub.call("c0")
                await device.expect(TEXT)
                done, _ = await asyncio.wait([sending], timeout=0.3)
                assert not done
                assert stream.waiting_bytes < UNCREDITED_BYTES + 4 * size
                assert not call.done()
                call.cancel()
        await sending
        assert seen == list(range(1, count + 1))
        assert most < UNCREDITED_BYTES + 4 * size
        hub.hub.close_stream(stream)


async def test_a_run_that_is_given_up_lets_the_socket_be_read_again() -> None:
    async with running_hub() as hub, raw_device(hub.url) as device:
        await device.hello()
        stream = hub.hub.open_stream(USER, "laptop", "r1")
        sending = asyncio.ensure_future(send_all(device, 100, 200_000))
        await stream.next(silence_seconds=5)
        hub.hub.close_stream(stream)
        await sending
        assert await still_answers(device, hub.call("c1"))
        assert hub.hub.dropped_frames > 0


async def test_a_disconnect_after_the_pause_loses_no_frame() -> None:
    """What a held back device had sent is read before the run learns that it left."""
    count = 40
    async with running_hub() as hub:
        async with raw_device(hub.url) as device:
            await device.hello()
            stream = hub.hub.open_stream(USER, "laptop", "r1")
            sending = asyncio.ensure_future(send_all(device, count, 100_000))
            call = hub.call("c1")
            await device.expect(TEXT)
            frames = [await stream.next(silence_seconds=5)]
            while len(frames) < count + 1:
                frames.append(await stream.next(silence_seconds=5))
            await sending
            await device.send(type="tool_result", id="c1", result={"id": "r"})
            device.writer.write_eof()
            assert await call == {"id": "r"}
        with pytest.raises(StreamDisconnected):
            await stream.next(silence_seconds=5)
        hub.hub.close_stream(stream)
    assert len(frames) == count + 1


async def test_an_answer_behind_a_held_back_run_counts_though_the_device_left() -> None:
    async with running_hub() as hub:
        async with raw_device(hub.url) as device:
            await device.hello()
            stream = hub.hub.open_stream(USER, "laptop", "r1")
            call = hub.call("c1")
            await device.expect(TEXT)
            for number in range(1, 8):
                await device.send_bytes(message(data_frame(number, 200_000)))
            await device.send(type="tool_result", id="c1", result={"id": "r"})
            device.writer.write_eof()
            frames = [await stream.next(silence_seconds=5)]
            assert not call.done()
            while len(frames) < 7:
                frames.append(await stream.next(silence_seconds=5))
            assert await call == {"id": "r"}
        with pytest.raises(StreamDisconnected):
            await stream.next(silence_seconds=5)
        hub.hub.close_stream(stream)


async def credit(device: RawDevice) -> int:
    frame = json.loads(await device.expect(TEXT))
    assert frame["type"] == "agent_credit"
    assert frame["run_id"] == "r1"
    return int(frame["bytes"])


async def test_credit_is_the_bytes_of_whole_frames() -> None:
    async with running_hub(credit_bytes=CREDIT) as hub, raw_device(hub.url) as device:
        await device.hello("credit")
        stream = hub.hub.open_stream(USER, "laptop", "r1")
        sizes = [200, CREDIT // 2, CREDIT, CREDIT]
        for number, size in enumerate(sizes, 1):
            await device.send_bytes(message(data_frame(number, size)))
            await stream.next(silence_seconds=5)
            asking = asyncio.ensure_future(stream.next(silence_seconds=5))
            assert await credit(device) == size
            asking.cancel()
            await asyncio.wait([asking])
        hub.hub.close_stream(stream)


@pytest.mark.parametrize(
    ("frames", "failure"),
    [
        ([data_frame(1, CREDIT), data_frame(2, 200)], CreditExceeded),
        ([data_frame(1, CREDIT + 1)], CreditExceeded),
        ([data_frame(2, 200)], SequenceGap),
        ([data_frame(1, 200), data_frame(1, 200)], SequenceGap),
        ([b'{"type":"agent_complete","run_id":"r1","last_seq":1}'], SequenceGap),
    ],
)
async def test_a_broken_promise_fails_the_run_and_never_the_socket(
    frames: list[bytes], failure: type[StreamError]
) -> None:
    async with running_hub(credit_bytes=CREDIT) as hub, raw_device(hub.url) as device:
        await device.hello("credit")
        stream = hub.hub.open_stream(USER, "laptop", "r1")
        await device.send_bytes(b"".join(message(frame) for frame in frames))
        assert await still_answers(device, hub.call("c1"))
        with pytest.raises(failure):
            await stream.next(silence_seconds=5)
        hub.hub.close_stream(stream)
        assert hub.hub.is_online(USER, "laptop")


async def test_context_and_manifest_take_no_credit() -> None:
    async with running_hub(credit_bytes=CREDIT) as hub, raw_device(hub.url) as device:
        await device.hello("credit", "manifest", "context")
        stream = hub.hub.open_stream(USER, "laptop", "r1")
        await device.send(type="agent_manifest", run_id="r1", files=[], last=True)
        await device.send(type="agent_context", run_id="r1", projects=[{"id": "p", "name": "P"}])
        await device.send_bytes(message(data_frame(1, CREDIT)))
        kinds = [type(await stream.next(silence_seconds=5)) for _ in range(3)]
        assert kinds == [AgentManifest, AgentContext, AgentData]
        hub.hub.close_stream(stream)


async def asked_for_nothing(device: ScriptedDevice) -> None:
    await device.send_files("unknown", {"a.md": "x"})
    await device.send(type="agent_manifest", run_id="unknown", files=[], last=True)
    await device.send(type="agent_context", run_id="unknown")


async def test_frames_of_a_run_nobody_asked_for_are_counted_and_dropped() -> None:
    async with (
        running_hub() as hub,
        scripted_device(hub.url, "laptop") as device,
        scripted_device(hub.url, "phone") as stranger,
    ):
        await device.hello()
        await stranger.hello(device_id="phone")
        stream = hub.hub.open_stream(USER, "laptop", "r1")
        await asked_for_nothing(device)
        await stranger.send_files("r1", {"forged.md": "x"})
        call = hub.call("c1", device_id="phone")
        await stranger.answer(await stranger.expect("tool_call"))
        await call
        await device.send_files("r1", {"mine.md": "x"})
        frame = await stream.next(silence_seconds=5)
        assert isinstance(frame, AgentData)
        assert frame.files[0].path == "mine.md"
        assert hub.hub.dropped_frames == 6
        hub.hub.close_stream(stream)


async def test_silence_ends_the_wait_for_files() -> None:
    async with running_hub() as hub, raw_device(hub.url) as device:
        await device.hello()
        stream = hub.hub.open_stream(USER, "laptop", "r1")
        with pytest.raises(StreamSilent):
            await stream.next(silence_seconds=0.05)
        hub.hub.close_stream(stream)
        assert await still_answers(device, hub.call("c1"))
