"""A call to a device ends in exactly one outcome, whatever happens to its socket."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from raw_device import CLOSE, PING, PONG, TEXT, message, raw_device
from running_hub import RunningHub, running_hub
from scripted_device import scripted_device

from noond.errors import DeviceOffline
from noond.hub.calls import CallDisconnected, CallError, CallRefused, CallUnanswered


async def code_of(call: asyncio.Future[dict[str, Any]]) -> str:
    with pytest.raises(CallError) as caught:
        await call
    return caught.value.code


async def test_answers_find_their_calls_in_any_order() -> None:
    async with running_hub() as hub, scripted_device(hub.url, "laptop") as device:
        await device.hello()
        calls = [hub.call(f"c{number}") for number in range(100)]
        frames = [await device.expect("tool_call") for _ in calls]
        for frame in reversed(frames):
            await device.answer(frame)
        assert await asyncio.gather(*calls) == [{"id": f"rec-c{number}"} for number in range(100)]


async def test_an_error_is_an_answer() -> None:
    async with running_hub() as hub, scripted_device(hub.url, "laptop") as device:
        await device.hello()
        call = hub.call("c1")
        await device.answer(await device.expect("tool_call"), error="no such table")
        with pytest.raises(CallRefused, match="no such table"):
            await call


async def test_results_that_nobody_waits_for_are_counted_and_dropped() -> None:
    async with (
        running_hub(call_seconds=0.05) as hub,
        scripted_device(hub.url, "laptop") as device,
    ):
        await device.hello()
        await device.send(type="tool_result", id="never-asked", result={"id": "x"})
        late = hub.call("late")
        asked = await device.expect("tool_call")
        with pytest.raises(CallUnanswered):
            await late
        await device.answer(asked)
        other = hub.call("other")
        await device.answer(await device.expect("tool_call"))
        assert await other == {"id": "rec-other"}
        assert hub.hub.late_results == 2


async def test_a_device_can_not_answer_for_another() -> None:
    async with (
        running_hub() as hub,
        scripted_device(hub.url, "laptop") as laptop,
        scripted_device(hub.url, "phone") as phone,
    ):
        await laptop.hello()
        await phone.hello(device_id="phone")
        call = hub.call("c1")
        asked = await laptop.expect("tool_call")
        await phone.send(type="tool_result", id="c1", result={"id": "forged"})
        theirs = hub.call("c2", device_id="phone")
        await phone.answer(await phone.expect("tool_call"))
        await theirs
        await laptop.answer(asked)
        assert await call == {"id": "rec-c1"}


async def test_a_device_that_is_away_is_not_called() -> None:
    async with running_hub() as hub:
        with pytest.raises(DeviceOffline):
            await hub.call("c1")


@pytest.mark.parametrize("polite", [True, False])
async def test_a_result_just_before_the_end_counts(polite: bool) -> None:
    async with running_hub() as hub:
        async with raw_device(hub.url) as device:
            await device.hello()
            calls = [hub.call(f"c{number}") for number in range(50)]
            for _ in calls:
                await device.expect(TEXT)
            answers = [
                message(b'{"type":"tool_result","id":"c%d","result":{"id":"r"}}' % number)
                for number in range(49)
            ]
            end = message(b"\x03\xe8", kind=CLOSE) if polite else b""
            await device.send_bytes(b"".join(answers) + end)
            device.writer.write_eof()
            results = await asyncio.gather(*calls, return_exceptions=True)
        await hub.until("offline")
    assert results[:49] == [{"id": "r"}] * 49
    assert isinstance(results[49], CallDisconnected)
    assert results[49].code == "may_have_executed"


async def test_a_disconnect_says_which_calls_had_been_sent() -> None:
    """The device stops reading; what the kernel takes is sent, the rest waits in the queue."""
    async with running_hub(queue_bytes=64 * 1_048_576) as hub:
        async with raw_device(hub.url) as device:
            await device.hello()
            calls = [hub.call(f"c{number}", body="x" * 1_000_000) for number in range(40)]
            await device.expect(TEXT)
        codes = [await code_of(call) for call in calls]
    assert codes == sorted(codes)
    assert codes[0] == "may_have_executed"
    assert codes[-1] == "not_sent"


async def test_a_cancelled_call_leaves_nothing_behind() -> None:
    async with running_hub() as hub:
        async with scripted_device(hub.url, "laptop") as device:
            await device.hello()
            call = hub.call("c1")
            asked = await device.expect("tool_call")
            call.cancel()
            await asyncio.wait([call])
            await device.answer(asked)
            again = hub.call("c1")
            await device.answer(await device.expect("tool_call"))
            assert await again == {"id": "rec-c1"}
            dropped = hub.call("c2")
            await device.expect("tool_call")
            dropped.cancel()
        await hub.until("offline")
    assert call.cancelled()
    assert hub.hub.late_results == 1


async def test_an_id_under_way_is_refused() -> None:
    async with running_hub() as hub, scripted_device(hub.url, "laptop") as device:
        await device.hello()
        first = hub.call("c1")
        asked = await device.expect("tool_call")
        assert await code_of(hub.call("c1")) == "call_failed"
        await device.answer(asked)
        assert await first == {"id": "rec-c1"}


async def test_a_ping_of_the_device_is_answered() -> None:
    async with running_hub() as hub, raw_device(hub.url) as device:
        await device.hello()
        await device.send_bytes(message(b"are you there", kind=PING))
        assert await device.expect(PONG) == b"are you there"
        assert await serves(hub)


async def serves(hub: RunningHub) -> bool:
    async with scripted_device(hub.url, "phone") as other:
        await other.hello(device_id="phone")
        return hub.hub.is_online("ana", "phone")
