"""The first frames of a socket: who is let in, and how the others are told."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
from running_daemon import RunningDaemon
from running_hub import running_hub
from scripted_device import scripted_device

from noond import __version__
from noond.errors import StorageFull
from noond.hub.frames import SUBPROTOCOL, DeviceHello


async def test_a_hello_is_answered_with_what_the_device_must_keep_to() -> None:
    async with running_hub() as hub, scripted_device(hub.url, "laptop") as device:
        welcome = await device.hello("manifest")

    assert welcome["protocol"] == 1
    assert welcome["server_version"] == __version__
    assert welcome["heartbeat_seconds"] == 30
    assert welcome["limits"] == {
        "frame_bytes": 1_048_576,
        "file_bytes": 16_777_216,
        "credit_bytes": 1_048_576,
    }
    assert welcome["pending_calls"] == 0
    assert device.ws.protocol == SUBPROTOCOL
    assert device.ws.compress == 0
    assert hub.told == [("online", "laptop"), ("offline", "laptop")]


async def test_only_type_and_device_id_are_needed() -> None:
    async with running_hub() as hub, scripted_device(hub.url, "laptop") as device:
        await device.send(type="device_hello", device_id="laptop", colour="red")
        await device.expect("welcome")


async def test_a_socket_without_hello_is_closed() -> None:
    async with (
        running_hub(hello_seconds=0.05) as hub,
        scripted_device(hub.url, "laptop") as device,
    ):
        assert await device.closed() == 4103
    assert hub.told == []


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ({"type": "tool_result", "id": "c1", "result": {}}, 4103),
        ({"type": "device_hello", "device_id": "phone"}, 4101),
        ({"type": "device_hello", "device_id": "laptop", "protocol": 2}, 4104),
    ],
)
async def test_a_wrong_first_frame_closes(frame: dict[str, object], code: int) -> None:
    async with running_hub() as hub, scripted_device(hub.url, "laptop") as device:
        await device.send(**frame)
        assert await device.closed() == code
    assert hub.told == []


async def test_what_is_no_frame_may_come_before_the_hello() -> None:
    async with running_hub() as hub, scripted_device(hub.url, "laptop") as device:
        await device.ws.send_str("{")
        await device.expect("error")
        await device.hello()


async def test_a_second_hello_is_an_error_and_the_socket_lives_on() -> None:
    async with running_hub() as hub, scripted_device(hub.url, "laptop") as device:
        await device.hello()
        await device.send(type="device_hello", device_id="laptop")
        error = await device.expect("error")
        call = hub.call("c1")
        await device.answer(await device.expect("tool_call"))
        assert await call == {"id": "rec-c1"}
    assert error["code"] == "invalid_frame"
    assert "already" in error["message"]


async def test_a_device_that_was_shut_out_meanwhile_is_told() -> None:
    async def shut_out(_user_id: str, _hello: DeviceHello) -> None:
        return None

    async with running_hub(greet=shut_out) as hub, scripted_device(hub.url, "laptop") as device:
        await device.send(type="device_hello", device_id="laptop")
        assert await device.closed() == 4101
    assert hub.told == []


async def test_a_hello_that_can_not_be_stored_asks_the_device_to_come_again() -> None:
    async def full(_user_id: str, _hello: DeviceHello) -> int:
        raise StorageFull

    async with running_hub(greet=full) as hub, scripted_device(hub.url, "laptop") as device:
        await device.send(type="device_hello", device_id="laptop")
        assert await device.closed() == 1012


async def test_a_device_shut_out_while_it_is_greeted_does_not_come_online() -> None:
    greeting, go_on = asyncio.Event(), asyncio.Event()

    async def slow(_user_id: str, _hello: DeviceHello) -> int:
        greeting.set()
        await go_on.wait()
        return 0

    async with running_hub(greet=slow) as hub, scripted_device(hub.url, "laptop") as device:
        await device.send(type="device_hello", device_id="laptop")
        await greeting.wait()
        hub.hub.disconnect("ana", "laptop", 4101, "shut out")
        go_on.set()
        assert await device.closed() == 4101
    assert hub.told == []


async def test_the_daemon_takes_a_token_in_the_header_only(daemon: RunningDaemon) -> None:
    async with daemon.started() as api, aiohttp.ClientSession() as http:
        token = await api.pair()
        url = f"{api.url}/ws/device"
        for refused in (f"{url}?token={token}", f"{url}?access_token={token}"):
            with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
                await http.ws_connect(refused, protocols=[SUBPROTOCOL])
            assert caught.value.status == 401
        headers = {"Authorization": f"Bearer {token}"}
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await http.ws_connect(url, headers=headers)
        assert caught.value.status == 400
        async with http.ws_connect(
            url, headers=headers, protocols=[SUBPROTOCOL], compress=15
        ) as ws:
            assert ws.compress == 0
