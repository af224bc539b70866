"""How sockets end when the daemon wants it: quickly, and with a reason."""

from __future__ import annotations

import asyncio
import gc
import time
from contextlib import AsyncExitStack

from raw_device import CLOSE, RawDevice, message, raw_device
from running_daemon import RunningDaemon
from running_hub import running_hub
from scripted_device import scripted_device


async def take_leave(device: RawDevice) -> int:
    code = await device.close_code()
    await device.send_bytes(message(code.to_bytes(2, "big"), kind=CLOSE))
    return code


async def test_500_sockets_are_closed_within_half_a_second() -> None:
    async with running_hub() as hub, AsyncExitStack() as stack:
        devices = []
        for number in range(500):
            device = await stack.enter_async_context(raw_device(hub.url, f"d{number}"))
            await device.hello(device_id=f"d{number}")
            devices.append(device)
        leaving = [asyncio.ensure_future(take_leave(device)) for device in devices]
        # The processor's time, the devices' included: other programs may slow the machine down.
        # Collections do not go through what earlier tests have left, nor do they in the daemon.
        gc.freeze()
        began = time.process_time()
        await hub.hub.close()
        spent = time.process_time() - began
        gc.unfreeze()
        assert set(await asyncio.gather(*leaving)) == {1012}
        assert hub.hub.online_devices() == ()
        async with raw_device(hub.url, "late") as late:
            assert await late.close_code() == 1012
    assert spent < 0.5, spent


async def test_sockets_that_do_not_answer_are_cut_after_a_second() -> None:
    async with running_hub() as hub, raw_device(hub.url) as deaf, raw_device(hub.url, "x") as mute:
        await deaf.hello()
        began = time.monotonic()
        await hub.hub.close()
        assert 0.5 < time.monotonic() - began < 2
        assert await deaf.close_code() == 1012
        assert await mute.close_code() == 1012
        assert await deaf.reader.read() == b""
        await hub.until("offline")


async def test_a_device_that_streams_is_told_why_it_is_closed() -> None:
    async with running_hub() as hub, raw_device(hub.url) as device:
        await device.hello()
        closing = asyncio.ensure_future(device.close_code())
        stopping = None
        frame = message(b'{"type":"agent_data","run_id":"r","files":[]}' + b" " * 50_000)
        while not closing.done():
            await device.send_bytes(frame)
            stopping = stopping or asyncio.ensure_future(hub.hub.close())
        assert await closing == 1012
        assert stopping is not None
        await device.send_bytes(message(b"\x03\xf4", kind=CLOSE))
        await stopping


async def test_a_close_of_the_device_is_answered() -> None:
    async with running_hub() as hub, raw_device(hub.url) as device:
        await device.hello()
        await device.send_bytes(message(b"\x03\xe9", kind=CLOSE))
        assert await device.close_code() == 1001
        assert await device.reader.read() == b""
        await hub.until("offline")


async def test_a_removed_device_is_closed_within_a_second(daemon: RunningDaemon) -> None:
    async with daemon.started() as api:
        token = await api.pair()
        async with (
            scripted_device(api.url, token) as device,
            scripted_device(api.url, token) as unannounced,
        ):
            await device.hello()
            began = time.monotonic()
            await api.request("DELETE", "/api/v1/devices/laptop")
            assert await device.closed() == 4101
            assert await unannounced.closed() == 4101
            assert time.monotonic() - began < 1


async def test_a_daemon_that_stops_says_so(daemon: RunningDaemon) -> None:
    async with AsyncExitStack() as outliving:
        async with daemon.started() as api:
            connecting = scripted_device(api.url, await api.pair())
            device = await outliving.enter_async_context(connecting)
            await device.hello()
            closed = asyncio.ensure_future(device.closed())
        assert await closed == 1012
