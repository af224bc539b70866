"""Agents and runs over HTTP, watched live, and kept apart by user."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from noond.api.routing import Access
from noond.api.streams import STREAMS_PER_KEY
from noond.models.delivery import DeliveryStatus
from noond.models.document import Record, Table
from noond.models.finding import FindingKind, Observation
from noond.models.run import RunStatus
from noond.runners import outcome
from noond.store import journal, runs
from noond.store.rows import Transaction

if TYPE_CHECKING:
    from tests.integration.api.conftest import World

AGENTS = "/api/v1/agents"


async def start(world: World, agent_id: str) -> str:
    reply = await world.send("POST", f"{AGENTS}/{agent_id}/runs")
    assert reply.status == 202, reply.text
    return str(reply.json["run_id"])


async def finish(world: World, run_id: str, *, status: RunStatus | None = None) -> None:
    await world.database.write(
        lambda tx: outcome.finish(tx, "ana", run_id, now=world.clock.now(), status=status)
    )


async def pages(world: World, path: str, *, limit: int) -> list[dict[str, Any]]:
    """Everything of a list, page by page."""
    found: list[dict[str, Any]] = []
    separator = "&" if "?" in path else "?"
    query = ""
    while True:
        page = (await world.send("GET", f"{path}{separator}limit={limit}{query}")).json
        assert len(page["items"]) <= limit
        found += page["items"]
        if page["next"] is None:
            return found
        query = f"&cursor={page['next']}"


async def test_an_agent_with_its_defaults(world: World) -> None:
    await world.pair("laptop")
    made = await world.new_agent(file_extensions=["md", ".TXT"])

    assert made == {
        "id": made["id"],
        "kind": "local",
        "name": "Notes",
        "device_id": "laptop",
        "directory_paths": ["~/Notes"],
        "file_extensions": [".md", ".txt"],
        "prompt_template": "",
        "data_types": ["tasks"],
        "schedule_cron": None,
        "timezone": "Europe/Berlin",
        "missed": "latest",
        "max_age_hours": 24,
        "quiet_hours": None,
        "default_project_id": None,
        "enabled": True,
        "created_at": "2026-11-20T08:00:00.000Z",
        "updated_at": "2026-11-20T08:00:00.000Z",
        "last_run_at": None,
        "next_fires": [],
        "schedule_note": None,
    }
    assert (await world.send("GET", f"{AGENTS}/{made['id']}")).json == made


async def test_a_schedule_shows_its_next_five_fires(world: World) -> None:
    await world.pair("laptop")
    made = await world.new_agent(schedule_cron="0 9 * * *", quiet_hours="22:00-07:00")

    assert made["quiet_hours"] == "22:00-07:00"
    assert made["next_fires"] == [f"2026-11-{day}T08:00:00.000Z" for day in range(21, 26)]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"schedule_cron": "every day"}, "schedule_cron"),
        ({"timezone": "Mars/Base"}, "timezone"),
        ({"quiet_hours": "late"}, "quiet_hours"),
        ({"device_id": "nobody"}, "device_id"),
        ({"file_extensions": ["a/b"]}, "file_extensions"),
        ({"name": None}, "name"),
        ({"missed": "all"}, "missed"),
        ({"kind": "cloud"}, "kind"),
        ({"id": "x"}, "id"),
    ],
)
async def test_a_wrong_field_is_named_when_made_and_when_changed(
    world: World, changes: dict[str, Any], field: str
) -> None:
    await world.pair("laptop")
    agent = await world.new_agent()
    body = {
        "name": "Other",
        "device_id": "laptop",
        "directory_paths": ["~"],
        "file_extensions": ["md"],
        "data_types": ["tasks"],
        **changes,
    }

    made = await world.send("POST", AGENTS, json=body)
    changed = await world.send("PATCH", f"{AGENTS}/{agent['id']}", json=changes)

    for reply in (made, changed):
        assert reply.status == 400
        assert [error["field"] for error in reply.json["errors"]] == [field]


async def test_a_patch_changes_what_it_names(world: World) -> None:
    await world.pair("laptop")
    agent = await world.new_agent(
        schedule_cron="0 9 * * *", quiet_hours="22:00-07:00", default_project_id="p1"
    )
    path = f"{AGENTS}/{agent['id']}"

    paused = (await world.send("PATCH", path, json={"enabled": False})).json
    cleared = (
        await world.send(
            "PATCH",
            path,
            json={"schedule_cron": None, "quiet_hours": None, "default_project_id": None},
        )
    ).json
    nothing = (await world.send("PATCH", path, json={})).json

    assert paused == {**agent, "enabled": False, "next_fires": []}
    assert cleared == {
        **paused,
        "schedule_cron": None,
        "quiet_hours": None,
        "default_project_id": None,
    }
    assert nothing == cleared


async def test_a_deleted_agent_is_gone_and_its_runs_stay(world: World) -> None:
    await world.pair("laptop")
    agent = await world.new_agent()
    run_id = await start(world, agent["id"])
    path = f"{AGENTS}/{agent['id']}"
    busy = await world.send("DELETE", path)
    assert (busy.status, busy.json["run_id"]) == (409, run_id)
    await finish(world, run_id)

    assert (await world.send("DELETE", path)).status == 204
    assert (await world.send("GET", path)).status == 404
    assert (await world.send("GET", f"/api/v1/runs/{run_id}")).json["agent_name"] == "Notes"


async def test_a_run_waits_for_its_device_and_blocks_another(world: World) -> None:
    await world.pair("laptop")
    agent = await world.new_agent()

    first = await world.send("POST", f"{AGENTS}/{agent['id']}/runs")
    second = await world.send("POST", f"{AGENTS}/{agent['id']}/runs")

    run_id = first.json["run_id"]
    assert first.status == 202
    assert first.json == {
        "run_id": run_id,
        "status": "waiting",
        "status_url": f"/api/v1/runs/{run_id}",
    }
    assert (second.status, second.json["code"]) == (409, "run_in_progress")
    assert second.json["run_id"] == run_id
    assert len(world.woken) == 1
    expected = {
        "id": run_id,
        "agent_id": agent["id"],
        "agent_name": "Notes",
        "agent_type": "local",
        "device_id": "laptop",
        "trigger": "manual",
        "status": "waiting",
        "waiting_for": "device",
        "scheduled_for": None,
        "late_reason": None,
        "created_at": "2026-11-20T08:00:00.000Z",
        "started_at": None,
        "completed_at": None,
        "items_processed": 0,
        "items_created": 0,
        "deliveries": {"pending": 0, "delivered": 0, "failed": 0},
        "errors": [],
        "coverage": {
            "listed": None,
            "unchanged": 0,
            "read": 0,
            "skipped": 0,
            "failed": 0,
            "dropped": {},
        },
        "usage": {"calls": 0, "prompt_tokens": 0, "completion_tokens": 0, "cost_usd": 0.0},
    }
    shown = (await world.send("GET", first.json["status_url"])).json
    assert {name: shown[name] for name in expected} == expected


async def test_a_run_is_cancelled_once(world: World) -> None:
    await world.pair("laptop")
    run_id = await start(world, (await world.new_agent())["id"])

    first = await world.send("POST", f"/api/v1/runs/{run_id}/cancel")
    second = await world.send("POST", f"/api/v1/runs/{run_id}/cancel")

    assert first.status == second.status == 202
    assert first.json == {"run_id": run_id, "status": "cancelled", "outcome": "requested"}
    assert second.json == {"run_id": run_id, "status": "cancelled", "outcome": "already_final"}


async def test_lists_of_runs(world: World) -> None:
    await world.pair("laptop")
    agents = [await world.new_agent(name=f"A{number}") for number in range(5)]
    ids = [await start(world, agent["id"]) for agent in agents]
    await finish(world, ids[0])

    found = await pages(world, "/api/v1/runs", limit=2)
    assert [run["id"] for run in found] == ids[::-1]
    assert {run["error_count"] for run in found} == {0}
    assert not any("errors" in run for run in found)
    of_agent = await pages(world, f"/api/v1/runs?agent_id={agents[1]['id']}", limit=2)
    assert [run["id"] for run in of_agent] == [ids[1]]
    final = await pages(world, "/api/v1/runs?status=success", limit=2)
    assert [run["id"] for run in final] == [ids[0]]
    wrong = await world.send("GET", "/api/v1/runs?status=done")
    assert [error["field"] for error in wrong.json["errors"]] == ["status"]


async def test_lists_of_agents_are_newest_first(world: World) -> None:
    await world.pair("laptop")
    ids = [(await world.new_agent(name=f"A{number}"))["id"] for number in range(5)]

    assert [agent["id"] for agent in await pages(world, AGENTS, limit=2)] == ids[::-1]
    assert [agent["id"] for agent in await pages(world, AGENTS, limit=5)] == ids[::-1]


async def journaled(world: World, run_id: str, count: int) -> None:
    """Journal records for a run, the first of which the device refused."""

    def work(tx: Transaction) -> None:
        run = runs.get(tx, "ana", run_id)
        for number in range(count):
            journal.insert_record(
                tx,
                run,
                Record(
                    table=Table.TASKS,
                    data={"title": f"T{number}"},
                    quote=f"q{number}",
                    start=number,
                    end=number + 2,
                ),
                fingerprint=f"f{number}",
                path="a.md",
                sha256="0" * 64,
                extractor="x",
                now=world.clock.now(),
            )
        first = journal.list_of_run(tx, "ana", run_id, limit=1, after=None)[0]
        journal.set_failed(
            tx,
            "ana",
            first.delivery_id,
            code="refused",
            error="no such column",
            now=world.clock.now(),
        )

    await world.database.write(work)


async def test_records_are_oldest_first_with_their_source(world: World) -> None:
    await world.pair("laptop")
    run_id = await start(world, (await world.new_agent())["id"])
    await journaled(world, run_id, 5)

    found = await pages(world, f"/api/v1/runs/{run_id}/records", limit=2)

    assert [record["data"]["title"] for record in found] == [f"T{n}" for n in range(5)]
    expected = {
        "table": "tasks",
        "data": {"title": "T0"},
        "path": "a.md",
        "quote": "q0",
        "span": [0, 2],
        "sha256": "0" * 64,
        "extractor": "x",
        "status": "failed",
        "error": "no such column",
        "device_record_id": None,
        "created_at": "2026-11-20T08:00:00.000Z",
    }
    assert {name: found[0][name] for name in expected} == expected
    assert found[0]["id"] != found[0]["delivery_id"]


async def test_failed_deliveries_are_sent_again(world: World) -> None:
    await world.pair("laptop")
    run_id = await start(world, (await world.new_agent())["id"])
    await journaled(world, run_id, 3)

    reply = await world.send("POST", f"/api/v1/runs/{run_id}/resend")

    assert (reply.status, reply.json) == (202, {"run_id": run_id, "deliveries": 1})
    found = await pages(world, f"/api/v1/runs/{run_id}/records", limit=50)
    assert {record["status"] for record in found} == {DeliveryStatus.PENDING}


async def test_removing_the_device_gives_up_what_it_was_to_get(world: World) -> None:
    await world.pair("laptop")
    run_id = await start(world, (await world.new_agent())["id"])
    await journaled(world, run_id, 3)

    await world.send("DELETE", "/api/v1/devices/laptop")

    found = await pages(world, f"/api/v1/runs/{run_id}/records", limit=50)
    assert [record["status"] for record in found] == ["failed"] * 3


async def found(world: World) -> str:
    """The id of a finding of ana's."""
    kind = FindingKind.JOB_TYPE_FAILING
    await world.findings.saw(
        Observation(user_id="ana", kind=kind, subject="x", title="x fails", detail="3 in a row")
    )
    return str((await world.send("GET", "/api/v1/findings")).json["items"][0]["id"])


