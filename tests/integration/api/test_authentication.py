"""Who may do what: credentials, scopes, throttles."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from noond.api.routing import Access, Rate, Route
from noond.config import LimitSettings
from noond.models.account import Scope

if TYPE_CHECKING:
    from tests.integration.api.conftest import World

PUBLIC = {
    "GET /health/live",
    "GET /health/ready",
    "GET /openapi.json",
    "GET /docs",
    "GET /docs/{file}",
    "POST /api/v1/auth/login",
    "POST /api/v1/auth/refresh",
    "POST /api/v1/devices/pair",
}
DEVICE = {"GET /ws/device"}


def path_of(route: Route) -> str:
    """A path that the route answers to."""
    return re.sub(r"\{\w+\}", "x", route.path)


async def test_every_route_declares_who_may_use_it(world: World) -> None:
    assert world.runner.app is not None
    registered = {
        f"{route.method} {route.resource.canonical}"
        for route in world.runner.app.router.routes()
        if route.resource is not None
    }
    assert registered == {route.name for route in world.routes}
    for route in world.routes:
        assert isinstance(route.access, Scope | Access), route.name
        assert isinstance(route.rate, Rate), route.name
    assert {r.name for r in world.routes if r.access is Access.PUBLIC} == PUBLIC
    assert {r.name for r in world.routes if r.access is Access.DEVICE} == DEVICE


async def test_every_declared_route_is_complete(world: World) -> None:
    for route in world.routes:
        assert all((route.summary, route.description, route.tag)), route.name
        assert (route.reply is None) == (route.status in {101, 204}), route.name
        assert route.method != "GET" or route.rate is not Rate.WRITE, route.name
        assert route.method == "GET" or not str(route.access).endswith(":read"), route.name
        assert route.idempotent is (route.method == "POST" and route.status == 201) or (
            # A ticket is gone before its repetition could be of use.
            route.name in {"POST /api/v1/agents/{agent_id}/runs", "POST /api/v1/tickets"}
            or route.tag == "Invocations"
        ), route.name


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer   "},
        {"Authorization": "Basic YW5hOmFuYQ=="},
        {"X-API-Key": " "},
        {"Cookie": "session=1"},
    ],
)
async def test_without_a_credential_nothing_private_answers(
    world: World, headers: dict[str, str]
) -> None:
    for route in world.routes:
        if route.access is Access.PUBLIC or route.access is Access.DEVICE:
            continue
        path = path_of(route)
        reply = await world.send(route.method, path, key=None, headers=headers)
        assert (reply.status, reply.json["code"]) == (401, "unauthenticated"), route.name
        assert reply.headers["WWW-Authenticate"] == "Bearer"


async def test_a_missing_credential_is_no_attempt(world: World) -> None:
    statuses = {(await world.send("GET", "/api/v1/runs", key=None)).status for _ in range(30)}

    assert statuses == {401}


async def test_a_key_in_the_url_is_no_credential(world: World) -> None:
    reply = await world.send("GET", f"/api/v1/runs?api_key={world.keys['ana']}", key=None)

    assert reply.status == 401


async def test_both_headers_take_a_key(world: World) -> None:
    secret = world.keys["ana"]
    for headers in (
        {"Authorization": f"Bearer {secret}"},
        {"Authorization": f"bearer  {secret} "},
        {"X-API-Key": secret},
        {"Authorization": f"Bearer {secret}", "X-API-Key": secret},
    ):
        reply = await world.send("GET", "/api/v1/runs", key=None, headers=headers)
        assert reply.status == 200, headers


async def test_two_credentials_are_none(world: World) -> None:
    reply = await world.send("GET", "/api/v1/runs", headers={"X-API-Key": world.keys["ben"]})

    assert reply.status == 401


async def test_keys_that_ended_are_refused(world: World) -> None:
    now = world.clock.now()
    await world.add_key("revoked", "ana", *Scope, revoked_at=now)
    await world.add_key("expired", "ana", *Scope, expires_at=now)

    for key in ("revoked", "expired", "noond_" + "A" * 43):
        assert (await world.send("GET", "/api/v1/runs", key=key)).status == 401, key


async def test_a_device_token_opens_no_route_of_the_api(world: World) -> None:
    token = await world.pair("laptop")

    assert (await world.send("GET", "/api/v1/devices", key=token)).status == 401


async def test_scopes_open_what_they_name_and_nothing_else(world: World) -> None:
    for scope in Scope:
        await world.add_key(scope.value, "ana", scope)

    for route in world.routes:
        if not isinstance(route.access, Scope):
            continue
        for scope in Scope:
            if scope is route.access:
                continue
            path = path_of(route)
            reply = await world.send(route.method, path, key=scope.value)
            assert (reply.status, reply.json["code"]) == (403, "forbidden"), (route.name, scope)


async def test_scopes_are_enough(world: World) -> None:
    for scope in Scope:
        await world.add_key(scope.value, "ana", scope)

    assert (await world.send("GET", "/api/v1/devices", key="devices:read")).status == 200
    assert (await world.send("POST", "/api/v1/runs/x/cancel", key="agents:execute")).status == 404
    assert (await world.send("DELETE", "/api/v1/devices/x", key="devices:write")).status == 404


async def test_at_most_ten_wrong_keys_a_minute_are_looked_at(world: World) -> None:
    replies = await asyncio.gather(
        *(world.send("GET", "/api/v1/runs", key="noond_" + "A" * 43) for _ in range(200))
    )

    statuses = [reply.status for reply in replies]
    assert (statuses.count(401), statuses.count(429)) == (10, 190)
    refused = next(reply for reply in replies if reply.status == 429)
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert refused.json["code"] == "rate_limited"
    world.clock.advance(timedelta(seconds=60))
    assert (await world.send("GET", "/api/v1/runs", key="wrong")).status == 401


async def test_a_valid_key_always_passes(world: World) -> None:
    for _ in range(20):
        await world.send("GET", "/api/v1/runs", key="wrong")

    assert (await world.send("GET", "/api/v1/runs")).status == 200


async def test_kinds_of_credentials_are_counted_apart(world: World) -> None:
    for _ in range(20):
        await world.send("GET", "/api/v1/runs", key="wrong")
    body = {"code": "ABCD-EFGH", "device_id": "d", "name": "n"}

    assert (await world.send("POST", "/api/v1/devices/pair", key=None, json=body)).status == 401


class TestRates:
    @pytest.fixture
    def limit_settings(self) -> LimitSettings:
        return LimitSettings(reads_per_minute=5, writes_per_minute=2)

    async def test_reads_and_writes_have_limits_of_their_own(self, world: World) -> None:
        reads = [(await world.send("GET", "/api/v1/runs")).status for _ in range(7)]
        writes = [(await world.send("POST", "/api/v1/runs/x/cancel")).status for _ in range(3)]

        assert reads == [200] * 5 + [429] * 2
        assert writes == [404] * 2 + [429]
        assert (await world.send("GET", "/api/v1/runs", key="ben")).status == 200
        assert (await world.send("GET", "/health/live", key=None)).status == 200

    async def test_the_allowance_is_told(self, world: World) -> None:
        for _ in range(2):
            reply = await world.send("GET", "/api/v1/runs")

        assert reply.headers["X-RateLimit-Limit"] == "5"
        assert reply.headers["X-RateLimit-Remaining"] == "3"
        assert reply.headers["X-RateLimit-Reset"] == "24"

    async def test_the_wait_is_long_enough(self, world: World) -> None:
        for _ in range(6):
            reply = await world.send("GET", "/api/v1/runs")
        assert reply.status == 429

        world.clock.advance(timedelta(seconds=int(reply.headers["Retry-After"])))
        assert (await world.send("GET", "/api/v1/runs")).status == 200
