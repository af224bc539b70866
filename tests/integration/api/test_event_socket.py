"""Apps are told what happens: they subscribe, come back, and are cut when it is time."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from event_client import EventClient, event_client
from raw_device import RawDevice, header, message, raw_device

from noond.api.event_feed import KEPT_SECONDS
from noond.api.event_frames import SUBPROTOCOL
from noond.models.account import Role, Scope

if TYPE_CHECKING:
    from tests.integration.api.conftest import World

MEGABYTE = 1024 * 1024


@asynccontextmanager
async def app(world: World, key: str = "ana") -> AsyncIterator[EventClient]:
    async with event_client(world.session, world.url, key=world.keys[key]) as client:
        yield client


def publish(world: World, *subjects: str, user: str = "ana", name: str = "device.online") -> None:
    for subject in subjects:
        data = {"device_id": subject, "agent_id": subject, "agent_name": "Notes", "note": "late"}
        world.bus.publish(user, name, subject, data)


# --- being told ---------------------------------------------------------------------------------


async def test_an_app_is_told_what_becomes_of_devices(world: World) -> None:
    async with app(world) as client:
        subscribed = await client.subscribe("devices")
        token = await world.pair("laptop")
        publish(world, "agent", name="schedule.overdue")
        async with world.connect(token) as device:
            await device.send_json({"type": "device_hello", "device_id": "laptop"})
            first = await client.expect("event")
            assert await client.event() == ("device.online", "laptop")
        assert await client.event() == ("device.offline", "laptop")
        await world.send("DELETE", "/api/v1/devices/laptop")
        assert await client.event() == ("device.removed", "laptop")
    assert first == {
        "type": "event",
        "seq": subscribed["seq"] + 1,
        "topic": "devices",
        "name": "device.paired",
        "subject": "laptop",
        "data": {"device_id": "laptop"},
        "at": "2026-11-20T08:00:00.000Z",
    }


async def test_an_app_is_told_of_a_run_what_the_api_shows(world: World) -> None:
    await world.pair("laptop")
    agent_id = (await world.new_agent())["id"]
    async with app(world) as client:
        await client.subscribe("runs")
        started = await world.send("POST", f"/api/v1/agents/{agent_id}/runs")
        run_id = started.json["run_id"]
        await world.send("POST", f"/api/v1/runs/{run_id}/cancel")
        event = await client.expect("event")
    run = (await world.send("GET", f"/api/v1/runs/{run_id}")).json
    assert (event["name"], event["subject"]) == ("run.progress", run_id)
    assert event["data"] == {
        "run_id": run_id,
        "status": "cancelled",
        "waiting_for": None,
        "files_listed": None,
        "files_done": 0,
        "errors": 0,
        **{name: run[name] for name in ("status", "items_processed", "items_created")},
    }


async def test_what_it_wants_can_be_changed(world: World) -> None:
    async with app(world) as client:
        assert (await client.subscribe())["topics"] == []
        publish(world, "unheard")
        first = await client.subscribe("runs", "devices")
        assert first["topics"] == ["devices", "runs"]
        publish(world, "a")
        assert await client.event() == ("device.online", "a")
        second = await client.subscribe("runs")
        assert second["seq"] == first["seq"] + 1
        publish(world, "unwanted")
        publish(world, "b", name="schedule.overdue")
        assert await client.event() == ("schedule.overdue", "b")


async def test_two_users_hear_of_their_own_things_only(world: World) -> None:
    async with app(world, "ana") as ana, app(world, "ben") as ben:
        await ana.subscribe("devices")
        await ben.subscribe("devices")
        publish(world, "anas-1", "anas-2")
        publish(world, "bens", user="ben")
        assert await ben.event() == ("device.online", "bens")
        assert await ana.event() == ("device.online", "anas-1")
        assert await ana.event() == ("device.online", "anas-2")


# --- coming back --------------------------------------------------------------------------------


async def test_an_app_that_comes_back_is_told_the_rest_once_and_in_order(world: World) -> None:
    async with app(world) as client:
        await client.subscribe("devices")
        publish(world, "a", "b")
        last = (await client.expect("event"))["seq"]
    publish(world, "c")
    publish(world, "no-device", name="schedule.overdue")
    async with app(world) as client:
        assert (await client.subscribe("devices", after=last))["seq"] == last
        publish(world, "d")
        assert [(await client.event())[1] for _ in "bcd"] == ["b", "c", "d"]


async def test_going_back_on_an_open_socket_divides_old_from_new(world: World) -> None:
    async with app(world) as client:
        start = (await client.subscribe("devices"))["seq"]
        publish(world, "a", "b")
        await client.say({"type": "subscribe", "topics": ["devices"], "after": start + 1})
        assert [(await client.event())[1] for _ in "ab"] == ["a", "b"]
        assert (await client.expect("subscribed"))["seq"] == start + 1
        assert (await client.event())[1] == "b"


@pytest.mark.parametrize(("back", "reason"), [(1000, "restarted"), (-1000, "unknown")])
async def test_a_number_of_another_life_is_a_gap(world: World, back: int, reason: str) -> None:
    async with app(world) as client:
        present = (await client.subscribe("devices"))["seq"]
        asked = present - back
        gap = await client.come_back("devices", after=asked)
        assert gap == {"type": "gap", "from": asked, "to": present, "reason": reason}
        publish(world, "a")
        assert (await client.expect("event"))["seq"] == present + 1


async def test_after_a_long_absence_there_is_a_gap(world: World) -> None:
    async with app(world) as client:
        last = (await client.subscribe("devices"))["seq"]
    async with asyncio.timeout(5):
        while world.streams.count("ana"):
            await world.send("GET", "/health/live", key=None)
    world.clock.advance(timedelta(seconds=KEPT_SECONDS + 1))
    async with app(world) as client:
        assert (await client.come_back("devices", after=last))["reason"] == "too_old"


class TestLittleMemory:
    @pytest.fixture
    def event_bytes(self) -> int:
        return 4000

    async def test_what_is_not_kept_any_more_is_a_gap(self, world: World) -> None:
        async with app(world) as client:
            last = (await client.subscribe("devices"))["seq"]
        publish(world, *(f"d{number}" for number in range(50)))
        async with app(world) as client:
            gap = await client.come_back("devices", after=last)
            assert gap == {"type": "gap", "from": last, "to": last + 50, "reason": "too_old"}

    async def test_a_burst_cuts_nobody_who_reads(self, world: World) -> None:
        async with app(world) as client:
            await client.subscribe("devices")
            publish(world, *(f"d{number}" for number in range(100)))
            for number in range(100):
                assert await client.event() == ("device.online", f"d{number}")

    async def test_only_the_slow_reader_is_cut(self, world: World) -> None:
        async with raw_app(world) as slow, app(world) as quick:
            await slow.send(type="subscribe", topics=["devices"])
            assert (await frame(slow))["type"] == "subscribed"
            await quick.subscribe("devices")
            told = 0
            with structlog.testing.capture_logs() as logs:
                while world.streams.count("ana") > 1:
                    publish(world, "x" * 2000)
                    assert await quick.event() == ("device.online", "x" * 2000)
                    told += 1
            assert told > 100
            assert [log["code"] for log in logs if log["event"] == "app_gone"] == [4000]
            publish(world, "last")
            assert await quick.event() == ("device.online", "last")


# --- who is let in ------------------------------------------------------------------------------


async def ticket_of(world: World, key: str = "ana") -> str:
    made = await world.send("POST", "/api/v1/tickets", key=key)
    assert made.status == 201, made.text
    return str(made.json["ticket"])


async def refusal(
    world: World, *protocols: str, key: str | None = "ana", **headers: str
) -> tuple[int, str]:
    """Status and code of an upgrade that is refused."""
    reply = await world.send(
        "GET",
        "/ws/events",
        key=key,
        headers={
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
            **({"Sec-WebSocket-Protocol": ", ".join(protocols)} if protocols else {}),
            **headers,
        },
    )
    return reply.status, reply.json["code"]


async def by_ticket(world: World, ticket: str) -> tuple[int, str]:
    return await refusal(world, SUBPROTOCOL, f"ticket.{ticket}", key=None)


async def test_a_ticket_opens_one_socket(world: World) -> None:
    ticket = await ticket_of(world, "ben")
    async with event_client(world.session, world.url, ticket=ticket) as client:
        await client.subscribe("devices")
        publish(world, "anas")
        publish(world, "bens", user="ben")
        assert await client.event() == ("device.online", "bens")
    assert await by_ticket(world, ticket) == (401, "unauthenticated")


async def test_a_ticket_expires(world: World) -> None:
    ticket = await ticket_of(world)
    world.clock.advance(timedelta(seconds=30))
    assert await by_ticket(world, ticket) == (401, "unauthenticated")


async def test_a_ticket_opens_nothing_once_its_credential_has_ended(world: World) -> None:
    made = await world.send("POST", "/api/v1/api-keys", json={"name": "app", "scopes": ["read"]})
    world.keys["app"] = made.json["api_key"]
    ticket, other = await ticket_of(world, "app"), await ticket_of(world, "app")
    await world.send("DELETE", f"/api/v1/api-keys/{made.json['id']}")
    assert await by_ticket(world, ticket) == (401, "unauthenticated")
    # Not even to learn what else is wrong.
    assert await refusal(world, f"ticket.{other}", key=None) == (401, "unauthenticated")


async def test_a_ticket_of_a_sign_in_opens_nothing_after_signing_out(world: World) -> None:
    await world.set_password("ben", "correct horse battery")
    await world.sign_in("ben", "correct horse battery")
    used, unused = await ticket_of(world, "ben+"), await ticket_of(world, "ben+")
    async with event_client(world.session, world.url, ticket=used) as client:
        await client.subscribe("devices")
        await world.send("POST", "/api/v1/auth/logout", key="ben+")
        assert await client.close_code() == 4101
    assert await by_ticket(world, unused) == (401, "unauthenticated")


async def test_a_ticket_opens_no_more_than_its_credential(world: World) -> None:
    await world.add_key("keys only", "ana", Scope.KEYS_READ)
    assert await by_ticket(world, await ticket_of(world, "keys only")) == (403, "forbidden")


async def test_a_ticket_beside_another_credential_is_refused(world: World) -> None:
    ticket, other = await ticket_of(world), await ticket_of(world)
    assert (await refusal(world, SUBPROTOCOL, f"ticket.{ticket}"))[0] == 401
    assert (await refusal(world, SUBPROTOCOL, f"ticket.{ticket}", f"ticket.{other}", key=None))[
        0
    ] == 401


async def test_a_ticket_is_no_credential_of_the_api(world: World) -> None:
    ticket = await ticket_of(world)
    for headers in ({"Authorization": f"Bearer {ticket}"}, {"Sec-WebSocket-Protocol": ticket}):
        reply = await world.send("GET", "/api/v1/runs", key=None, headers=headers)
        assert reply.status == 401
    reply = await world.send("GET", f"/ws/events?ticket={ticket}", key=None)
    assert reply.status == 401


async def test_wrong_tickets_are_counted(world: World) -> None:
    wrong = "nd_ticket_" + "A" * 43
    statuses = [(await by_ticket(world, wrong))[0] for _ in range(12)]
    assert statuses == [401] * 10 + [429] * 2
    ticket = await ticket_of(world)
    async with event_client(world.session, world.url, ticket=ticket) as client:
        await client.subscribe("devices")


async def test_topics_need_the_scope_that_shows_the_same(world: World) -> None:
    await world.add_key("events only", "ana", Scope.EVENTS_READ)
    await world.add_key("devices too", "ana", Scope.EVENTS_READ, Scope.DEVICES_READ)
    async with app(world, "events only") as client:
        for topic in ("runs", "devices", "deliveries"):
            await client.say({"type": "subscribe", "topics": [topic]})
            assert (await client.expect("error"))["code"] == "forbidden"
    async with app(world, "devices too") as client:
        await client.subscribe("devices")
        await client.say({"type": "subscribe", "topics": ["devices", "runs"]})
        assert (await client.expect("error"))["message"].endswith("agents:read")
        publish(world, "a")
        assert await client.event() == ("device.online", "a"), "it is told what it was before"


async def test_the_subprotocol_must_be_offered(world: World) -> None:
    assert await refusal(world) == (400, "invalid")
    assert await refusal(world, "noond.v1") == (400, "invalid")
    assert await refusal(world, f"ticket.{await ticket_of(world)}", key=None) == (400, "invalid")
    assert (await world.send("GET", "/ws/events")).status == 400


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://localhost:1", "file://", ""]
)
async def test_a_foreign_origin_is_refused_before_its_ticket_is_used(
    world: World, origin: str
) -> None:
    ticket = await ticket_of(world)
    protocols = (SUBPROTOCOL, f"ticket.{ticket}")
    assert await refusal(world, *protocols, key=None, Origin=origin) == (403, "foreign_origin")
    async with event_client(world.session, world.url, ticket=ticket) as client:
        await client.subscribe("devices")


async def test_the_daemons_own_origin_is_let_in(world: World) -> None:
    async with world.session.ws_connect(
        f"{world.url}/ws/events",
        protocols=[SUBPROTOCOL, f"ticket.{await ticket_of(world)}"],
        origin=f"http://localhost:{world.port}",
    ) as socket:
        assert socket.protocol == SUBPROTOCOL


async def test_a_credential_holds_so_many_sockets(world: World) -> None:
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(20):
            await stack.enter_async_context(app(world))
        assert await refusal(world, SUBPROTOCOL) == (429, "rate_limited")
        await stack.enter_async_context(app(world, "ben"))


# --- what an app may say ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"type":"subscribe"}',
        '{"type":"hello","topics":["runs"]}',
        '{"type":"subscribe","topics":["secrets"]}',
        '{"type":"subscribe","topics":"runs"}',
        '{"type":"subscribe","topics":["runs"],"after":-1}',
        '{"type":"subscribe","topics":["runs"],"after":"1"}',
        '{"type":"subscribe","topics":["runs"],"after":9007199254740992}',
        '{"type":"subscribe","topics":["runs"],"more":1}',
        '{"type":"subscribe","topics":["runs"],"topics":[]}',
    ],
)
async def test_what_is_no_frame_is_refused_and_the_socket_lives_on(world: World, text: str) -> None:
    async with app(world) as client:
        await client.socket.send_str(text)
        assert (await client.expect("error"))["code"] == "invalid"
        await client.subscribe("devices")


async def test_too_many_bad_frames_close_the_socket(world: World) -> None:
    async with app(world) as client:
        for _ in range(20):
            await client.socket.send_bytes(b"{}")
        assert await client.close_code() == 4102


@asynccontextmanager
async def raw_app(world: World, key: str = "ana") -> AsyncIterator[RawDevice]:
    async with raw_device(
        world.url, world.keys[key], path="/ws/events", protocol=SUBPROTOCOL
    ) as socket:
        yield socket


async def frame(socket: RawDevice) -> Any:
    return json.loads(await socket.expect(1))


async def test_a_message_of_100_mb_is_refused_with_flat_memory(world: World) -> None:
    piece = b"x" * 65_536
    async with raw_app(world) as rude, app(world) as other:
        await other.subscribe("devices")
        before = resident_bytes()
        grown = [before]
        closing = asyncio.ensure_future(rude.close_code())
        try:
            await rude.send_bytes(header(1600 * len(piece)))
            for _ in range(1600):
                await rude.send_bytes(piece)
                grown.append(resident_bytes())
        except ConnectionError:
            assert closing.done(), "the app is not cut before it could read why"
        assert await closing == 1009
        publish(world, "a")
        assert await other.event() == ("device.online", "a")
    assert max(grown) - before < 8 * MEGABYTE


async def test_a_flood_of_frames_fills_no_memory(world: World) -> None:
    flood = message(b'{"type":"subscribe","topics":["devices"]}') * 1000
    async with raw_app(world) as rude:
        before = resident_bytes()
        with contextlib.suppress(ConnectionError):
            while world.streams.count("ana"):
                await rude.send_bytes(flood)
                assert resident_bytes() - before < 16 * MEGABYTE


def resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE")


# --- the end ------------------------------------------------------------------------------------


async def test_revoking_the_key_closes_the_socket_within_a_second(world: World) -> None:
    made = await world.send("POST", "/api/v1/api-keys", json={"name": "app", "scopes": ["read"]})
    world.keys["app"] = made.json["api_key"]
    async with app(world, "app") as client, app(world) as other, raw_app(world, "app") as deaf:
        await client.subscribe("devices")
        await other.subscribe("devices")
        began = time.monotonic()
        await world.send("DELETE", f"/api/v1/api-keys/{made.json['id']}")
        assert await client.close_code() == 4101
        assert time.monotonic() - began < 1
        publish(world, "a")
        assert await other.event() == ("device.online", "a")
        async with asyncio.timeout(5):
            while world.streams.count("ana") > 1:
                await world.send("GET", "/health/live", key=None)
        assert await deaf.close_code() == 4101, "one that answers no close is cut"


async def test_a_key_that_is_revoked_while_it_connects_gets_no_socket(world: World) -> None:
    made = await world.send("POST", "/api/v1/api-keys", json={"name": "app", "scopes": ["read"]})
    path = f"/api/v1/api-keys/{made.json['id']}"
    reader, writer = await asyncio.open_connection("127.0.0.1", world.port)
    lines = (
        "GET /ws/events HTTP/1.1",
        f"Host: 127.0.0.1:{world.port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Protocol: {SUBPROTOCOL}",
        f"Authorization: Bearer {made.json['api_key']}",
        "Content-Type: application/json",
        "Content-Length: 2",
    )
    try:
        writer.write("\r\n".join((*lines, "", "")).encode())
        async with asyncio.timeout(5):
            while (await world.send("GET", path)).json["last_used_at"] is None:
                pass
            assert (await world.send("DELETE", path)).status == 204
            writer.write(b"{}")
            assert (await reader.readline()).startswith(b"HTTP/1.1 401")
    finally:
        writer.close()


@pytest.mark.parametrize("change", ["role", "password", "removed"])
async def test_a_change_of_the_user_closes_their_sockets(world: World, change: str) -> None:
    async with app(world, "ben") as ben, app(world, "ana") as ana:
        await ben.subscribe("devices")
        await ana.subscribe("devices")
        if change == "role":
            await world.send("PATCH", "/api/v1/users/ben", json={"role": Role.VIEWER})
        elif change == "password":
            await world.set_password("ben", "correct horse battery")
        else:
            await world.send("DELETE", "/api/v1/users/ben")
        assert await ben.close_code() == 4101
        publish(world, "a")
        assert await ana.event() == ("device.online", "a")


async def test_the_socket_ends_with_its_credential(world: World) -> None:
    soon = world.clock.now() + timedelta(seconds=0.2)
    await world.add_key("short", "ana", "read", expires_at=soon)
    async with app(world, "short") as client:
        await client.subscribe("devices")
        assert await client.close_code() == 4105


async def test_when_the_server_stops_every_socket_is_told(world: World) -> None:
    async with contextlib.AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(app(world)) for _ in range(19)]
        deaf = await stack.enter_async_context(raw_app(world))
        for client in clients:
            await client.subscribe("devices")
        began = time.monotonic()
        stopping = asyncio.ensure_future(world.runner.cleanup())
        assert {await client.close_code() for client in clients} == {1012}
        assert await deaf.close_code() == 1012
        await stopping
        assert time.monotonic() - began < 2


class TestHeartbeat:
    @pytest.fixture
    def heartbeat_seconds(self) -> float:
        return 0.1

    async def test_who_gives_no_sign_of_life_is_cut(self, world: World) -> None:
        async with raw_app(world) as silent, app(world) as alive:
            await alive.subscribe("devices")
            answering = asyncio.ensure_future(alive.event())
            assert await silent.close_code() == 4001
            publish(world, "a")
            assert await answering == ("device.online", "a")