async def test_another_users_things_are_not_there(world: World) -> None:
    await world.pair("laptop")
    agent = await world.new_agent(schedule_cron="0 9 * * *")
    run_id = await start(world, agent["id"])
    await journaled(world, run_id, 3)
    session = await world.send("POST", "/api/v1/agent-sessions", json={"agent_type": "asana"})
    said = {"message": "Which agents do I have?"}
    batch = await world.send("POST", "/api/v1/agents/invoke-batch", json={"invocations": [said]})
    batch_url = batch.json["status_url"]
    while (await world.send("GET", batch_url)).json["pending"]:
        pass
    schedule = {"name": "new year", "cron": "0 0 1 1 *", **said}
    before = await everything(world)
    ids = {
        "task_id": batch.json["tasks"][0],
        "batch_id": batch.json["batch_id"],
        "conversation_id": (await world.send("POST", "/api/v1/conversations", json={})).json["id"],
        "schedule_id": (await world.send("POST", "/api/v1/schedules", json=schedule)).json["id"],
        "agent_id": agent["id"],
        "run_id": run_id,
        "session_id": session.json["id"],
        "before_id": run_id,
        "after_id": run_id,
        "device_id": "laptop",
        "job_id": (await world.send("GET", "/api/v1/jobs")).json["items"][0]["id"],
        "key_id": (await world.send("GET", "/api/v1/api-keys")).json["items"][0]["id"],
        "finding_id": await found(world),
    }
    for route in world.routes:
        if "{" not in route.path or isinstance(route.access, Access):
            continue
        if str(route.access).startswith(("users:", "jobs:admin")):
            continue  # accounts and queues are nobody's things; a scope decides who sees them
        path = route.path.format(**ids)
        body = {"message": "Hello"} if route.tag == "Invocations" else None
        foreign = await world.send(route.method, path, key="ben", json=body)
        missing = await world.send(
            route.method, route.path.format_map(Missing()), key="ben", json=body
        )
        assert foreign.status == missing.status == 404, route.name
        assert foreign.json["detail"] == missing.json["detail"], route.name

    assert await everything(world) == before
    own = (await world.send("GET", "/api/v1/api-keys")).json["items"]
    assert [key["id"] for key in own] == [ids["key_id"]]
    for path in ("devices", "agents", "findings", "runs", f"runs?agent_id={agent['id']}"):
        assert (await world.send("GET", f"/api/v1/{path}", key="ben")).json["items"] == []


