"""The log of requests that concern agents: whose, which, and what is told of them."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from noond.accounts import request_log
from noond.config import LogSettings
from noond.models.request_log import RequestFilter

if TYPE_CHECKING:
    from tests.integration.api.conftest import World

LOGS = "/api/v1/request-logs"


@pytest.fixture(params=["agents"])
def log_settings(request: pytest.FixtureRequest) -> LogSettings:
    return LogSettings(requests=request.param)


async def logged(world: World, query: str = "", key: str = "ana") -> list[dict[str, Any]]:
    """The caller's log, once everything is written; newest first."""
    await world.request_log.flush()
    reply = await world.send("GET", f"{LOGS}?{query}", key=key)
    assert reply.status == 200, reply.text
    found: list[dict[str, Any]] = reply.json["items"]
    return found


async def test_requests_are_told_with_what_they_did(world: World) -> None:
    await world.pair("laptop")
    agent = await world.new_agent()
    path = f"/api/v1/agents/{agent['id']}"
    await world.send("GET", path, headers={"User-Agent": "app/1", "X-Request-ID": "r-1"})
    await world.send("GET", "/api/v1/agents")
    await world.send("GET", "/api/v1/runs?status=queued")
    await world.send("PATCH", path, json={"name": "Other"})
    await world.send("PATCH", path, json={"schedule_cron": "0 8 * * *"})
    run = (await world.send("POST", f"{path}/runs", json={"mode": "dry_run"})).json
    await world.send("GET", f"/api/v1/runs/{run['run_id']}/records")
    await world.send("POST", f"/api/v1/runs/{run['run_id']}/cancel")
    await world.send("DELETE", "/api/v1/agents/nothing")

    found = (await logged(world))[::-1]

    told = [(r["method"], r["agent_action"], r["agent_tool"], r["response_status"]) for r in found]
    assert told == [
        ("POST", "create", None, 201),
        ("GET", "read", None, 200),
        ("GET", "read", None, 200),
        ("GET", "search", None, 200),
        ("PATCH", "update", None, 200),
        ("PATCH", "schedule", None, 200),
        ("POST", "create", "run", 202),
        ("GET", "read", "records", 200),
        ("POST", "update", "cancel", 202),
        ("DELETE", "delete", None, 404),
    ]
    assert [r["agent_success"] for r in found] == [True] * 9 + [False]
    created, looked, started, refused = found[0], found[1], found[6], found[9]
    assert created["request_body"]["name"] == "Notes"
    assert created["response_body"]["id"] == agent["id"]
    assert (looked["endpoint"], looked["user_agent"], looked["request_id"]) == (
        path,
        "app/1",
        "r-1",
    )
    assert looked["request_headers"]["User-Agent"] == "app/1"
    assert looked["request_headers"]["Authorization"] == "[secret]"
    assert (looked["ip_address"], looked["response_time_ms"]) == ("127.0.0.1", 0)
    assert started["entities"] == {"run_id": run["run_id"], "mode": "dry_run"}
    assert refused["response_body"]["code"] == "not_found"


@pytest.mark.parametrize(
    ("log_settings", "paths"),
    [
        ("agents", ["/api/v1/runs"]),
        ("all", ["/api/v1/runs", "/api/v1/devices", "/api/v1/auth/me"]),
        ("off", []),
    ],
    indirect=["log_settings"],
)
async def test_the_setting_says_which(world: World, paths: list[str]) -> None:
    for path in ("/api/v1/auth/me", "/api/v1/devices", "/api/v1/runs", "/health/live"):
        await world.send("GET", path)
    await world.send("GET", "/api/v1/runs", key=None)

    assert [request["endpoint"] for request in await logged(world)] == paths


async def test_everybody_sees_their_own(world: World) -> None:
    await world.send("GET", "/api/v1/agents")
    await world.send("GET", "/api/v1/runs", key="ben")

    assert [r["endpoint"] for r in await logged(world)] == ["/api/v1/agents"]
    assert [r["endpoint"] for r in await logged(world, key="ben")] == ["/api/v1/runs"]


async def test_it_is_read_with_filters_and_in_pages(world: World) -> None:
    for path in ("/api/v1/agents", "/api/v1/agents/nothing", "/api/v1/runs?status=queued"):
        await world.send("GET", path)
        world.clock.advance(timedelta(hours=1))

    assert [r["response_status"] for r in await logged(world, "status=404")] == [404]
    assert len(await logged(world, "agent_action=search")) == 1
    assert len(await logged(world, "since=2026-11-20T09:00:00Z")) == 2
    assert len(await logged(world, "until=2026-11-20T09:00:00Z")) == 1
    first = (await world.send("GET", f"{LOGS}?limit=2")).json
    second = (await world.send("GET", f"{LOGS}?limit=2&cursor={first['next']}")).json
    assert [len(first["items"]), len(second["items"]), second["next"]] == [2, 1, None]


async def test_old_ones_are_deleted(world: World) -> None:
    await world.send("GET", "/api/v1/agents")
    await world.request_log.flush()
    world.clock.advance(timedelta(days=31))
    await world.send("GET", "/api/v1/runs")
    await world.request_log.flush()

    assert await world.request_log.purge(world.request_log.oldest_kept()) == 1
    left = await world.request_log.list("ana", RequestFilter(), limit=9)
    assert [request.endpoint for request in left] == ["/api/v1/runs"]


async def test_those_of_a_user_who_is_gone_are_left_out(world: World) -> None:
    await world.send("GET", "/api/v1/agents", key="ben")
    assert (await world.send("DELETE", "/api/v1/users/ben")).status == 204
    await world.send("GET", "/api/v1/agents")

    assert [r["endpoint"] for r in await logged(world)] == ["/api/v1/agents"]
    assert await world.request_log.list("ben", RequestFilter(), limit=9) == []


async def test_no_reply_waits_for_it_and_what_is_too_much_is_dropped(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_log, "_MOST_WAITING", 3)
    held, release = asyncio.Event(), asyncio.Event()
    store = world.request_log._store

    async def slow(builds: Any) -> None:
        held.set()
        await release.wait()
        await store(builds)

    monkeypatch.setattr(world.request_log, "_store", slow)
    await world.send("GET", "/api/v1/agents")
    await held.wait()
    for _ in range(5):
        assert (await world.send("GET", "/api/v1/runs")).status == 200
    with capture_logs() as told:
        release.set()
        assert len(await logged(world)) == 4
    assert [(entry["event"], entry["requests"]) for entry in told] == [("requests_not_logged", 2)]
