"""Host, Origin, errors and headers: the same on every route."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from noond.api.routing import Route
from noond.config import ServerSettings
from noond.store import users

if TYPE_CHECKING:
    from tests.integration.api.conftest import World

FOREIGN_ORIGINS = [
    "null",
    "https://evil.example",
    "http://localhost:3000",
    "http://127.0.0.1",
    "file://",
]
FOREIGN_HOSTS = ["evil.example", "localhost.evil.example", "127.0.0.1:1", "localhost."]


def path_of(route: Route) -> str:
    """A path that the route answers to."""
    return re.sub(r"\{\w+\}", "x", route.path)


def upgrade(route: Route) -> dict[str, str]:
    """What a WebSocket route needs to be taken for one."""
    if route.status != 101:
        return {}
    return {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Protocol": "noond.v1, noond.events.v1",
    }


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
async def test_a_foreign_host_is_misdirected_on_every_route(world: World, host: str) -> None:
    for route in world.routes:
        reply = await world.send(
            route.method, path_of(route), headers={"Host": host, **upgrade(route)}
        )
        assert (reply.status, reply.json["code"]) == (421, "foreign_host"), route.name


@pytest.mark.parametrize("origin", FOREIGN_ORIGINS)
async def test_a_foreign_origin_is_refused_on_every_route(world: World, origin: str) -> None:
    for route in world.routes:
        reply = await world.send(
            route.method, path_of(route), headers={"Origin": origin, **upgrade(route)}
        )
        assert (reply.status, reply.json["code"]) == (403, "foreign_origin"), route.name
        assert "Access-Control-Allow-Origin" not in reply.headers


async def test_a_foreign_page_changes_nothing(world: World) -> None:
    reply = await world.send(
        "POST",
        "/api/v1/devices/pairings",
        data=b"{}",
        headers={"Origin": "https://evil.example"},
    )
    codes = await world.database.read(
        lambda c: c.execute("SELECT count(*) FROM pairing_codes").fetchone()[0]
    )

    assert reply.status == 403
    assert codes == 0


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "LocalHost"])
async def test_own_hosts_with_and_without_the_port(world: World, host: str) -> None:
    for form in (host, f"{host}:{world.port}"):
        reply = await world.send("GET", "/health/live", headers={"Host": form})
        assert reply.status == 200, form


async def test_own_origins_pass(world: World) -> None:
    for name in ("localhost", "127.0.0.1", "[::1]"):
        reply = await world.send(
            "GET", "/api/v1/agents", headers={"Origin": f"http://{name}:{world.port}"}
        )
        assert reply.status == 200, name


@pytest.mark.parametrize(
    "head",
    [
        b"GET /health/live HTTP/1.0",
        b"GET http://evil.example/health/live HTTP/1.1\r\nHost: localhost",
        b"GET http://localhost@evil.example/health/live HTTP/1.1\r\nHost: localhost",
        b"GET /health/live HTTP/1.1\r\nHost: localhost, evil.example",
        b"GET /health/live HTTP/1.1\r\nHost:",
    ],
)
async def test_no_clear_host_is_misdirected(world: World, head: bytes) -> None:
    reply = await world.raw(head + b"\r\n\r\n")

    assert (reply.status, reply.json["code"]) == (421, "foreign_host")


async def test_two_host_headers_are_refused(world: World) -> None:
    head = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n"

    assert (await world.raw(head)).status == 400


async def test_the_whole_address_may_stand_in_the_request(world: World) -> None:
    head = b"GET http://localhost/health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"

    assert (await world.raw(head)).status == 200


async def test_an_unknown_path_is_a_problem(world: World) -> None:
    reply = await world.send("GET", "/nowhere", key=None)

    assert reply.headers["Content-Type"].startswith("application/problem+json")
    assert reply.json == {
        "type": "urn:noond:problem:not_found",
        "title": "Not Found",
        "status": 404,
        "detail": "there is nothing at this address",
        "code": "not_found",
        "errors": [],
        "request_id": reply.headers["X-Request-ID"],
    }


async def test_an_unknown_method_is_a_problem_that_names_the_others(world: World) -> None:
    reply = await world.send("PUT", "/api/v1/agents")

    assert (reply.status, reply.json["code"]) == (405, "method_not_allowed")
    assert set(reply.headers["Allow"].split(",")) == {"GET", "POST"}


async def test_an_unforeseen_error_says_nothing_of_itself(world: World) -> None:
    await world.pair("laptop")
    await world.database.write(lambda tx: tx.execute("DROP TABLE agents"))

    reply = await world.send("GET", "/api/v1/agents")

    assert (reply.status, reply.json["code"]) == (500, "storage_error")
    assert "no such table" not in reply.text
    assert reply.json["request_id"] == reply.headers["X-Request-ID"]


async def test_every_reply_carries_the_security_headers(world: World) -> None:
    for path, status in (("/health/live", 200), ("/nowhere", 404), ("/api/v1/runs", 200)):
        reply = await world.send("GET", path)
        assert reply.status == status
        assert reply.headers["Cache-Control"] == "no-store"
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        assert reply.headers["X-Frame-Options"] == "DENY"
        assert "default-src 'none'" in reply.headers["Content-Security-Policy"]
        assert reply.headers["Server"] == "noond"
        assert "Access-Control-Allow-Origin" not in reply.headers


async def test_a_request_id_that_is_one_is_kept(world: World) -> None:
    kept = await world.send("GET", "/health/live", headers={"X-Request-ID": "abc-1.2_3"})
    replaced = await world.send("GET", "/health/live", headers={"X-Request-ID": "a b<script>"})

    assert kept.headers["X-Request-ID"] == "abc-1.2_3"
    assert "script" not in replaced.headers["X-Request-ID"]


class TestListedOrigin:
    ORIGIN = "https://app.example.org"

    @pytest.fixture
    def server_settings(self) -> ServerSettings:
        return ServerSettings(allowed_origins=(self.ORIGIN,))

    async def test_it_may_read_replies(self, world: World) -> None:
        reply = await world.send("GET", "/api/v1/agents", headers={"Origin": self.ORIGIN})

        assert reply.status == 200
        assert reply.headers["Access-Control-Allow-Origin"] == self.ORIGIN
        assert reply.headers["Vary"] == "Origin"
        assert "Access-Control-Allow-Credentials" not in reply.headers

    async def test_its_preflight_is_answered_without_a_credential(self, world: World) -> None:
        reply = await world.send(
            "OPTIONS",
            "/api/v1/agents",
            key=None,
            headers={"Origin": self.ORIGIN, "Access-Control-Request-Method": "POST"},
        )

        assert reply.status == 204
        assert "Authorization" in reply.headers["Access-Control-Allow-Headers"]

    async def test_others_get_no_preflight(self, world: World) -> None:
        reply = await world.send(
            "OPTIONS",
            "/api/v1/agents",
            key=None,
            headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"},
        )

        assert reply.status == 403
        assert "Access-Control-Allow-Methods" not in reply.headers


class TestBehindAProxy:
    @pytest.fixture
    def server_settings(self) -> ServerSettings:
        return ServerSettings(allowed_hosts=("noond.example.org",), trusted_proxies=("127.0.0.1",))

    async def test_addresses_follow_the_proxy(self, world: World) -> None:
        code = await world.new_code()
        reply = await world.send(
            "POST",
            "/api/v1/devices/pair",
            key=None,
            json={"code": code, "device_id": "laptop", "name": "L"},
            headers={
                "Host": "noond.example.org",
                "Origin": "https://noond.example.org",
                "X-Forwarded-Proto": "https",
                "X-Forwarded-For": "203.0.113.9",
            },
        )

        assert reply.status == 201
        assert reply.json["ws_url"] == "wss://noond.example.org/ws/device"
        assert reply.headers["Strict-Transport-Security"]

    async def test_failures_are_the_clients_not_the_proxys(self, world: World) -> None:
        for _ in range(11):
            last = await world.send(
                "GET",
                "/api/v1/agents",
                key="wrong",
                headers={"X-Forwarded-For": "203.0.113.9"},
            )
        other = await world.send(
            "GET", "/api/v1/agents", key="wrong", headers={"X-Forwarded-For": "203.0.113.10"}
        )

        assert last.status == 429
        assert other.status == 401


async def test_forwarded_headers_of_anybody_mean_nothing(world: World) -> None:
    statuses = []
    for number in range(11):
        reply = await world.send(
            "GET",
            "/api/v1/agents",
            key="wrong",
            headers={"X-Forwarded-For": f"203.0.113.{number}"},
        )
        statuses.append(reply.status)

    assert statuses == [401] * 10 + [429]
    assert (await world.database.read(lambda c: users.get(c, "ana"))).name == "ana"
