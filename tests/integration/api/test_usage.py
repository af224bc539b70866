"""What models cost: added up for each user alone, by the days of their zone; and the limits."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from noond.clock import new_id
from noond.config import LLMSettings
from noond.models.account import Role, Scope
from noond.models.document import LLMCall
from noond.store import observability

if TYPE_CHECKING:
    from tests.integration.api.conftest import World

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
CALL = LLMCall(
    id="",
    model="small",
    prompt_tokens=1000,
    completion_tokens=100,
    cost_usd=0.5,
    execution_ms=100,
    success=True,
    error=None,
    started_at=NOW,
)


@pytest.fixture
def llm_settings() -> LLMSettings:
    return LLMSettings(usd_per_day=2.0, usd_per_agent=1.5, usd_per_run=9.0, usd_all_users=10.0)


async def enter(
    world: World, user: str, *calls: LLMCall, agent: str = "a1", run: str = "r1"
) -> None:
    made = [replace(call, id=new_id()) for call in calls]
    await world.database.write(
        lambda tx: observability.insert_calls_of(
            tx, user, agent_id=agent, run_id=run, file="notes/a.md", calls=made
        )
    )


def at(text: str) -> LLMCall:
    return replace(CALL, started_at=datetime.fromisoformat(text))


async def usage(world: World, query: str = "", *, key: str = "ana") -> Any:
    reply = await world.send("GET", f"/api/v1/usage{query}", key=key)
    assert reply.status == 200, reply.text
    return reply.json


async def test_calls_are_added_up(world: World) -> None:
    slow = [replace(CALL, execution_ms=100 + n) for n in range(100)]
    failed = replace(CALL, success=False, completion_tokens=0, cost_usd=None, execution_ms=30_000)
    await enter(world, "ana", *slow[::-1])
    await enter(world, "ana", failed)
    told = await usage(world)
    figures = {
        "calls": 101,
        "failed": 1,
        "prompt_tokens": 101_000,
        "completion_tokens": 10_000,
        "cost_usd": 50.0,
        "unpriced_calls": 1,
        "average_ms": pytest.approx((sum(range(100, 200)) + 30_000) / 101),
        "p95_ms": 195,  # the 96th of 101: 95 % took no longer
    }
    assert told == {
        "group": "day",
        "since": "2026-10-21T22:00:00.000Z",
        "until": "2026-11-20T08:00:00.001Z",
        "timezone": "Europe/Berlin",
        "total": figures,
        "items": [{"key": "2026-11-20", "name": None, **figures}],
        "more": False,
    }


async def test_who_made_no_call_has_no_figures(world: World) -> None:
    told = await usage(world)
    assert told["items"] == []
    assert (told["total"]["calls"], told["total"]["cost_usd"]) == (0, 0.0)
    assert (told["total"]["average_ms"], told["total"]["p95_ms"]) == (None, None)


async def test_everybody_sees_their_own_calls_alone(world: World) -> None:
    await enter(world, "ana", CALL)
    await enter(world, "ben", CALL, CALL, agent="b1", run="r2")
    for group in ("day", "model", "agent", "run"):
        mine = await usage(world, f"?group={group}")
        theirs = await usage(world, f"?group={group}", key="ben")
        assert [mine["total"]["calls"], theirs["total"]["calls"]] == [1, 2]
        assert [each["calls"] for each in mine["items"] + theirs["items"]] == [1, 2]


@pytest.mark.parametrize(
    ("day", "first", "last"),
    [
        # 25 hours long, 23 hours long, and an ordinary one, in Berlin.
        ("2026-10-25", "2026-10-24T22:00:00.000Z", "2026-10-25T22:59:59.999Z"),
        ("2026-03-29", "2026-03-28T23:00:00.000Z", "2026-03-29T21:59:59.999Z"),
        ("2026-11-19", "2026-11-18T23:00:00.000Z", "2026-11-19T22:59:59.999Z"),
    ],
)
async def test_days_are_those_of_the_users_zone(
    world: World, day: str, first: str, last: str
) -> None:
    begin, end = at(first).started_at, at(last).started_at
    millisecond = timedelta(milliseconds=1)
    await enter(world, "ana", at(first), at(last))
    await enter(world, "ana", replace(CALL, started_at=begin - millisecond))
    await enter(world, "ana", replace(CALL, started_at=end + millisecond))
    told = await usage(world, "?since=2026-03-01T00:00:00Z")
    calls = {each["key"]: each["calls"] for each in told["items"]}
    assert list(calls.values()) == [1, 2, 1]
    assert list(calls)[1] == day
    assert list(calls) == sorted(calls, reverse=True)

    cut = await usage(world, f"?since={first}&until={last}")
    assert [(each["key"], each["calls"]) for each in cut["items"]] == [(day, 1)]


async def test_models_agents_and_runs_are_told_apart(world: World) -> None:
    await world.pair("laptop")
    agent = await world.new_agent()
    await enter(world, "ana", CALL, agent=agent["id"], run="r1")
    await enter(world, "ana", replace(CALL, model="large", cost_usd=3.0), run="r2", agent="gone")
    by_model = await usage(world, "?group=model")
    assert [(each["key"], each["cost_usd"]) for each in by_model["items"]] == [
        ("large", 3.0), ("small", 0.5),
    ]  # fmt: skip
    by_agent = await usage(world, "?group=agent")
    assert [(each["key"], each["name"]) for each in by_agent["items"]] == [
        ("gone", None), (agent["id"], "Notes"),
    ]  # fmt: skip
    by_run = await usage(world, "?group=run&limit=1")
    assert [(each["key"], each["name"]) for each in by_run["items"]] == [("r2", None)]
    assert by_run["more"] is True
    assert by_run["total"]["calls"] == 2


async def test_jobs_are_those_of_tasks_and_runs(world: World) -> None:
    task = replace(CALL, id=new_id(), cost_usd=0.25)
    await enter(world, "ana", CALL, run="r1")  # its job is not known any more
    await world.database.write(
        lambda tx: observability.insert_dialogue_calls(
            tx, "ana", agent_id="assistant", run_id="t1", action="invoke", calls=[task]
        )
    )
    by_job = await usage(world, "?group=job")
    assert [(each["key"], each["cost_usd"]) for each in by_job["items"]] == [
        ("t1", 0.25), ("r1", 0.5),
    ]  # fmt: skip
    assert (await usage(world, "?group=job", key="ben"))["items"] == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("?group=user", "group"),
        ("?since=2026-11-21T00:00:00Z", "until"),
        ("?since=2025-01-01T00:00:00Z", "since"),
        ("?since=0001-01-01T00:00:00Z", "since"),
        ("?until=0001-01-01T00:00:00Z", "until"),
        ("?until=9999-12-31T23:59:59Z&since=9999-12-31T00:00:00Z", "until"),
        ("?user=ben", "user"),
    ],
)
async def test_what_cannot_be_told_is_refused(world: World, query: str, field: str) -> None:
    reply = await world.send("GET", f"/api/v1/usage{query}")
    assert reply.status == 400, reply.text
    assert [error["field"] for error in reply.json["errors"]] == [field]


async def test_limits_tell_what_is_used_and_when_they_renew(world: World) -> None:
    await enter(world, "ana", CALL, agent="a1")
    await enter(world, "ana", replace(CALL, started_at=NOW - timedelta(days=1)), agent="a2")
    await enter(world, "ben", CALL, CALL, agent="b1", run="r2")
    shown = await world.send("GET", "/api/v1/usage/limits", key="ben")
    common = {"run_id": None, "reserved_usd": 0.0, "reset_at": "2026-11-20T23:00:00.000Z"}
    assert shown.json["items"] == [
        {
            "setting": "llm.usd_per_day",
            "agent_id": None,
            "limit_usd": 2.0,
            "used_usd": 1.0,
            "timezone": "Europe/Berlin",
            **common,
        },
        {
            "setting": "llm.usd_per_agent",
            "agent_id": "b1",
            "limit_usd": 1.5,
            "used_usd": 1.0,
            "timezone": "Europe/Berlin",
            **common,
        },
        {
            "setting": "llm.usd_all_users",
            "agent_id": None,
            "run_id": None,
            "limit_usd": 10.0,
            "used_usd": None,
            "reserved_usd": None,
            "reset_at": "2026-11-21T00:00:00.000Z",
            "timezone": "UTC",
        },
    ]
    owner = (await world.send("GET", "/api/v1/usage/limits")).json["items"]
    assert [(each["agent_id"], each["used_usd"]) for each in owner] == [
        (None, 0.5), ("a1", 0.5), (None, 1.5),
    ]  # fmt: skip


async def test_a_run_that_goes_on_has_a_limit_of_its_own(world: World) -> None:
    await world.pair("laptop")
    agent = await world.new_agent()
    started = await world.send("POST", f"/api/v1/agents/{agent['id']}/runs")
    run_id = started.json["run_id"]
    await enter(world, "ana", CALL, agent=agent["id"], run=run_id)
    shown = (await world.send("GET", "/api/v1/usage/limits")).json["items"]
    (of_run,) = [each for each in shown if each["setting"] == "llm.usd_per_run"]
    assert (of_run["run_id"], of_run["used_usd"], of_run["limit_usd"]) == (run_id, 0.5, 9.0)


async def test_viewers_may_look_and_keys_without_the_scope_may_not(world: World) -> None:
    await world.add_user("vera", Role.VIEWER)
    await world.add_key("reader", "vera", "read")
    await world.add_key("other", "ana", Scope.AGENTS_READ)
    for path in ("/api/v1/usage", "/api/v1/usage/limits"):
        assert (await world.send("GET", path, key="reader")).status == 200
        refused = await world.send("GET", path, key="other")
        assert (refused.status, refused.json["code"]) == (403, "forbidden")
        assert "usage:read" in refused.json["detail"]
        assert (await world.send("GET", path, key=None)).status == 401
