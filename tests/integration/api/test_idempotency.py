"""A request that is sent again creates nothing a second time."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.integration.api.conftest import Answer, World

AGENTS = "/api/v1/agents"


def agent(name: str = "Notes") -> dict[str, Any]:
    return {
        "name": name,
        "device_id": "laptop",
        "directory_paths": ["~/Notes"],
        "file_extensions": [".md"],
        "data_types": ["tasks"],
    }


async def post(world: World, path: str, body: Any, *, key: str = "ana", token: str = "k") -> Answer:
    return await world.send("POST", path, key=key, json=body, headers={"Idempotency-Key": token})


async def count(world: World, table: str) -> int:
    return await world.database.read(
        lambda c: int(c.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
    )


async def test_a_hundred_at_once_have_one_effect(world: World) -> None:
    await world.pair("laptop")

    replies = await asyncio.gather(*(post(world, AGENTS, agent()) for _ in range(100)))

    assert {reply.status for reply in replies} == {201}
    assert len({reply.text for reply in replies}) == 1
    assert await count(world, "agents") == 1


async def test_without_the_key_each_request_counts(world: World) -> None:
    await world.pair("laptop")

    first = await world.send("POST", AGENTS, json=agent())
    second = await world.send("POST", AGENTS, json=agent())

    assert (first.status, second.status) == (201, 409)


async def test_a_hundred_keys_at_once_are_one_and_its_secret_is_told_once(world: World) -> None:
    path, body = "/api/v1/api-keys", {"name": "dashboard", "scopes": ["read"]}
    before = await count(world, "api_keys")

    replies = await asyncio.gather(*(post(world, path, body) for _ in range(100)))

    assert sorted(reply.status for reply in replies) == [201] + [409] * 99
    made = next(reply.json for reply in replies if reply.status == 201)
    refused = [reply.json for reply in replies if reply.status == 409]
    assert {problem["code"] for problem in refused} == {"already_created"}
    assert {problem["id"] for problem in refused} == {made["id"]}
    assert await count(world, "api_keys") == before + 1


async def test_many_users_at_once_are_one(world: World) -> None:
    path, body = "/api/v1/users", {"name": "carl", "password": "correct horse battery"}
    replies = await asyncio.gather(*(post(world, path, body) for _ in range(20)))
    other = await post(world, path, body | {"password": "another horse entirely"})

    assert {reply.status for reply in replies} == {201}
    assert len({reply.text for reply in replies}) == 1
    assert await count(world, "users") == 3
    assert (other.status, other.json["code"]) == (409, "idempotency_key_reused")


async def test_a_hundred_runs_at_once_are_one(world: World) -> None:
    await world.pair("laptop")
    made = await world.new_agent()

    replies = await asyncio.gather(
        *(post(world, f"{AGENTS}/{made['id']}/runs", {}) for _ in range(100))
    )

    assert {reply.status for reply in replies} == {202}
    assert len({reply.json["run_id"] for reply in replies}) == 1
    assert await count(world, "runs") == 1


async def test_another_body_is_a_conflict(world: World) -> None:
    await world.pair("laptop")
    await post(world, AGENTS, agent())

    reply = await post(world, AGENTS, agent("Other"))

    assert (reply.status, reply.json["code"]) == (409, "idempotency_key_reused")
    assert await count(world, "agents") == 1


async def test_another_path_of_the_route_is_a_conflict(world: World) -> None:
    await world.pair("laptop")
    first, second = await world.new_agent(name="A"), await world.new_agent(name="B")
    await post(world, f"{AGENTS}/{first['id']}/runs", {})

    reply = await post(world, f"{AGENTS}/{second['id']}/runs", {})

    assert (reply.status, reply.json["code"]) == (409, "idempotency_key_reused")


async def test_the_order_of_fields_makes_no_other_body(world: World) -> None:
    await world.pair("laptop")
    first = await post(world, AGENTS, agent())

    again = await post(world, AGENTS, dict(reversed(agent().items())))

    assert (again.status, again.text) == (201, first.text)


async def test_keys_belong_to_a_user_and_a_route(world: World) -> None:
    await world.pair("laptop")
    await world.pair("laptop", key="ben")

    anas = await post(world, AGENTS, agent())
    bens = await post(world, AGENTS, agent(), key="ben")
    run = await post(world, f"{AGENTS}/{anas.json['id']}/runs", {})

    assert (anas.status, bens.status, run.status) == (201, 201, 202)
    assert anas.json["id"] != bens.json["id"]


async def test_a_request_that_failed_may_be_mended(world: World) -> None:
    refused = await post(world, AGENTS, agent())
    assert refused.status == 400
    await world.pair("laptop")

    assert (await post(world, AGENTS, agent())).status == 201


async def test_a_secret_is_never_given_twice(world: World) -> None:
    first = await post(world, "/api/v1/devices/pairings", {})
    again = await post(world, "/api/v1/devices/pairings", {})

    assert first.status == 201
    assert (again.status, again.json["code"]) == (409, "already_created")
    ids = await world.database.read(
        lambda c: [row[0] for row in c.execute("SELECT id FROM pairing_codes")]
    )
    assert ids == [again.json["id"]]
    assert first.json["code"] not in again.text


async def test_pairing_again_with_the_same_key_tells_the_device(world: World) -> None:
    body = {"code": await world.new_code(), "device_id": "laptop", "name": "L"}

    replies = await asyncio.gather(
        *(post(world, "/api/v1/devices/pair", body, key="none") for _ in range(20))
    )

    assert sorted(reply.status for reply in replies) == [201] + [409] * 19
    assert {reply.json.get("id") for reply in replies if reply.status == 409} == {"laptop"}


async def test_rotating_again_with_the_same_key_makes_no_token(world: World) -> None:
    await world.pair("laptop")
    first = await post(world, "/api/v1/devices/laptop/token", {})
    again = await post(world, "/api/v1/devices/laptop/token", {})

    assert first.status == 201
    assert (again.status, again.json["id"]) == (409, "laptop")


async def test_no_secret_is_stored(world: World) -> None:
    code = await post(world, "/api/v1/devices/pairings", {})
    body = {"code": code.json["code"], "device_id": "laptop", "name": "L"}
    paired = await post(world, "/api/v1/devices/pair", body)
    rotated = await post(world, "/api/v1/devices/laptop/token", {})

    rows = await world.database.read(
        lambda c: str([tuple(row) for row in c.execute("SELECT * FROM idempotency_keys")])
    )
    for secret in (code.json["code"], paired.json["device_token"], rotated.json["device_token"]):
        assert secret not in rows


async def test_after_a_day_a_key_is_new(world: World) -> None:
    await world.pair("laptop")
    made = await post(world, AGENTS, agent())
    world.clock.advance(timedelta(hours=24) - timedelta(seconds=1))
    assert (await post(world, AGENTS, agent())).text == made.text

    world.clock.advance(timedelta(seconds=1))
    reply = await post(world, AGENTS, agent("Other"))

    assert reply.status == 201
    assert reply.json["name"] == "Other"


@pytest.mark.parametrize("token", ["", "x" * 256, "é", "a\tb"])
async def test_a_key_is_short_and_printable(world: World, token: str) -> None:
    reply = await post(world, AGENTS, agent(), token=token)

    assert reply.status == 400
    assert [error["field"] for error in reply.json["errors"]] == ["Idempotency-Key"]


async def test_a_key_of_255_characters_is_taken(world: World) -> None:
    reply = await post(world, "/api/v1/devices/pairings", {}, token="x" * 255)

    assert reply.status == 201
