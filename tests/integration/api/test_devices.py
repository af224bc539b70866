"""Devices: paired, connected, rotated, removed."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

if TYPE_CHECKING:
    from tests.integration.api.conftest import Answer, World

PAIR = "/api/v1/devices/pair"


async def pair(world: World, code: str, device_id: str = "laptop", **headers: str) -> Answer:
    body = {"code": code, "device_id": device_id, "name": "Ana's laptop"}
    return await world.send("POST", PAIR, key=None, json=body, headers=headers)


def wrong(code: str) -> str:
    return code[:-1] + ("0" if code[-1] != "0" else "1")


async def hello(socket: aiohttp.ClientWebSocketResponse, device_id: str = "laptop") -> Any:
    await socket.send_str(
        json.dumps(
            {
                "type": "device_hello",
                "device_id": device_id,
                "platform": "linux",
                "app_version": "1.0",
                "capabilities": ["manifest"],
            }
        )
    )
    return json.loads((await socket.receive()).data)


async def closed(socket: aiohttp.ClientWebSocketResponse) -> int | None:
    """The code with which the daemon closes the socket, within a second."""
    async with asyncio.timeout(1):
        message = await socket.receive()
        while message.type not in {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED}:
            message = await socket.receive()
    return socket.close_code


async def refusal(world: World, token: str | None, **options: Any) -> tuple[int, str]:
    """Status and code of a refused upgrade."""
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Protocol": "noond.v1",
        **options.pop("headers", {}),
    }
    reply = await world.send("GET", options.pop("path", "/ws/device"), key=token, headers=headers)
    return reply.status, reply.json["code"]


async def test_a_device_is_paired_connects_and_is_listed(world: World) -> None:
    reply = await pair(world, await world.new_code())

    assert reply.status == 201
    assert reply.json["device_id"] == "laptop"
    assert reply.json["ws_url"] == f"ws://127.0.0.1:{world.port}/ws/device"
    async with world.connect(reply.json["device_token"]) as socket:
        assert socket.protocol == "noond.v1"
        assert (await hello(socket))["type"] == "welcome"
        listed = await world.send("GET", "/api/v1/devices")
    assert listed.json == {
        "items": [
            {
                "device_id": "laptop",
                "name": "Ana's laptop",
                "platform": "linux",
                "app_version": "1.0",
                "capabilities": ["manifest"],
                "online": True,
                "created_at": "2026-11-20T08:00:00.000Z",
                "last_seen_at": "2026-11-20T08:00:00.000Z",
            }
        ],
        "next": None,
    }


async def test_a_code_says_how_long_it_lasts(world: World) -> None:
    reply = await world.send("POST", "/api/v1/devices/pairings", json={"device_id": "laptop"})

    assert reply.json["expires_at"] == "2026-11-20T08:05:00.000Z"


async def test_a_code_pairs_once_even_at_once(world: World) -> None:
    code = await world.new_code()

    replies = await asyncio.gather(*(pair(world, code, f"d{n}") for n in range(8)))

    assert sorted(reply.status for reply in replies) == [201] + [401] * 7
    assert len((await world.send("GET", "/api/v1/devices")).json["items"]) == 1


async def test_a_late_code_is_refused(world: World) -> None:
    code = await world.new_code()
    world.clock.advance(timedelta(minutes=5))

    reply = await pair(world, code)

    assert (reply.status, reply.json["code"]) == (401, "pairing_code_wrong")


async def test_five_tries_end_a_code(world: World) -> None:
    code = await world.new_code()
    for _ in range(5):
        assert (await pair(world, wrong(code))).status == 401

    assert (await pair(world, code)).status == 401


async def test_four_tries_leave_one(world: World) -> None:
    code = await world.new_code()
    for _ in range(4):
        assert (await pair(world, wrong(code))).status == 401

    assert (await pair(world, code)).status == 201


async def test_the_rate_is_checked_before_the_code(world: World) -> None:
    code = await world.new_code()
    guesses = await asyncio.gather(*(pair(world, "0000-000U") for _ in range(100)))
    right = await pair(world, code)

    statuses = [reply.status for reply in guesses]
    assert (statuses.count(401), statuses.count(429)) == (10, 90)
    assert right.status == 429
    assert int(right.headers["Retry-After"]) <= 60
    world.clock.advance(timedelta(seconds=60))
    assert (await pair(world, code)).status == 201


async def test_guesses_sent_all_at_once_are_not_looked_at(world: World) -> None:
    codes = [await world.new_code() for _ in range(50)]

    await asyncio.gather(*(pair(world, wrong(code)) for code in codes))

    tried = await world.database.read(
        lambda c: c.execute("SELECT count(*) FROM pairing_codes WHERE tries_left < 5").fetchone()[0]
    )
    assert tried == 10


async def test_pairing_many_devices_is_no_failure(world: World) -> None:
    for number in range(15):
        assert (await pair(world, await world.new_code(), f"d{number}")).status == 201


async def test_a_device_that_exists_is_claimed_only_with_its_own_code(world: World) -> None:
    old = await world.pair("laptop")

    taken = await pair(world, await world.new_code())
    assert (taken.status, taken.json["code"]) == (409, "conflict")

    async with world.connect(old) as socket:
        await hello(socket)
        again = await pair(world, await world.new_code("laptop"))
        assert again.status == 201
        assert await closed(socket) == 4101
    assert await refusal(world, old) == (401, "unauthenticated")


async def test_the_same_id_of_another_user_is_another_device(world: World) -> None:
    await world.pair("laptop")

    assert (await pair(world, await world.new_code(key="ben"))).status == 201


async def test_a_code_for_one_device_pairs_no_other(world: World) -> None:
    code = await world.new_code("laptop")

    assert (await pair(world, code, "phone")).status == 401
    assert (await pair(world, code, "laptop")).status == 201


@pytest.mark.parametrize("device_id", ["", "a b", "a/b", "..", "-a", "é", "x" * 201, "a\n"])
async def test_a_device_id_is_plain(world: World, device_id: str) -> None:
    reply = await pair(world, await world.new_code(), device_id)

    assert reply.status == 400
    assert [error["field"] for error in reply.json["errors"]] == ["device_id"]


async def test_a_rotated_token_takes_over_when_it_is_used(world: World) -> None:
    old = await world.pair("laptop")
    rotated = await world.send("POST", "/api/v1/devices/laptop/token")
    new = rotated.json["device_token"]
    assert rotated.status == 201

    async with world.connect(old) as socket:
        assert (await hello(socket))["type"] == "welcome"
    async with world.connect(new) as socket:
        assert (await hello(socket))["type"] == "welcome"

    assert await refusal(world, old) == (401, "unauthenticated")


async def test_a_removed_device_is_out_at_once(world: World) -> None:
    token = await world.pair("laptop")
    agent = await world.new_agent()
    async with world.connect(token) as socket:
        await hello(socket)
        removed = await world.send("DELETE", "/api/v1/devices/laptop")
        assert await closed(socket) == 4101

    assert (removed.status, removed.text) == (204, "")
    assert await refusal(world, token) == (401, "unauthenticated")
    assert (await world.send("GET", "/api/v1/devices")).json["items"] == []
    assert (await world.send("DELETE", "/api/v1/devices/laptop")).status == 404
    kept = await world.send("GET", f"/api/v1/agents/{agent['id']}")
    assert (kept.status, kept.json["enabled"]) == (200, False)


async def test_a_removed_device_may_come_back(world: World) -> None:
    await world.pair("laptop")
    await world.send("DELETE", "/api/v1/devices/laptop")

    assert (await pair(world, await world.new_code())).status == 201


async def test_pages_of_devices_follow_each_other(world: World) -> None:
    for number in range(5):
        await pair(world, await world.new_code(), f"d{number}")
        world.clock.advance(timedelta(seconds=number % 2))
    seen, query = [], ""
    while True:
        page = (await world.send("GET", f"/api/v1/devices?limit=2{query}")).json
        seen += [item["device_id"] for item in page["items"]]
        if page["next"] is None:
            break
        query = f"&cursor={page['next']}"

    assert seen == ["d4", "d3", "d2", "d1", "d0"]


async def test_before_the_upgrade_everything_is_checked(world: World) -> None:
    token = await world.pair("laptop")

    assert await refusal(world, None) == (401, "unauthenticated")
    assert await refusal(world, "ana") == (401, "unauthenticated")
    assert await refusal(world, None, path=f"/ws/device?token={token}") == (
        401,
        "unauthenticated",
    )
    assert await refusal(world, token, headers={"Host": "evil.example"}) == (421, "foreign_host")
    for origin in ("null", "https://evil.example"):
        assert await refusal(world, token, headers={"Origin": origin}) == (403, "foreign_origin")
    for protocols in ("", "noond.v2", "xnoond.v1"):
        assert await refusal(world, token, headers={"Sec-WebSocket-Protocol": protocols}) == (
            400,
            "invalid",
        )
    assert await refusal(world, token, headers={"Upgrade": "h2c"}) == (400, "invalid")


async def test_a_plain_request_is_no_socket(world: World) -> None:
    reply = await world.send("GET", "/ws/device", key=await world.pair("laptop"))

    assert (reply.status, reply.json["code"]) == (400, "invalid")


async def test_a_missing_handshake_key_is_a_problem(world: World) -> None:
    token = await world.pair("laptop")

    status, code = await refusal(world, token, headers={"Sec-WebSocket-Key": "x"})

    assert (status, code) == (400, "invalid")


async def test_wrong_device_tokens_are_throttled_and_right_ones_pass(world: World) -> None:
    token = await world.pair("laptop")
    guesses = await asyncio.gather(*(refusal(world, "noondd_" + "A" * 43) for _ in range(50)))

    statuses = [status for status, _ in guesses]
    assert (statuses.count(401), statuses.count(429)) == (10, 40)
    async with world.connect(token, protocols=["other", "noond.v1"]) as socket:
        assert (await hello(socket))["type"] == "welcome"


async def test_own_origin_may_open_the_socket(world: World) -> None:
    token = await world.pair("laptop")
    origin = {"Origin": f"http://127.0.0.1:{world.port}"}

    async with world.connect(token, headers=origin) as socket:
        assert (await hello(socket))["type"] == "welcome"
