"""Findings over HTTP and as events: each user's own, the daemon's for administrators."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from event_client import event_client

from noond.models.account import Role
from noond.models.finding import FindingKind, Observation

if TYPE_CHECKING:
    from tests.integration.api.conftest import World

FINDINGS = "/api/v1/findings"
KIND = FindingKind.JOB_TYPE_FAILING


async def find(world: World, user: str | None, subject: str, **changes: Any) -> None:
    """Something is wrong, of a user or of the whole daemon."""
    world.clock.advance(timedelta(seconds=1))
    values = {"kind": KIND, "title": f"{subject} fails", "detail": "3 in a row", **changes}
    await world.findings.saw(Observation(user_id=user, subject=subject, **values))


async def subjects(world: World, query: str = "", *, key: str = "ana") -> list[str]:
    reply = await world.send("GET", f"{FINDINGS}?{query}", key=key)
    assert reply.status == 200, reply.text
    return [each["subject"] for each in reply.json["items"]]


async def id_of(world: World, user: str | None, subject: str) -> str:
    found = world.findings.find_open(user, KIND, subject)
    assert found is not None
    return found.id


@pytest.mark.parametrize("role", list(Role))
async def test_everybody_meets_their_own_and_administrators_the_daemons(
    world: World, role: Role
) -> None:
    await world.add_user("cem", role)
    await find(world, "ana", "hers")
    await find(world, "cem", "his")
    await find(world, None, "daemons")
    administers = role in (Role.ADMIN, Role.OWNER)

    assert await subjects(world, key="cem") == (["daemons", "his"] if administers else ["his"])
    for user, subject, status in (
        ("cem", "his", 200),
        ("ana", "hers", 404),
        (None, "daemons", 200 if administers else 404),
    ):
        reply = await world.send(
            "GET", f"{FINDINGS}/{await id_of(world, user, subject)}", key="cem"
        )
        assert reply.status == status, subject


async def test_a_key_without_the_scope_sees_less_than_its_administrator(world: World) -> None:
    await world.add_key("reader", "ana", "jobs:read")
    await world.add_key("other", "ana", "agents:read")
    await find(world, None, "daemons")
    await find(world, "ana", "hers")
    await world.engine.pause("letters")
    assert await subjects(world, key="reader") == ["hers"]
    assert (await world.send("GET", FINDINGS, key="other")).status == 403
    assert (await world.send("GET", FINDINGS)).json["paused_queues"] == ["letters"]
    assert (await world.send("GET", FINDINGS, key="reader")).json["paused_queues"] == []


async def test_lists_are_narrowed_and_paged(world: World) -> None:
    await find(world, "ana", "first")
    await find(world, "ana", "second", kind=FindingKind.QUEUE_GROWING)
    await find(world, "ana", "third")
    await world.findings.over("ana", KIND, "third")
    assert await subjects(world) == ["second", "first"]
    assert await subjects(world, "state=closed") == ["third"]
    assert await subjects(world, "state=all") == ["third", "second", "first"]
    assert await subjects(world, "kind=queue_growing") == ["second"]
    page = (await world.send("GET", f"{FINDINGS}?state=all&limit=2")).json
    assert await subjects(world, f"state=all&limit=2&cursor={page['next']}") == ["first"]
    assert (await world.send("GET", f"{FINDINGS}?state=lost")).status == 400


async def test_a_finding_is_shown_as_it_is(world: World) -> None:
    await find(world, "ana", "letters")
    finding_id = await id_of(world, "ana", "letters")
    assert (await world.send("GET", f"{FINDINGS}/{finding_id}")).json == {
        "id": finding_id,
        "kind": "job_type_failing",
        "subject": "letters",
        "daemon_wide": False,
        "state": "open",
        "title": "letters fails",
        "detail": "3 in a row",
        "count": 1,
        "opened_at": "2026-11-20T08:00:01.000Z",
        "updated_at": "2026-11-20T08:00:01.000Z",
        "closed_at": None,
    }


async def test_apps_are_told_of_what_they_may_see(world: World) -> None:
    await world.add_key("reader", "ana", "jobs:read", "events:read")
    async with (
        event_client(world.session, world.url, key=world.keys["ana"]) as all_of_it,
        event_client(world.session, world.url, key=world.keys["reader"]) as own,
        event_client(world.session, world.url, key=world.keys["ben"]) as bens,
    ):
        for client in (all_of_it, own, bens):
            await client.subscribe("findings")
        await find(world, None, "daemons")
        await find(world, "ana", "hers")
        await find(world, "ana", "hers", detail="4 in a row")
        await world.findings.over("ana", KIND, "hers")
        await find(world, "ben", "his")

        told = [await all_of_it.expect("event") for _ in range(4)]
        fewer = [await own.expect("event") for _ in range(3)]
        his = await bens.expect("event")
    assert [(each["name"], each["data"]["subject"]) for each in told] == [
        ("finding.opened", "daemons"),
        ("finding.opened", "hers"),
        ("finding.updated", "hers"),
        ("finding.closed", "hers"),
    ]
    assert [each["name"] for each in fewer] == [each["name"] for each in told[1:]]
    assert "announced" not in told[0]["data"]
    assert (told[2]["data"]["detail"], told[3]["data"]["state"]) == ("4 in a row", "closed")
    assert his["data"]["subject"] == "his"
