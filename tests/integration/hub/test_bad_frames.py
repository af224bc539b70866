"""What is no frame costs the device an error, too much of it the socket; never the daemon."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from raw_device import TEXT, header, message, raw_device
from running_hub import RunningHub, running_hub
from scripted_device import ScriptedDevice, scripted_device

MEGABYTE = 1_048_576


async def answers_calls(hub: RunningHub, device: ScriptedDevice) -> bool:
    call = hub.call("still-there")
    await device.answer(await device.expect("tool_call"))
    return await call == {"id": "rec-still-there"}


@pytest.mark.parametrize(
    ("text", "ref"),
    [
        ('{"type":"dance","id":"c7"}', "c7"),
        ("{", None),
        ("[1,2]", None),
        ('"text"', None),
        ("{}", None),
        ('{"type":7}', None),
        ('{"type":"tool_result","id":"c9","result":"no object"}', "c9"),
        ('{"type":"agent_data","run_id":"r1","seq":-1,"files":[]}', "r1"),
        ("[" * 100_000, None),
    ],
)
async def test_what_is_no_frame_is_answered_with_an_error(text: str, ref: str | None) -> None:
    async with running_hub() as hub, scripted_device(hub.url, "laptop") as device:
        await device.hello()
        await device.ws.send_str(text)
        error = await device.expect("error")
        assert error["code"] == "invalid_frame"
        assert error["message"]
        assert error["retryable"] is False
        assert error.get("ref") == ref
        assert await answers_calls(hub, device)


async def test_a_binary_message_is_an_error() -> None:
    async with running_hub() as hub, scripted_device(hub.url, "laptop") as device:
        await device.hello()
        await device.ws.send_bytes(b'{"type":"tool_result","id":"c1","result":{}}')
        assert "binary" in (await device.expect("error"))["message"]
        assert await answers_calls(hub, device)


async def test_invalid_utf8_is_an_error() -> None:
    async with running_hub() as hub, raw_device(hub.url) as device:
        await device.hello()
        await device.send_bytes(message(b'{"type":"tool_result","id":"\xff\xfe"}'))
        assert b'"invalid_frame"' in await device.expect(TEXT)
        call = hub.call("c1")
        assert b'"tool_call"' in await device.expect(TEXT)
        await device.send(type="tool_result", id="c1", result={"id": "r"})
        assert await call == {"id": "r"}


async def test_nineteen_bad_frames_are_borne_and_the_twentieth_closes() -> None:
    async with running_hub() as hub, scripted_device(hub.url, "laptop") as device:
        await device.hello()
        for _ in range(19):
            await device.ws.send_str("{")
        for _ in range(19):
            await device.expect("error")
        assert await answers_calls(hub, device)
        await device.ws.send_str("{")
        assert await device.closed() == 4102
    assert hub.told == [("online", "laptop"), ("offline", "laptop")]


async def test_a_flood_of_bad_frames_is_told_why_it_was_closed() -> None:
    async with running_hub() as hub, raw_device(hub.url) as device:
        await device.hello()
        await device.send_bytes(message(b"{" * 1000) * 5000)
        assert await device.close_code() == 4102


async def test_a_large_frame_with_many_mistakes_is_refused_cheaply() -> None:
    """One mistake is reported, not the million that fit into a frame."""
    items = b",".join([b"{}"] * 340_000)
    frame = b'{"type":"agent_manifest","run_id":"r","files":[' + items + b"]}"
    with growth_of_memory() as grown:
        async with running_hub() as hub, raw_device(hub.url) as device:
            await device.hello()
            await device.send_bytes(message(frame))
            assert b"files.0.path" in await device.expect(TEXT)
            grown.append(resident_bytes())
    assert max(grown) - grown[0] < 64 * MEGABYTE


async def test_a_message_of_exactly_the_limit_is_a_frame() -> None:
    async with running_hub(frame_bytes=65_536) as hub, raw_device(hub.url) as device:
        await device.hello()
        start, end = b'{"type":"tool_result","id":"c1","result":{"id":"', b'"}}'
        record_id = b"x" * (65_536 - len(start) - len(end))
        call = hub.call("c1")
        await device.expect(TEXT)
        await device.send_bytes(message(start + record_id + end))
        assert await call == {"id": record_id.decode()}

        await device.send_bytes(message(start + record_id + b"x" + end))
        assert await device.close_code() == 1009


@pytest.mark.parametrize("fragmented", [False, True])
async def test_a_message_of_100_mb_is_refused_with_flat_memory(fragmented: bool) -> None:
    piece = b"x" * 65_536
    with growth_of_memory() as grown:
        async with (
            running_hub() as hub,
            raw_device(hub.url) as device,
            scripted_device(hub.url, "phone") as other,
        ):
            await device.hello()
            await other.hello(device_id="phone")
            closing = asyncio.ensure_future(device.close_code())
            try:
                if not fragmented:
                    await device.send_bytes(header(1600 * len(piece)))
                for number in range(1600):
                    if fragmented:
                        kind = TEXT if number == 0 else 0
                        await device.send_bytes(header(len(piece), kind=kind, final=False))
                    await device.send_bytes(piece)
                    grown.append(resident_bytes())
            except ConnectionError:
                assert closing.done(), "the device is not cut before it could read why"
            assert await closing == 1009
            await hub.until("offline")
            call = hub.call("c1", device_id="phone")
            await other.answer(await other.expect("tool_call"))
            assert await call
    assert max(grown) - grown[0] < 8 * MEGABYTE


async def test_a_device_that_reads_late_still_learns_why_it_was_closed() -> None:
    async with running_hub(frame_bytes=65_536) as hub, raw_device(hub.url) as device:
        await device.hello()
        await device.send_bytes(header(8 * MEGABYTE))
        for _ in range(128):
            await device.send_bytes(b"x" * 65_536)
        assert await device.close_code() == 1009


def resident_bytes() -> int:
    """The memory of this process, the hub's and the device's."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE")


@contextlib.contextmanager
def growth_of_memory() -> Iterator[list[int]]:
    """A list of samples that begins with the memory before."""
    yield [resident_bytes()]
