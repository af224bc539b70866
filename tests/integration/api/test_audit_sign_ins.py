"""Sign-ins, and failures to sign in, in the audit log."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from audit_rows import entries

from noond.accounts.tokens import new_token

if TYPE_CHECKING:
    from tests.integration.api.conftest import World

PASSWORD = "correct horse battery"


async def test_a_sign_in_is_followed_from_its_beginning_to_its_end(world: World) -> None:
    await world.set_password("ben", PASSWORD)
    seen = await entries(world.audit)
    tokens = await world.sign_in("ben", PASSWORD)
    refresh = {"refresh_token": tokens["refresh_token"]}
    again = await world.send("POST", "/api/v1/auth/refresh", key=None, json=refresh)
    world.keys["ben+"] = again.json["access_token"]
    await world.send("POST", "/api/v1/auth/logout", key="ben+")
    told = (await entries(world.audit))[len(seen) :]

    assert [(row.action, row.actor_kind, row.status) for row in told] == [
        ("LOGIN", "password", 200),
        ("UPDATE", "refresh_token", 200),
        ("LOGOUT", "access_token", 204),
    ]
    assert {(row.actor_id, row.actor_name, row.resource) for row in told} == {
        ("ben", "ben", "sign_in")
    }
    (sign_in,) = {row.resource_id for row in told}
    assert sign_in


async def test_a_copied_refresh_token_is_told_of(world: World) -> None:
    await world.set_password("ben", PASSWORD)
    tokens = await world.sign_in("ben", PASSWORD)
    refresh = {"refresh_token": tokens["refresh_token"]}
    for _ in range(2):
        await world.send("POST", "/api/v1/auth/refresh", key=None, json=refresh)

    row = (await entries(world.audit))[-1]

    assert (row.action, row.status, row.actor_id) == ("FAILED_AUTH", 401, "ben")
    assert "a second time" in (row.changes or "")


@pytest.mark.parametrize(
    ("method", "path", "sent", "resource"),
    [
        ("GET", "/api/v1/agents", {"key": new_token("nd_live_").secret}, "api_key"),
        ("GET", "/api/v1/agents", {"key": "a.b.c"}, "access_token"),
        (
            "POST",
            "/api/v1/auth/login",
            {"key": None, "json": {"name": "ben", "password": "wrong"}},
            "sign_in",
        ),
        ("POST", "/api/v1/auth/refresh", {"key": None, "json": {"refresh_token": "x"}}, "sign_in"),
        (
            "POST",
            "/api/v1/devices/pair",
            {"key": None, "json": {"code": "0000-0000", "device_id": "d", "name": "n"}},
            "device",
        ),
        (
            "GET",
            "/ws/device",
            {
                "key": new_token("noondd_").secret,
                "headers": {"Upgrade": "websocket", "Sec-WebSocket-Protocol": "noond.v1"},
            },
            "device_token",
        ),
        (
            "GET",
            "/ws/events",
            {
                "key": None,
                "headers": {
                    "Upgrade": "websocket",
                    "Sec-WebSocket-Protocol": "noond.events.v1, ticket.nd_ticket_wrong",
                },
            },
            "ticket",
        ),
    ],
)
async def test_guesses_without_end_are_eleven_rows(
    world: World, method: str, path: str, sent: dict[str, Any], resource: str
) -> None:
    seen = await entries(world.audit)
    for _ in range(30):
        assert (await world.send(method, path, **sent)).status in (401, 429)
    told = (await entries(world.audit))[len(seen) :]
    throttled = "refresh_token" if path.endswith("refresh") else told[-1].resource

    assert {row.action for row in told} == {"FAILED_AUTH"}
    assert [row.status for row in told] == [401] * 10 + [429]
    assert {row.resource for row in told[:10]} == {resource}
    assert told[-1].resource == throttled
    assert {row.actor_kind for row in told} == {"anonymous"}

    world.clock.advance(timedelta(minutes=2))
    await world.send(method, path, **sent)
    assert [row.status for row in ((await entries(world.audit))[len(seen) :])[11:]] == [401]


async def test_no_credential_is_no_attempt(world: World) -> None:
    seen = await entries(world.audit)
    for route in world.routes:
        await world.send(route.method, re.sub(r"\{\w+\}", "x", route.path), key=None)
    assert (await entries(world.audit))[len(seen) :] == []


async def test_a_token_that_has_expired_is_told_once_a_minute(world: World) -> None:
    await world.set_password("ben", PASSWORD)
    await world.sign_in("ben", PASSWORD)
    world.clock.advance(timedelta(minutes=16))
    seen = await entries(world.audit)
    for _ in range(5):
        assert (await world.send("GET", "/api/v1/agents", key="ben+")).status == 401

    (row,) = (await entries(world.audit))[len(seen) :]
    assert (row.action, row.resource, row.error) == (
        "FAILED_AUTH",
        "access_token",
        "sign_in_refused",
    )


async def test_devices_sign_in_once_a_minute(world: World) -> None:
    token = await world.pair("laptop")
    seen = await entries(world.audit)
    for _ in range(3):
        async with world.connect(token):
            pass
    (row,) = (await entries(world.audit))[len(seen) :]
    assert (row.action, row.actor_kind, row.actor_name, row.resource_id) == (
        "LOGIN",
        "device_token",
        "ana",
        "laptop",
    )