class Missing(dict[str, str]):
    """An id of nothing for every parameter."""

    def __missing__(self, _name: str) -> str:
        return "0197a000-0000-7000-8000-000000000000"


async def everything(world: World) -> list[tuple[Any, ...]]:
    """All rows that belong to somebody."""
    tables = (
        "devices",
        "agents",
        "runs",
        "records",
        "deliveries",
        "jobs",
        "pairing_codes",
        "agent_sessions",
    )
    return await world.database.read(
        lambda c: [tuple(row) for table in tables for row in c.execute(f"SELECT * FROM {table}")]
    )


async def test_another_users_device_takes_no_agent(world: World) -> None:
    await world.pair("laptop")
    body = {
        "name": "Spy",
        "device_id": "laptop",
        "directory_paths": ["~"],
        "file_extensions": ["md"],
        "data_types": ["tasks"],
    }

    reply = await world.send("POST", AGENTS, key="ben", json=body)

    assert reply.status == 400
    assert [error["field"] for error in reply.json["errors"]] == ["device_id"]


class Watcher:
    """Reads a run's events."""

    def __init__(self, reply: aiohttp.ClientResponse) -> None:
        self._reply = reply

    async def next(self) -> dict[str, Any] | None:
        """The data of the next event, or None at the end of the stream."""
        async with asyncio.timeout(5):
            kind = None
            async for line in self._reply.content:
                text = line.decode().rstrip()
                if text.startswith("event: "):
                    kind = text.removeprefix("event: ")
                elif text.startswith("data: "):
                    assert kind == "run.progress"
                    found: dict[str, Any] = json.loads(text.removeprefix("data: "))
                    return found
        return None


