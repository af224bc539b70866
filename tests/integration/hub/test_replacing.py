"""Of two sockets of one device the newest wins, whatever the older one does."""

from __future__ import annotations

import asyncio
import time

import pytest
from raw_device import CLOSE, PONG, TEXT, message, raw_device
from running_hub import running_hub
from scripted_device import scripted_device

from noond.hub.calls import CallDisconnected
from noond.hub.frames import DeviceHello


async def test_the_newest_socket_wins() -> None:
    async with (
        running_hub() as hub,
        scripted_device(hub.url, "laptop") as older,
        scripted_device(hub.url, "laptop") as newer,
    ):
        await older.hello()
        replaced = asyncio.ensure_future(older.closed())
        await newer.hello()
        assert await replaced == 4100
        call = hub.call("c1")
        await newer.answer(await newer.expect("tool_call"))
        assert await call == {"id": "rec-c1"}
    online = ("online", "laptop")
    offline = ("offline", "laptop")
    assert hub.told == [online, offline, online, offline]


async def test_an_older_socket_that_never_closes_is_cut_and_touches_nothing() -> None:
    async with (
        running_hub() as hub,
        raw_device(hub.url) as stuck,
        scripted_device(hub.url, "laptop") as newer,
    ):
        await stuck.hello()
        lost = hub.call("lost")
        await stuck.expect(TEXT)
        began = time.monotonic()
        await newer.hello()
        assert time.monotonic() - began < 2
        call = hub.call("c1")
        # The old one is cut by now; what it does must not reach the newer one's calls.
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await stuck.expect(PONG)
        with pytest.raises(CallDisconnected) as caught:
            await lost
        assert caught.value.code == "may_have_executed"
        await newer.answer(await newer.expect("tool_call"))
        assert await call == {"id": "rec-c1"}
        assert hub.hub.is_online("ana", "laptop")


async def test_an_answer_under_way_on_the_older_socket_counts() -> None:
    async with (
        running_hub() as hub,
        raw_device(hub.url) as older,
        scripted_device(hub.url, "laptop") as newer,
    ):
        await older.hello()
        call = hub.call("c1")
        await older.expect(TEXT)
        welcomed = asyncio.ensure_future(newer.hello())
        assert await older.close_code() == 4100
        await older.send(type="tool_result", id="c1", result={"id": "in time"})
        await older.send_bytes(message(b"\x10\x04", kind=CLOSE))
        assert await call == {"id": "in time"}
        await welcomed


async def test_a_slower_greeting_does_not_make_the_older_socket_the_newest() -> None:
    greeted: asyncio.Queue[asyncio.Event] = asyncio.Queue()

    async def slow(_user_id: str, _hello: DeviceHello) -> int:
        go_on = asyncio.Event()
        greeted.put_nowait(go_on)
        await go_on.wait()
        return 0

    async with (
        running_hub(greet=slow) as hub,
        scripted_device(hub.url, "laptop") as older,
    ):
        await older.send(type="device_hello", device_id="laptop")
        older_goes_on = await greeted.get()
        async with scripted_device(hub.url, "laptop") as newer:
            welcomed = asyncio.ensure_future(newer.hello())
            (await greeted.get()).set()
            await welcomed
            older_goes_on.set()
            assert await older.closed() == 4100
            call = hub.call("c1")
            await newer.answer(await newer.expect("tool_call"))
            assert await call == {"id": "rec-c1"}


async def test_the_end_of_a_socket_without_hello_touches_nothing() -> None:
    async with running_hub() as hub, scripted_device(hub.url, "laptop") as device:
        await device.hello()
        async with scripted_device(hub.url, "laptop") as other:
            await other.send(type="tool_result", id="c1", result={})
            assert await other.closed() == 4103
        call = hub.call("c1")
        await device.answer(await device.expect("tool_call"))
        assert await call == {"id": "rec-c1"}
        assert hub.told == [("online", "laptop")]


async def test_many_sockets_at_once_leave_one() -> None:
    async with running_hub() as hub:

        async def connect() -> int | None:
            async with scripted_device(hub.url, "laptop") as device:
                await device.send(type="device_hello", device_id="laptop")
                return await device.closed()

        racing = [asyncio.ensure_future(connect()) for _ in range(10)]
        done, pending = set[asyncio.Future[int | None]](), set(racing)
        while len(pending) > 1:
            finished, pending = await asyncio.wait(
                pending, timeout=10, return_when=asyncio.FIRST_COMPLETED
            )
            assert finished
            done |= finished
        assert {each.result() for each in done} == {4100}
        while not hub.hub.online_devices():
            await hub.changed()
        assert hub.hub.online_devices() == (("ana", "laptop"),)
        hub.hub.disconnect("ana", "laptop", 4101, "shut out")
        assert await next(iter(pending)) == 4101
