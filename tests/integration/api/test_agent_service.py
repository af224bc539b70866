"""Sessions with agents, interactions, activities, quotas: over HTTP and as events."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from event_client import event_client

from noond.accounts.activities import Activities
from noond.accounts.agent_sessions import AgentSessions
from noond.accounts.interactions import Interactions
from noond.accounts.quotas import Quotas
from noond.clock import new_id
from noond.config import LimitSettings
from noond.models.agent_session import AgentType
from noond.models.interaction import Interaction
from noond.store import interactions
from noond.store.rows import Transaction

if TYPE_CHECKING:
    from tests.integration.api.conftest import World

SESSIONS = "/api/v1/agent-sessions"


async def open_session(world: World, key: str = "ana", **body: Any) -> dict[str, Any]:
    made = await world.send(
        "POST", SESSIONS, key=key, json={"agent_type": "github", "repository": "o/r", **body}
    )
    assert made.status == 201, made.text
    session: dict[str, Any] = made.json
    return session


async def told(world: World, path: str, key: str = "ana") -> Any:
    reply = await world.send("GET", f"/api/v1/{path}", key=key)
    assert reply.status == 200, reply.text
    return reply.json


def service(world: World) -> tuple[AgentSessions, Interactions]:
    log = Activities(world.database, world.bus, clock=world.clock, keep_days=90)
    sessions = AgentSessions(world.database, log, clock=world.clock, idle_hours=24)
    return sessions, Interactions(world.database, log, clock=world.clock)


async def say(world: World, session: str, user: str = "ana", *, times: int = 1) -> None:
    _, kept = service(world)

    def store(tx: Transaction) -> None:
        for number in range(times):
            kept.insert(tx, user, session, message=f"m{number}", response="r", success=True)

    await world.database.write(store)


@pytest.fixture
def limit_settings() -> LimitSettings:
    return LimitSettings(invocations_per_day=5)


# --- sessions -----------------------------------------------------------------------------------


async def test_a_session_from_its_beginning_to_its_end(world: World) -> None:
    session = await open_session(world, project=None)
    assert session == {
        "id": session["id"],
        "agent_type": "github",
        "project": None,
        "repository": "o/r",
        "created_at": "2026-11-20T08:00:00.000Z",
        "last_activity": "2026-11-20T08:00:00.000Z",
        "is_active": True,
        "ended_at": None,
    }
    world.clock.advance(timedelta(minutes=1))
    path = f"{SESSIONS}/{session['id']}"
    changed = await world.send("PATCH", path, json={"project": "garden"})
    assert changed.json == {
        **session, "project": "garden", "last_activity": "2026-11-20T08:01:00.000Z",
    }  # fmt: skip
    ended = await world.send("POST", f"{path}/end")
    assert (ended.status, ended.json["is_active"]) == (200, False)
    assert await told(world, f"agent-sessions/{session['id']}") == ended.json
    assert (await world.send("PATCH", path, json={"project": "p"})).status == 409
    assert (await world.send("POST", f"{path}/end")).json == ended.json
    types = [each["activity_type"] for each in (await told(world, "activities"))["items"]]
    assert types == ["SessionEnded", "SessionCreated"]


@pytest.mark.parametrize(
    "body",
    [{"agent_type": "fax"}, {}, {"agent_type": "github", "repository": "no-owner"}],
)
async def test_a_session_that_makes_no_sense_is_refused(world: World, body: Any) -> None:
    assert (await world.send("POST", SESSIONS, json=body)).status == 400


async def test_a_repeated_request_opens_one_session(world: World) -> None:
    headers = {"Idempotency-Key": "k"}
    made = [
        await world.send("POST", SESSIONS, json={"agent_type": "asana"}, headers=headers)
        for _ in range(2)
    ]
    assert made[0].json == made[1].json
    assert (await told(world, "agent-status"))["total_sessions"] == 1
    assert len((await told(world, "activities"))["items"]) == 1


@pytest.mark.parametrize(
    ("path", "default", "most"),
    [("agent-sessions", 20, 50), ("interactions", 20, 50), ("activities", 30, 100)],
)
async def test_lists_are_limited_newest_first_and_follow_each_other(
    world: World, path: str, default: int, most: int
) -> None:
    now = world.clock.now()

    def fill(tx: Transaction) -> list[str]:
        sessions, _ = service(world)
        ids = []
        first = sessions.open(tx, "ana", AgentType.GMAIL)
        for number in range(most + 2):
            opened = sessions.open(tx, "ana", AgentType.GMAIL)
            interaction = Interaction(
                id=new_id(), user_id="ana", session_id=first.id, agent_type=AgentType.GMAIL,
                message=str(number), response=None, success=False, metadata={}, created_at=now,
            )  # fmt: skip
            interactions.insert(tx, interaction)
            assert opened.opened is not None
            ids.append(
                {
                    "agent-sessions": opened.id,
                    "interactions": interaction.id,
                    "activities": opened.opened.id,
                }[path]
            )
        return ids[::-1]

    ids = await world.database.write(fill)
    assert len((await told(world, path))["items"]) == default
    assert (await world.send("GET", f"/api/v1/{path}?limit={most + 1}")).status == 400
    first = await told(world, f"{path}?limit={most}")
    rest = await told(world, f"{path}?limit={most}&cursor={first['next']}")
    found = [each["id"] for each in first["items"] + rest["items"]]
    assert found[: len(ids)] == ids


async def test_lists_can_be_filtered(world: World) -> None:
    github = await open_session(world)
    gmail = await open_session(world, agent_type="gmail")
    await world.send("POST", f"{SESSIONS}/{gmail['id']}/end")
    await say(world, github["id"], times=2)
    await say(world, gmail["id"])

    async def ids(path: str) -> list[str]:
        return [each["id"] for each in (await told(world, path))["items"]]

    assert await ids("agent-sessions?agent_type=gmail") == [gmail["id"]]
    assert await ids("agent-sessions?is_active=true") == [github["id"]]
    assert len(await ids("interactions?agent_type=github")) == 2
    assert len(await ids(f"interactions?session_id={gmail['id']}")) == 1
    assert len(await ids("activities?activity_type=InteractionCompleted")) == 3
    assert await ids("activities?activity_type=EmailSent") == []


# --- how things stand ---------------------------------------------------------------------------


async def test_the_status_counts_and_tells_what_was_last(world: World) -> None:
    assert await told(world, "agent-status") == {
        "active_sessions": 0,
        "total_sessions": 0,
        "connected_agents": [],
        "recent_interactions": [],
        "recent_activities": [],
        "last_activity": None,
    }
    github = await open_session(world)
    gmail = await open_session(world, agent_type="gmail")
    await world.send("POST", f"{SESSIONS}/{gmail['id']}/end")
    await open_session(world)
    world.clock.advance(timedelta(hours=1))
    await say(world, github["id"], times=25)

    status = await told(world, "agent-status")

    assert (status["active_sessions"], status["total_sessions"]) == (2, 3)
    assert status["connected_agents"] == ["github"]
    assert [each["message"] for each in status["recent_interactions"]] == [
        f"m{number}" for number in range(24, 14, -1)
    ]
    assert len(status["recent_activities"]) == 20
    assert status["last_activity"] == "2026-11-20T09:00:00.000Z"


async def test_quotas_tell_what_is_left(world: World) -> None:
    quotas = Quotas(world.database, LimitSettings(), clock=world.clock)
    await world.database.write(lambda tx: quotas.take(tx, "ana", "invocations", world.clock.now()))
    ana = {
        "name": "invocations",
        "used": 1,
        "limit": 5,
        "reset_time": "2026-11-20T23:00:00.000Z",  # midnight in Berlin
    }
    assert await told(world, "quotas") == {"items": [ana]}
    assert await told(world, "quotas", "ben") == {"items": [{**ana, "used": 0}]}


# --- whose --------------------------------------------------------------------------------------


async def test_everybody_sees_and_changes_their_own(world: World) -> None:
    mine = await open_session(world)
    await say(world, mine["id"])
    for path in ("agent-sessions", "interactions", "activities"):
        assert (await told(world, path, "ben"))["items"] == [], path
        assert (await told(world, path))["items"] != [], path
    assert (await told(world, f"interactions?session_id={mine['id']}", "ben"))["items"] == []
    assert (await told(world, "agent-status", "ben"))["last_activity"] is None
    path = f"{SESSIONS}/{mine['id']}"
    for method, below, body in (
        ("GET", "", None),
        ("PATCH", "", {"project": "p"}),
        ("POST", "/end", None),
    ):
        refused = await world.send(method, path + below, key="ben", json=body)
        assert refused.status == 404, (method, below)
    assert await told(world, f"agent-sessions/{mine['id']}") == mine


async def test_a_key_that_reads_opens_no_session(world: World) -> None:
    await world.add_key("reader", "ana", "agents:read")
    refused = await world.send("POST", SESSIONS, key="reader", json={"agent_type": "asana"})
    assert refused.status == 403
    assert (await world.send("GET", "/api/v1/quotas", key="reader")).status == 403
    assert (await world.send("GET", "/api/v1/activities", key="reader")).status == 200


# --- events and clean-ups -----------------------------------------------------------------------


async def test_apps_are_told_of_activities_at_once(world: World) -> None:
    async with (
        event_client(world.session, world.url, key=world.keys["ana"]) as ana,
        event_client(world.session, world.url, key=world.keys["ben"]) as ben,
    ):
        await ana.subscribe("activities")
        await ben.subscribe("activities")
        session = await open_session(world)
        event = await ana.expect("event")
        await open_session(world, "ben", agent_type="asana")
        heard = await ben.expect("event")
    assert (event["topic"], event["name"]) == ("activities", "activity.logged")
    [listed] = (await told(world, "activities"))["items"]
    assert event["data"] == listed
    assert listed["session_id"] == session["id"]
    assert heard["data"]["agent_type"] == "asana"


async def run_cleanup(world: World, name: str) -> dict[str, int]:
    started = await world.send("POST", "/api/v1/jobs", json={"type": name})
    assert started.status == 202, started.text
    async with event_client(world.session, world.url, key=world.keys["ana"]) as client:
        await client.subscribe("jobs")
        while True:
            job = await told(world, f"jobs/{started.json['job_id']}")
            if job["status"] == "completed":
                counts: dict[str, int] = job["result"]["counts"]
                return counts
            assert job["status"] in ("pending", "running"), job
            await client.event()


async def test_the_hourly_clean_up_ends_sessions_that_are_not_used(world: World) -> None:
    idle = await open_session(world, "ben")
    world.clock.advance(timedelta(hours=24, seconds=1))
    used = await open_session(world)

    assert await run_cleanup(world, "clean_up_sessions") == {
        "agent_sessions": 1,
        "conversations": 0,
    }

    assert not (await told(world, f"agent-sessions/{idle['id']}", "ben"))["is_active"]
    assert (await told(world, f"agent-sessions/{used['id']}"))["is_active"]


async def test_what_is_old_is_deleted(world: World) -> None:
    session = await open_session(world)
    await say(world, session["id"])
    quotas = Quotas(world.database, LimitSettings(), clock=world.clock)
    take = partial(quotas.take, user_id="ana", quota="invocations", now=world.clock.now())
    await world.database.write(take)
    world.clock.advance(timedelta(days=91))
    await say(world, session["id"])

    counts = await run_cleanup(world, "purge_activities")

    assert counts == {"activities": 2, "interactions": 1, "quota_days": 1}
    assert len((await told(world, "interactions"))["items"]) == 1
    assert len((await told(world, "activities"))["items"]) == 1