def watch(world: World, run_id: str, *, key: str = "ana") -> Any:
    headers = {"Authorization": f"Bearer {world.keys[key]}"}
    return world.session.get(f"{world.url}/api/v1/runs/{run_id}/events", headers=headers)


async def test_watching_a_run_to_its_end(world: World) -> None:
    await world.pair("laptop")
    run_id = await start(world, (await world.new_agent())["id"])
    async with watch(world, run_id) as reply:
        watcher = Watcher(reply)
        assert reply.status == 200
        assert reply.headers["Content-Type"] == "text/event-stream"
        assert reply.headers["Cache-Control"] == "no-store"
        present = await watcher.next()
        assert present == {
            "run_id": run_id,
            "status": "waiting",
            "waiting_for": "device",
            "items_processed": 0,
            "items_created": 0,
            "files_listed": None,
            "files_done": 0,
            "errors": 0,
        }
        going = {**present, "status": "running", "items_processed": 3}
        world.bus.publish("ana", "run.progress", run_id, going)
        assert await watcher.next() == going
        world.bus.publish("ana", "other.topic", run_id, {})
        world.bus.publish("ben", "run.progress", run_id, {**going, "items_processed": 99})
        assert (await world.send("POST", f"/api/v1/runs/{run_id}/cancel")).status == 202
        last = await watcher.next()
        assert last is not None
        assert last["status"] == "cancelled"
        assert await watcher.next() is None


