"""Messages that the clock sends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from scripted_model import says

from noond.config import LimitSettings
from noond.models.account import Role
from noond.store import users

if TYPE_CHECKING:
    from scripted_model import ScriptedModel

    from tests.integration.api.chat.conftest import Chat
    from tests.integration.api.conftest import World

HOURLY = {"name": "Hourly", "cron": "0 * * * *", "timezone": "UTC", "message": "How did it go?"}


async def make(chat: Chat, *, key: str = "ana", **changes: Any) -> dict[str, Any]:
    made = await chat.post("/schedules", {**HOURLY, **changes}, key=key)
    assert made.status == 201, made.text
    schedule: dict[str, Any] = made.json
    return schedule


async def fires(chat: Chat, schedule: dict[str, Any], *, key: str = "ana") -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await chat.get(f"/schedules/{schedule['id']}/fires", key=key))[
        "items"
    ]
    return items


async def move(world: World, **by: float) -> None:
    """The clock moves, and the engine looks; returns when it has."""
    world.clock.advance(timedelta(**by))
    world.engine.wake()
    await world.engine.set_concurrency("nothing", None)


async def test_each_fire_is_a_task(chat: Chat, world: World, model: ScriptedModel) -> None:
    schedule = await make(chat, metadata={"a": 1})
    assert schedule["next_fires"][:2] == ["2026-11-20T09:00:00.000Z", "2026-11-20T10:00:00.000Z"]
    await move(world, hours=1)
    (fire,) = await fires(chat, schedule)
    assert fire["fire_at"] == "2026-11-20T09:00:00.000Z"
    task = await chat.until(fire["task_id"])
    assert (task["message"], task["state"]) == ("How did it go?", "SUCCESS")
    assert task["result"]["metadata"]["request"] == {"a": 1}
    assert len(model.asked) == 1


async def test_of_missed_fires_as_many_are_made_up_for_as_it_says(chat: Chat, world: World) -> None:
    every = await make(chat, missed="all", most=3)
    latest = await make(chat, name="Latest", missed="latest")
    none = await make(chat, name="None", missed="skip")
    await move(world, hours=5, minutes=30)
    assert [each["fire_at"][11:13] for each in await fires(chat, every)] == ["13", "12", "11"]
    (one,) = await fires(chat, latest)
    assert (one["fire_at"][11:13], one["task_id"] is not None) == ("13", True)
    assert [each["task_id"] for each in await fires(chat, none)] == [None]


async def test_a_zone_has_one_fire_a_day_across_its_clock_changes(chat: Chat, world: World) -> None:
    world.clock.advance(datetime(2027, 3, 27, 12, tzinfo=UTC) - world.clock.now())
    schedule = await make(chat, cron="30 2 * * *", timezone="Europe/Berlin")
    assert schedule["next_fires"][:3] == [
        "2027-03-28T01:00:00.000Z",  # 02:30 is left out that night: 03:00
        "2027-03-29T00:30:00.000Z",
        "2027-03-30T00:30:00.000Z",
    ]


async def test_a_schedule_is_changed_paused_and_deleted(chat: Chat, world: World) -> None:
    schedule = await make(chat)
    path = f"/api/v1/schedules/{schedule['id']}"
    changed = await world.send("PATCH", path, json={"cron": "30 * * * *", "message": "Well?"})
    assert changed.json["next_fires"][0] == "2026-11-20T08:30:00.000Z"
    paused = await world.send("PATCH", path, json={"enabled": False})
    assert (paused.json["next_fires"], paused.json["message"]) == ([], "Well?")
    await move(world, hours=2)
    await world.send("PATCH", path, json={"enabled": True, "timezone": None})
    await move(world, minutes=1)
    assert await fires(chat, schedule) == [], "what passed while it was paused is not made up for"
    shown = await chat.get(f"/schedules/{schedule['id']}")
    assert shown["timezone"] == "Europe/Berlin"
    assert (await world.send("DELETE", path)).status == 204
    assert (await world.send("GET", path)).status == 404
    assert (await chat.get("/schedules"))["items"] == []


async def test_a_schedule_whose_conversation_is_gone_can_be_paused(
    chat: Chat, world: World
) -> None:
    session = (await chat.post("/conversations", {})).json["id"]
    schedule = await make(chat, session_id=session)
    path = f"/api/v1/schedules/{schedule['id']}"
    assert (await world.send("DELETE", f"/api/v1/conversations/{session}")).status == 204
    await move(world, hours=1)
    (fire,) = await fires(chat, schedule)
    assert (await chat.until(fire["task_id"]))["error"]["code"] == "not_found"
    paused = await world.send("PATCH", path, json={"enabled": False})
    assert (paused.status, paused.json["enabled"]) == (200, False)
    assert (await world.send("PATCH", path, json={"message": "x"})).status == 404


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"cron": "61 * * * *"}, 400),
        ({"timezone": "Mars/Base"}, 400),
        ({"name": "daemon:x"}, 400),
        ({"most": 101}, 400),
        ({"message": " "}, 400),
        ({"agent_id": "nobody"}, 404),
        ({"session_id": "nothing"}, 404),
        ({}, 409),
    ],
)
async def test_what_can_not_be_is_refused(chat: Chat, changes: dict[str, Any], status: int) -> None:
    await make(chat)
    assert (await chat.post("/schedules", {**HOURLY, **changes})).status == status


async def test_the_daemons_own_schedules_are_none_of_these(chat: Chat, world: World) -> None:
    await world.jobs.keep_schedules()
    own = await world.database.read(
        lambda c: [row[0] for row in c.execute("SELECT id FROM job_schedules")]
    )
    assert own
    assert (await chat.get("/schedules"))["items"] == []
    for method in ("GET", "PATCH", "DELETE"):
        body = {"enabled": False} if method == "PATCH" else None
        reply = await world.send(method, f"/api/v1/schedules/{own[0]}", json=body)
        assert reply.status == 404


async def test_it_may_do_what_its_maker_may(chat: Chat, world: World, model: ScriptedModel) -> None:
    await world.add_key("narrow", "ben", "agents:execute", "agents:read")
    await make(chat, key="narrow")
    await move(world, hours=1)
    await model.arrival()
    names = {tool["function"]["name"] for tool in model.asked[0]["tools"]}
    assert "start_run" in names
    assert not {"list_devices", "get_usage"} & names
    await world.database.write(
        lambda tx: users.update(tx, "ben", name="ben", role=Role.VIEWER, timezone="UTC")
    )
    await move(world, hours=1)
    await model.arrival()
    names = {tool["function"]["name"] for tool in model.asked[1]["tools"]}
    assert "start_run" not in names


@pytest.mark.parametrize("limit_settings", [LimitSettings(invocations_per_day=1)])
async def test_its_tasks_count_in_the_quota(chat: Chat, world: World, model: Any) -> None:
    model.plays(says("ok"))
    schedule = await make(chat)
    await move(world, hours=1)
    (first,) = await fires(chat, schedule)
    assert (await chat.until(first["task_id"]))["state"] == "SUCCESS"
    assert (await chat.post("/agents/invoke", {"message": "Hi"})).status == 429
    await move(world, hours=1)
    second, _ = await fires(chat, schedule)
    refused = await chat.until(second["task_id"])
    assert (refused["state"], refused["error"]["code"]) == ("FAILURE", "quota_reached")
    assert (refused["attempt"], len(model.asked)) == (1, 1)
