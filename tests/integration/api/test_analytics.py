"""What requests did, counted for each user alone."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from noond.clock import new_id
from noond.models.request_log import AgentAction, LoggedRequest
from noond.store import request_logs

if TYPE_CHECKING:
    from tests.integration.api.conftest import World


def request(world: World, user: str = "ana", **changes: Any) -> LoggedRequest:
    entities = changes.pop("entities", None)
    values: dict[str, Any] = {
        "id": new_id(),
        "user_id": user,
        "endpoint": "/agent/chat",
        "method": "POST",
        "request_body": None,
        "request_headers": "{}",
        "response_body": None,
        "response_status": 200,
        "response_time_ms": 100,
        "agent_action": AgentAction.SCHEDULE,
        "agent_tool": None,
        "agent_success": True,
        "intent_category": None,
        "entities": None if entities is None else json.dumps(entities),
        "user_pattern": None,
        "agent_summary": None,
        "ip_address": "127.0.0.1",
        "user_agent": "",
        "request_id": "r",
        "created_at": world.clock.now(),
        **changes,
    }
    return LoggedRequest(**values)


async def enter(world: World, *requests: LoggedRequest) -> None:
    await world.database.write(lambda tx: request_logs.insert_many_all_users(tx, requests))


async def report(world: World, query: str = "", key: str = "ana") -> Any:
    reply = await world.send("GET", f"/api/v1/analytics{query}", key=key)
    assert reply.status == 200, reply.text
    return reply.json


async def test_requests_are_counted_by_action_and_intent(world: World) -> None:
    meet, rent = {"intent_category": "meet"}, {"intent_category": "rent"}
    await enter(
        world,
        request(world, entities={"people": ["Ben", "Cy"], "location": "Café"}, **meet),
        request(world, entities={"people": ["Ben", "Ben"], "time": "15:00"}, **meet),
        request(world, entities={"run_id": "r1", "people": {"odd": 1}}, agent_success=False),
        request(world, response_time_ms=300, entities={"people": [], "floor": 3}, **rent),
        request(world, agent_action=AgentAction.READ, response_time_ms=10),
    )

    told = await report(world)

    assert (told["since"], told["until"]) == (
        "2026-10-21T08:00:00.001Z", "2026-11-20T08:00:00.001Z",
    )  # fmt: skip
    people = [
        {"name": "people", "value": "Ben", "count": 2},
        {"name": "location", "value": "Café", "count": 1},
        {"name": "people", "value": "Cy", "count": 1},
        {"name": "time", "value": "15:00", "count": 1},
    ]
    assert told["actions"] == [
        {
            "action": "schedule",
            "count": 4,
            "average_ms": 150.0,
            "success_rate": 0.75,
            "entities": people,
        },
        {"action": "read", "count": 1, "average_ms": 10.0, "success_rate": 1.0, "entities": []},
    ]
    assert told["intents"] == [
        {"intent": "meet", "count": 2, "entities": people},
        {
            "intent": "rent",
            "count": 1,
            "entities": [{"name": "floor", "value": "3", "count": 1}],
        },
    ]


async def test_everybody_sees_their_own_requests_alone(world: World) -> None:
    await enter(world, request(world, entities={"people": "Ben"}, intent_category="meet"))
    await enter(world, request(world, "ben", entities={"people": "Ana"}, intent_category="meet"))
    for key, other in (("ana", "Ben"), ("ben", "Ana")):
        told = await report(world, key=key)
        named = [{"name": "people", "value": other, "count": 1}]
        assert [(each["count"], each["entities"]) for each in told["actions"]] == [(1, named)]
        assert [(each["count"], each["entities"]) for each in told["intents"]] == [(1, named)]


async def test_the_span_begins_with_since_and_ends_before_until(world: World) -> None:
    begin = world.clock.now()
    for minutes in (0, 1, 2):
        at = begin + timedelta(minutes=minutes)
        await enter(world, request(world, created_at=at, entities={"people": f"P{minutes}"}))
    world.clock.advance(timedelta(hours=1))
    told = await report(world, "?since=2026-11-20T08:00:00Z&until=2026-11-20T08:02:00Z")
    (action,) = told["actions"]
    assert action["count"] == 2
    assert {each["value"] for each in action["entities"]} == {"P0", "P1"}
    for wrong in (
        "since=2026-11-20T08:00:00Z&until=2026-11-20T08:00:00Z",
        "since=9998-01-01T00:00:00Z",
        "until=0001-01-01T00:00:00Z",
    ):
        assert (await world.send("GET", f"/api/v1/analytics?{wrong}")).status == 400
    long_ago = await report(world, "?since=0001-01-01T00:00:00Z&until=9999-12-31T23:59:59Z")
    assert long_ago["actions"][0]["count"] == 3


async def test_of_many_values_the_most_frequent_are_told(world: World) -> None:
    requests = [
        request(world, entities={"people": [f"P{n:02}" for n in range(count)]})
        for count in range(1, 26)
    ]
    await enter(world, *requests)
    (action,) = (await report(world))["actions"]
    assert [each["value"] for each in action["entities"]] == [f"P{n:02}" for n in range(20)]
