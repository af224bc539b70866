"""Users and their keys: nobody gives away more than they have."""

from __future__ import annotations

import asyncio
from itertools import product
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from noond.models.account import Role, Scope

if TYPE_CHECKING:
    from tests.integration.api.conftest import World

USERS = "/api/v1/users"
KEYS = "/api/v1/api-keys"
PASSWORD = "correct horse battery"


async def add(world: World, key: str, **body: Any) -> Any:
    return await world.send("POST", USERS, key=key, json={"name": "carl", **body})


@pytest.mark.parametrize(("granter", "given"), list(product(Role, Role)))
async def test_roles_are_given_from_above(world: World, granter: Role, given: Role) -> None:
    await world.add_user("granter", granter)
    reply = await add(world, "granter", role=given)

    allowed = granter is Role.OWNER or (granter is Role.ADMIN and given.rank < Role.ADMIN.rank)
    assert (reply.status == 201) is allowed, reply.text
    if not allowed:
        assert reply.status == 403


@pytest.mark.parametrize(("granter", "target"), list(product(Role, Role)))
async def test_users_are_acted_on_from_above(world: World, granter: Role, target: Role) -> None:
    await world.add_user("granter", granter)
    await world.add_user("target", target)
    path = f"{USERS}/target"
    replies = [
        await world.send("PATCH", path, key="granter", json={"timezone": "UTC"}),
        await world.send("POST", f"{path}/password", key="granter", json={"password": PASSWORD}),
        await world.send("DELETE", path, key="granter"),
    ]

    allowed = granter is Role.OWNER or (granter is Role.ADMIN and target.rank < Role.ADMIN.rank)
    assert [reply.status < 300 for reply in replies] == [allowed] * 3
    if not allowed:
        assert {reply.status for reply in replies} == {403}


async def test_a_key_gives_no_rights_that_it_lacks(world: World) -> None:
    """A key for users alone can't make itself an account that may do everything."""
    await world.add_key("users", "ana", Scope.USERS_WRITE, Scope.USERS_READ)

    assert (await add(world, "users", role="viewer")).status == 403
    set_own = {"password": PASSWORD}
    for user in ("ana", "ben"):
        path = f"{USERS}/{user}/password"
        assert (await world.send("POST", path, key="users", json=set_own)).status == 403
    promoted = await world.send("PATCH", f"{USERS}/ben", key="users", json={"role": "admin"})
    assert promoted.status == 403


@pytest.mark.parametrize("held", list(Scope))
async def test_keys_are_given_no_scope_that_their_maker_lacks(world: World, held: Scope) -> None:
    await world.add_key("maker", "ana", Scope.KEYS_WRITE, held)

    for wanted in (*Scope, "read", "write", "admin"):
        body = {"name": "k", "scopes": [wanted]}
        reply = await world.send("POST", KEYS, key="maker", json=body)
        assert (reply.status == 201) is (wanted in {Scope.KEYS_WRITE, held}), (held, wanted)


async def test_a_key_rotates_none_that_may_do_more(world: World) -> None:
    """Rotating tells the new secret, so it would be a way up."""
    await world.add_key("maker", "ana", Scope.KEYS_WRITE, Scope.KEYS_READ)
    keys = (await world.send("GET", KEYS, key="maker")).json["items"]
    stronger = next(key for key in keys if key["scopes"] == ["admin"])

    reply = await world.send("POST", f"{KEYS}/{stronger['id']}/rotate", key="maker")

    assert reply.status == 403
    assert (await world.send("GET", "/api/v1/runs")).status == 200


async def test_a_role_limits_the_keys_that_exist(world: World) -> None:
    await world.pair("laptop", key="ben")
    assert (await world.send("GET", "/api/v1/agents", key="ben")).status == 200
    changed = await world.send("PATCH", f"{USERS}/ben", json={"role": "viewer"})
    assert changed.json["role"] == "viewer"

    assert (await world.send("GET", "/api/v1/agents", key="ben")).status == 200
    assert (await world.send("DELETE", "/api/v1/devices/laptop", key="ben")).status == 403


async def test_a_key_is_shown_once_and_used(world: World) -> None:
    body = {"name": "dashboard", "scopes": ["read", "keys:read"], "expires_in_days": 30}
    made = (await world.send("POST", KEYS, json=body)).json
    world.keys["new"] = made["api_key"]

    assert made["api_key"].startswith(made["prefix"])
    assert made["prefix"].startswith("nd_live_")
    seen = (await world.send("GET", f"{KEYS}/{made['id']}", key="new")).json
    assert seen == {name: value for name, value in made.items() if name != "api_key"} | {
        "last_used_at": seen["last_used_at"]
    }
    listed = (await world.send("GET", KEYS, key="new")).json["items"]
    assert [key["name"] for key in listed] == ["dashboard", "ana"]
    assert (await world.send("POST", KEYS, key="new", json=body)).status == 403


async def test_a_rotated_key_has_two_secrets_until_the_new_one_is_used(world: World) -> None:
    made = (await world.send("POST", KEYS, json={"name": "k", "scopes": ["read"]})).json
    path = f"{KEYS}/{made['id']}/rotate"
    first, second, third = (
        made["api_key"],
        *[(await world.send("POST", path)).json["api_key"] for _ in range(2)],
    )

    async def works(secret: str) -> bool:
        return (await world.send("GET", "/api/v1/runs", key=secret)).status == 200

    assert await works(first)
    assert not await works(second)  # replaced before it was used
    assert await works(third)
    assert not await works(first)
    assert await works(third)


