"""Whatever is acknowledged or refused stands in the audit log, once, without secrets."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from audit_rows import entries

from noond.accounts.tokens import new_token
from noond.api.routing import Access
from noond.config import LimitSettings
from noond.models.account import Role
from noond.models.audit import AuditEntry

if TYPE_CHECKING:
    from tests.integration.api.conftest import World

AUDIT = "/api/v1/audit"
PASSWORD = "correct horse battery"


def summary(row: AuditEntry) -> tuple[Any, ...]:
    return (row.actor_name, row.action, row.resource, row.status)


@pytest.fixture
def limit_settings() -> LimitSettings:
    return LimitSettings(writes_per_minute=100)


# --- every route ----------------------------------------------------------------------------------


async def test_every_route_that_writes_leaves_one_row(world: World) -> None:
    """Also those that are still to be written: this goes by the routes as they are declared."""
    audited = [route for route in world.routes if route.audited]
    assert {route.name for route in world.routes if route.method != "GET"} <= {
        route.name for route in audited
    }
    for route in audited:
        if route.access is Access.PUBLIC:
            continue
        path = re.sub(r"\{(\w+)\}", "some-id", route.path)
        seen = await entries(world.audit)
        reply = await world.send(route.method, path, json=None if route.method == "GET" else {})
        (row,) = (await entries(world.audit))[len(seen) :]
        assert row.status == reply.status, route.name
        assert (row.action, row.resource) == (route.audit_action, route.audit_resource)
        assert (row.actor_id, row.actor_kind, row.method, row.path) == (
            "ana",
            "api_key",
            route.method,
            path,
        )
        if "{" in route.path:
            assert row.resource_id == "some-id"
        assert row.request_id == reply.headers["X-Request-ID"]
        assert row.ip == "127.0.0.1"


async def test_routes_that_only_read_leave_none(world: World) -> None:
    await world.pair("laptop")
    seen = await entries(world.audit)
    for route in world.routes:
        if not route.audited and route.access is not Access.DEVICE:
            await world.send("GET", re.sub(r"\{\w+\}", "some-id", route.path))
    assert (await entries(world.audit))[len(seen) :] == []


@dataclass(frozen=True, slots=True)
class Deed:
    """A request, and what its row must say."""

    method: str
    path: str
    body: Any
    said: tuple[Any, ...]
    key: str | None = "ana"


async def test_what_was_done_is_told(world: World) -> None:
    await world.pair("laptop")
    code = await world.new_code()
    made: dict[str, str] = {}
    agent = {
        "name": "Notes",
        "device_id": "laptop",
        "directory_paths": ["~/Notes"],
        "file_extensions": ["md"],
        "data_types": ["tasks"],
    }
    schedule = {"schedule_cron": "0 8 * * *"}
    key = {"name": "k", "scopes": ["read"]}
    pairing = {"code": code, "device_id": "phone", "name": "Phone"}
    for deed in (
        Deed("POST", "users", {"name": "carl"}, ("ana", "CREATE", "user", 201)),
        Deed("PATCH", "users/{id}", {"role": "admin"}, ("ana", "UPDATE", "user", 200)),
        Deed("POST", "users/{id}/password", {"password": PASSWORD}, ("ana", "UPDATE", "user", 204)),
        Deed("DELETE", "users/{id}", None, ("ana", "DELETE", "user", 204)),
        Deed("POST", "api-keys", key, ("ana", "CREATE", "api_key", 201)),
        Deed("POST", "api-keys/{id}/rotate", None, ("ana", "UPDATE", "api_key", 201)),
        Deed("DELETE", "api-keys/{id}", None, ("ana", "DELETE", "api_key", 204)),
        Deed("POST", "agents", agent, ("ana", "CREATE", "agent", 201)),
        Deed("PATCH", "agents/{id}", schedule, ("ana", "UPDATE", "agent", 200)),
        Deed("POST", "agents/{id}/runs", None, ("ana", "EXECUTE", "agent", 202)),
        Deed("DELETE", "agents/{id}", None, ("ana", "DELETE", "agent", 409)),
        Deed("POST", "devices/pair", pairing, ("ana", "CREATE", "device", 201), None),
        Deed("POST", "devices/phone/token", None, ("ana", "UPDATE", "device", 201)),
        Deed("DELETE", "devices/phone", None, ("ana", "DELETE", "device", 204)),
    ):  # fmt: skip
        seen = await entries(world.audit)
        kind = deed.path.partition("/")[0]
        path = f"/api/v1/{deed.path}".replace("{id}", made.get(kind, ""))
        reply = await world.send(deed.method, path, key=deed.key, json=deed.body)
        if reply.status == 201 and "id" in reply.json:
            made[kind] = reply.json["id"]
        (row,) = (await entries(world.audit))[len(seen) :]
        assert summary(row) == deed.said, reply.text
        assert row.resource_id == ("phone" if kind == "devices" else made[kind]), deed.path

    told = {(row.action, row.path): row for row in await entries(world.audit)}
    promoted = told["UPDATE", f"/api/v1/users/{made['users']}"]
    assert json.loads(promoted.changes or "") == {"role": {"before": "user", "after": "admin"}}
    planned = told["UPDATE", f"/api/v1/agents/{made['agents']}"]
    assert json.loads(planned.changes or "") == {
        "schedule_cron": {"before": None, "after": "0 8 * * *"}
    }
    started = told["EXECUTE", f"/api/v1/agents/{made['agents']}/runs"]
    run_id = (await world.send("GET", "/api/v1/runs")).json["items"][0]["id"]
    assert json.loads(started.changes or "")["run_id"]["after"] == run_id
    granted = told["CREATE", "/api/v1/api-keys"]
    assert json.loads(granted.body or "") == {"name": "k", "scopes": ["read"]}
    paired = [row for row in told.values() if row.path == "/api/v1/devices/pair"]
    assert [row.actor_kind for row in paired] == ["pairing_code"]
    assert (await world.audit.verify()).ok


async def test_a_repeated_request_is_a_row_of_its_own(world: World) -> None:
    body, headers = {"name": "carl"}, {"Idempotency-Key": "once"}
    seen = await entries(world.audit)
    replies = [
        await world.send("POST", "/api/v1/users", json=body, headers=headers) for _ in range(2)
    ]
    told = (await entries(world.audit))[len(seen) :]
    assert [row.resource_id for row in told] == [replies[0].json["id"]] * 2


# --- refusals and limits -------------------------------------------------------------------------


async def test_refusals_are_told_of_also_on_routes_that_read(world: World) -> None:
    await world.add_user("vic", Role.VIEWER)
    seen = await entries(world.audit)
    await world.send("GET", "/api/v1/users", key="vic")
    await world.send("POST", "/api/v1/agents", key="vic", json={})

    assert [summary(row) for row in (await entries(world.audit))[len(seen) :]] == [
        ("vic", "READ", "user", 403),
        ("vic", "CREATE", "agent", 403),
    ]


async def test_a_callers_own_limit_fills_no_disk(world: World) -> None:
    seen = await entries(world.audit)
    for _ in range(110):
        reply = await world.send("DELETE", "/api/v1/agents/x")
    assert reply.status == 429
    assert len((await entries(world.audit))[len(seen) :]) == 100


async def test_what_can_not_be_audited_is_not_acknowledged(world: World) -> None:
    await world.database.write(
        lambda tx: tx.execute(
            "CREATE TRIGGER full BEFORE INSERT ON audit_log BEGIN SELECT raise(FAIL, 'no'); END"
        )
    )
    replies = [
        await world.send("POST", "/api/v1/users", json={"name": "carl"}),
        await world.send("GET", AUDIT),
        await world.send("GET", "/api/v1/agents", key=new_token("nd_live_").secret),
    ]
    assert {reply.status for reply in replies} == {500}
    assert {reply.json["code"] for reply in replies} == {"storage_refused"}
    assert (await world.send("GET", "/api/v1/agents")).status == 200


# --- reading it -----------------------------------------------------------------------------------


async def test_it_is_read_with_filters_and_in_pages(world: World) -> None:
    await world.pair("laptop", key="ben")
    await world.send("POST", "/api/v1/users", json={"name": "carl"}, headers={"X-Request-ID": "r1"})
    world.clock.advance(timedelta(hours=1))
    await world.send("DELETE", "/api/v1/devices/laptop", key="ben")

    async def found(query: str) -> list[tuple[str, str]]:
        reply = await world.send("GET", f"{AUDIT}?{query}")
        assert reply.status == 200, reply.text
        return [
            (row["action"], row["resource"])
            for row in reply.json["items"]
            if row["action"] != "READ"
        ]

    deleted, created = ("DELETE", "device"), ("CREATE", "user")
    assert await found("actor=ben") == [deleted, ("CREATE", "device"), ("CREATE", "pairing_code")]
    assert await found("action=DELETE") == [deleted]
    assert await found("resource=user") == [created]
    assert await found("resource_id=laptop") == [deleted, ("CREATE", "device")]
    assert await found("status=204&actor=ben") == [deleted]
    assert await found("request_id=r1") == [created]
    assert await found("ip=127.0.0.1&resource=user") == [created]
    assert await found("ip=127.0.0.2") == []
    assert await found("since=2026-11-20T08:30:00Z") == [deleted]
    assert await found("until=2026-11-20T09:30:00%2B01:00&action=DELETE") == []
    assert created in await found("until=2026-11-20T09:30:00%2B01:00")

    first = (await world.send("GET", f"{AUDIT}?limit=2&actor=ben")).json
    second = (await world.send("GET", f"{AUDIT}?limit=2&actor=ben&cursor={first['next']}")).json
    assert [len(page["items"]) for page in (first, second)] == [2, 1]
    assert second["next"] is None
    for bad in (
        "limit=1001",
        "action=X",
        "since=2026-11-20",
        "since=1700000000",
        "until=2026-11-20T09:30:00",
        "until=9999-12-31T23:59:59-23:00",
        "cursor=YQ",
        "status=9",
        "actor=a&b=c",
    ):
        assert (await world.send("GET", f"{AUDIT}?{bad}")).status == 400, bad


async def test_reading_it_is_told_of_and_needs_its_scope(world: World) -> None:
    assert (await world.send("GET", AUDIT, key="ben")).status == 403
    seen = await entries(world.audit)
    verified = (await world.send("GET", f"{AUDIT}/verification")).json

    assert verified["ok"] is True
    assert verified["rows"] == len(seen)
    assert [summary(row) for row in (await entries(world.audit))[len(seen) :]] == [
        ("ana", "READ", "audit", 200)
    ]
    await world.database.write(lambda tx: tx.execute("DELETE FROM audit_log WHERE seq = 1"))
    broken = (await world.send("GET", f"{AUDIT}/verification")).json
    assert (broken["ok"], broken["problems"]) == (False, ["row 1 is missing before row 2"])