async def test_a_final_run_tells_its_state_and_ends(world: World) -> None:
    await world.pair("laptop")
    run_id = await start(world, (await world.new_agent())["id"])
    await finish(world, run_id)

    async with watch(world, run_id) as reply:
        watcher = Watcher(reply)
        first = await watcher.next()
        assert first is not None
        assert first["status"] == "success"
        assert await watcher.next() is None


async def test_a_key_holds_so_many_streams_and_no_more(world: World) -> None:
    await world.pair("laptop")
    run_id = await start(world, (await world.new_agent())["id"])
    replies = [await watch(world, run_id) for _ in range(STREAMS_PER_KEY)]

    refused = await world.send("GET", f"/api/v1/runs/{run_id}/events")

    assert {reply.status for reply in replies} == {200}
    assert refused.status == 429
    await world.send("POST", f"/api/v1/runs/{run_id}/cancel")
    for reply in replies:
        await reply.read()
    async with watch(world, run_id) as reply:
        assert reply.status == 200


async def test_streams_end_when_the_server_stops(world: World) -> None:
    await world.pair("laptop")
    run_id = await start(world, (await world.new_agent())["id"])
    async with watch(world, run_id) as reply:
        watcher = Watcher(reply)
        await watcher.next()
        async with asyncio.timeout(5):
            await world.runner.cleanup()
        with contextlib.suppress(aiohttp.ClientError):
            assert await watcher.next() is None


class TestHeartbeat:
    @pytest.fixture
    def heartbeat_seconds(self) -> float:
        return 0.02

    async def test_a_comment_keeps_the_stream_alive(self, world: World) -> None:
        await world.pair("laptop")
        run_id = await start(world, (await world.new_agent())["id"])
        async with asyncio.timeout(5), watch(world, run_id) as reply:
            async for line in reply.content:
                if line.startswith(b": "):
                    break
            await world.send("POST", f"/api/v1/runs/{run_id}/cancel")
            last = await Watcher(reply).next()
            assert last is not None
            assert last["status"] == "cancelled"

    async def test_a_reader_who_left_is_noticed(self, world: World) -> None:
        await world.pair("laptop")
        run_id = await start(world, (await world.new_agent())["id"])
        async with watch(world, run_id) as reply:
            await Watcher(reply).next()
            assert world.bus.has_listener("ana", "run.progress", run_id)
        async with asyncio.timeout(5):
            while world.bus.has_listener("ana", "run.progress", run_id):
                await world.send("GET", "/health/live", key=None)


async def test_health(world: World) -> None:
    live = await world.send("GET", "/health/live", key=None)
    ready = await world.send("GET", "/health/ready", key=None)

    assert (live.status, live.json) == (200, {"status": "ok"})
    assert (ready.status, ready.json) == (200, {"status": "ok", "checks": {"database": "ok"}})
    world.database.alarm = "The disk is full."
    full = await world.send("GET", "/health/ready", key=None)
    assert full.status == 503
    assert full.json == {"status": "unavailable", "checks": {"database": "The disk is full."}}


async def test_a_full_disk_is_told_and_reading_goes_on(world: World) -> None:
    await world.pair("laptop")
    await world.database.write(
        lambda tx: tx.execute("PRAGMA max_page_count = 1")  # as many as there are now
    )
    reply = await world.send("POST", "/api/v1/devices/pairings", json={})
    for _ in range(400):
        if reply.status != 201:
            break
        reply = await world.send("POST", "/api/v1/devices/pairings", json={})

    assert (reply.status, reply.json["code"]) == (507, "storage_full")
    assert (await world.send("GET", "/api/v1/devices")).status == 200
    await world.database.write(lambda tx: tx.execute("PRAGMA max_page_count = 1073741823"))
    assert (await world.send("POST", "/api/v1/devices/pairings", json={})).status == 201


@pytest.mark.parametrize("part", ["%00", "%FF", "%ED%A0%80", "a%2Fb", "%0d%0aX-Evil:1", "..", "~"])
async def test_ids_that_are_none_are_not_found(world: World, part: str) -> None:
    for path in (f"/api/v1/agents/{part}", f"/api/v1/runs/{part}"):
        reply = await world.raw(
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\n"
            f"X-API-Key: {world.keys['ana']}\r\n\r\n".encode()
        )
        assert (reply.status, reply.json["code"]) == (404, "not_found"), path
        assert "X-Evil" not in reply.headers
    listed = await world.send("GET", f"/api/v1/runs?agent_id={part}")
    assert (listed.status, listed.json["items"]) == (200, [])