async def test_a_revoked_key_is_gone(world: World) -> None:
    made = (await world.send("POST", KEYS, json={"name": "k", "scopes": ["read"]})).json
    path = f"{KEYS}/{made['id']}"
    assert (await world.send("DELETE", path)).status == 204

    assert (await world.send("GET", "/api/v1/runs", key=made["api_key"])).status == 401
    assert (await world.send("GET", path)).status == 404
    assert (await world.send("DELETE", path)).status == 404
    assert (await world.send("POST", f"{path}/rotate")).status == 404


async def test_revoking_a_key_ends_its_streams(world: World) -> None:
    await world.pair("laptop")
    agent = await world.new_agent()
    run = (await world.send("POST", f"/api/v1/agents/{agent['id']}/runs")).json
    made = (await world.send("POST", KEYS, json={"name": "k", "scopes": ["read"]})).json
    headers = {"Authorization": f"Bearer {made['api_key']}"}
    url = f"{world.url}/api/v1/runs/{run['run_id']}/events"
    async with world.session.get(url, headers=headers) as stream:
        await stream.content.readline()
        await world.send("DELETE", f"{KEYS}/{made['id']}")
        async with asyncio.timeout(1):
            with pytest.raises(aiohttp.ClientPayloadError):
                await stream.read()


async def test_names_are_unique_whatever_their_case(world: World) -> None:
    assert (await add(world, "ana", name="Ben")).status == 409
    assert (await world.send("PATCH", f"{USERS}/ben", json={"name": "ANA"})).status == 409
    assert (await world.send("PATCH", f"{USERS}/ben", json={"name": "Ben"})).status == 200


async def test_the_last_owner_stays(world: World) -> None:
    demoted = await world.send("PATCH", f"{USERS}/ana", json={"role": "user"})
    removed = await world.send("DELETE", f"{USERS}/ana")
    assert (demoted.status, removed.status) == (409, 409)

    await world.send("PATCH", f"{USERS}/ben", json={"role": "owner"})
    assert (await world.send("DELETE", f"{USERS}/ana", key="ben")).status == 204
    assert (await world.send("GET", "/api/v1/runs", key="ana")).status == 401


async def test_two_owners_can_not_remove_each_other(world: World) -> None:
    await world.send("PATCH", f"{USERS}/ben", json={"role": "owner"})
    replies = await asyncio.gather(
        world.send("DELETE", f"{USERS}/ana", key="ben"),
        world.send("DELETE", f"{USERS}/ben", key="ana"),
    )

    owners = await world.database.read(
        lambda c: c.execute("SELECT count(*) FROM users WHERE role = 'owner'").fetchone()[0]
    )
    assert owners == 1
    assert [reply.status for reply in replies].count(204) == 1


async def test_a_removed_user_leaves_nothing_behind(world: World) -> None:
    token = await world.pair("laptop", key="ben")
    agent = await world.new_agent(key="ben")
    await world.send("POST", f"/api/v1/agents/{agent['id']}/runs", key="ben")
    await world.set_password("ben", PASSWORD)
    tokens = await world.sign_in("ben", PASSWORD)

    async with world.connect(token) as socket:
        hello = {"type": "device_hello", "protocol": 1, "device_id": "laptop", "name": "l"}
        await socket.send_json(hello)
        await socket.receive()
        assert (await world.send("DELETE", f"{USERS}/ben")).status == 204
        async with asyncio.timeout(1):
            while not socket.closed:
                await socket.receive()

    for credential in ("ben", "ben+"):
        assert (await world.send("GET", "/api/v1/runs", key=credential)).status == 401
    body = {"refresh_token": tokens["refresh_token"]}
    assert (await world.send("POST", "/api/v1/auth/refresh", key=None, json=body)).status == 401
    left = await world.database.read(
        lambda c: {
            row[0]: count
            for row in c.execute(
                "SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) p "
                "WHERE m.type = 'table' AND p.name = 'user_id'"
            )
            if (
                count := c.execute(
                    f"SELECT count(*) FROM {row[0]} WHERE user_id = 'ben'"
                ).fetchone()[0]
            )
        }
    )
    assert left == {}
    assert (await add(world, "ana", name="ben")).status == 201


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("password", {"password": "short"}),
        ("password", {"password": "aaaaaaaaaaaaaa"}),
        ("password", {"name": "a long enough name", "password": "A long enough name"}),
        ("role", {"role": "root"}),
        ("timezone", {"timezone": "Mars/Olympus"}),
        ("name", {"name": " "}),
        ("scopes", {"scopes": []}),
    ],
)
async def test_bad_input_names_the_field(world: World, field: str, body: dict[str, Any]) -> None:
    reply = await add(world, "ana", **body)

    assert reply.status == 400
    assert [error["field"] for error in reply.json["errors"]] == [field]


async def test_an_unknown_scope_is_named(world: World) -> None:
    reply = await world.send("POST", KEYS, json={"name": "k", "scopes": ["agents:fly"]})

    assert reply.status == 400
    assert "agents:fly" in reply.json["errors"][0]["message"]
