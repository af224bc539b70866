"""Background jobs over HTTP: each user's own, the engine for administrators, clean-ups by hand."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from noond.accounts.tokens import new_token
from noond.models.account import Role
from noond.models.job import Job, NewJob
from noond.store import sign_ins
from noond.store.job_retention import empty_results
from noond.store.sign_ins import SignIn

if TYPE_CHECKING:
    from tests.integration.api.conftest import World

JOBS = "/api/v1/jobs"
UNKNOWN = "01a1fab5-f083-7000-b6d4-2f9e8c7a1b05"


async def add(world: World, user: str, **changes: Any) -> str:
    """Queue a job of the test's type; returns its id."""
    job = world.engine.new_job("test", user, changes.pop("payload", {}), **changes)
    return (await world.engine.enqueue(job)).id


async def look(world: World, job_id: str, *, key: str = "ana") -> dict[str, Any]:
    reply = await world.send("GET", f"{JOBS}/{job_id}", key=key)
    assert reply.status == 200, reply.text
    found: dict[str, Any] = reply.json
    return found


async def until(world: World, job_id: str, *statuses: str, key: str = "ana") -> dict[str, Any]:
    async with asyncio.timeout(10):
        while (found := await look(world, job_id, key=key))["status"] not in statuses:
            pass
    return found


async def ids(world: World, query: str = "", *, key: str = "ana") -> list[str]:
    reply = await world.send("GET", f"{JOBS}?{query}", key=key)
    assert reply.status == 200, reply.text
    return [job["id"] for job in reply.json["items"]]


async def later(world: World, user: str, **changes: Any) -> str:
    """A job that waits for tomorrow."""
    return await add(world, user, scheduled_at=world.clock.now() + timedelta(days=1), **changes)


async def fails(_job: Job) -> None:
    raise RuntimeError("no paper")


@pytest.mark.parametrize("role", list(Role))
async def test_everybody_meets_their_own_jobs_only(world: World, role: Role) -> None:
    await world.add_user("cem", role)
    hers, his = await later(world, "ana"), await later(world, "cem")

    assert (await ids(world), await ids(world, key="cem")) == ([hers], [his])
    assert (await world.send("GET", f"{JOBS}/{hers}", key="cem")).status == 404
    for verb in ("cancel", "retry"):
        refused = await world.send("POST", f"{JOBS}/{hers}/{verb}", key="cem")
        assert refused.status == (403 if role is Role.VIEWER else 404), verb
    await world.send("POST", f"{JOBS}/{hers}/cancel")
    deleted = await world.send("DELETE", JOBS, key="cem")
    assert deleted.status == (403 if role is Role.VIEWER else 200)
    assert await ids(world) == [hers]


@pytest.mark.parametrize("role", [Role.VIEWER, Role.USER])
async def test_the_engine_is_for_administrators(world: World, role: Role) -> None:
    await world.add_user("cem", role)
    await world.add_user("dia", Role.ADMIN)
    requests: list[tuple[str, str, Any, int]] = [
        ("GET", f"{JOBS}/stats", None, 200),
        ("POST", JOBS, {"type": "purge_sign_ins"}, 202),
        ("POST", "/api/v1/job-queues/cleanup-tasks/pause", None, 200),
        ("POST", "/api/v1/job-queues/cleanup-tasks/resume", None, 200),
        ("PATCH", "/api/v1/job-queues/cleanup-tasks", {"concurrency": 1}, 200),
        ("DELETE", f"{JOBS}?all_users=true", None, 200),
    ]
    for method, path, body, status in requests:
        assert (await world.send(method, path, key="cem", json=body)).status == 403, path
        assert (await world.send(method, path, key="dia", json=body)).status == status, path
    assert (await world.send("GET", f"{JOBS}/types", key="cem")).status == 200


async def test_lists_are_narrowed_and_paged(world: World) -> None:
    first = await later(world, "ana", queue="letters")
    world.clock.advance(timedelta(hours=1))
    second = await later(world, "ana")
    noon = world.clock.now().isoformat().replace("+00:00", "Z")
    world.clock.advance(timedelta(hours=1))
    third = await add(world, "ana")
    await until(world, third, "completed")

    assert await ids(world) == [third, second, first]
    assert await ids(world, "status=completed") == [third]
    assert await ids(world, "status=pending") == [second, first]
    assert await ids(world, "queue=letters") == [first]
    assert await ids(world, "job_type=test") == [third, second, first]
    assert await ids(world, "job_type=other") == []
    assert await ids(world, f"since={noon}") == [third, second]
    assert await ids(world, f"until={noon}") == [first]
    page = (await world.send("GET", f"{JOBS}?limit=2")).json
    assert await ids(world, f"limit=2&cursor={page['next']}") == [first]
    assert (await world.send("GET", f"{JOBS}?status=lost")).status == 400


async def test_a_job_is_shown_with_all_that_stands_beside_it(world: World) -> None:
    reached, go_on = asyncio.Event(), asyncio.Event()

    async def talk(job: Job, context: Any) -> Any:
        if job.attempt == 1:
            raise RuntimeError("no paper")
        await context.checkpoint({"page": 3})
        await context.enqueue(
            NewJob(user_id="ana", job_type="unknown", scheduled_at=world.clock.now())
        )
        context.progress(40, "page 3 of 7")
        reached.set()
        await go_on.wait()
        return {"pages": 7}

    world.handler.talk = talk
    job_id = await add(world, "ana", max_retries=1, payload={"for": "ana"})
    await asyncio.wait_for(reached.wait(), 10)
    async with asyncio.timeout(10):
        while (running := await look(world, job_id))["progress"] is None:
            pass

    assert (running["status"], running["attempt"], running["retry_count"]) == ("running", 2, 1)
    assert running["payload"] == {"for": "ana"}
    assert [(a["attempt"], a["reason"], a["error"]) for a in running["attempts"]] == [
        (1, "error", "RuntimeError: no paper")
    ]
    assert running["attempts"][0]["next_at"] is not None
    assert running["checkpoint_at"] is not None
    assert (running["progress"]["percent"], running["progress"]["message"]) == (40, "page 3 of 7")
    assert [(c["job_type"], c["status"]) for c in running["children"]] == [("unknown", "pending")]
    assert (await look(world, running["children"][0]["id"]))["parent_id"] == job_id
    assert running["result"] is None
    go_on.set()
    done = await until(world, job_id, "completed")
    assert (done["result"], done["result_expired"]) == ({"pages": 7}, False)

    now = world.clock.now() + timedelta(seconds=1)
    await world.database.write(lambda tx: empty_results(tx, before=now, limit=10))
    expired = await look(world, job_id)
    assert (expired["result"], expired["result_expired"]) == (None, True)
    assert (await world.send("GET", f"{JOBS}/{UNKNOWN}")).status == 404


async def test_a_batch_is_counted(world: World) -> None:
    members = [world.engine.new_job("test", "ana", {"n": n}) for n in range(2)]
    await world.engine.enqueue_batch("ana", members)
    for job_id in await ids(world):
        await until(world, job_id, "completed")
    shown = (await look(world, (await ids(world))[0]))["batch"]
    assert (shown["total"], shown["pending"], shown["failed"]) == (2, 0, 0)


async def test_cancelling_tells_what_it_did(world: World) -> None:
    async def wait(_job: Job) -> None:
        await asyncio.Event().wait()

    world.handler.work = wait
    waiting, running = await later(world, "ana"), await add(world, "ana")
    await world.handler.next()

    cancelled = await world.send("POST", f"{JOBS}/{waiting}/cancel")
    assert (cancelled.status, cancelled.json) == (
        202,
        {"job_id": waiting, "status": "cancelled", "outcome": "requested"},
    )
    again = await world.send("POST", f"{JOBS}/{waiting}/cancel")
    assert (again.json["status"], again.json["outcome"]) == ("cancelled", "already_final")
    asked = await world.send("POST", f"{JOBS}/{running}/cancel")
    assert asked.json["outcome"] == "requested"
    assert (await until(world, running, "cancelled"))["completed_at"] is not None
    assert (await world.send("POST", f"{JOBS}/{UNKNOWN}/cancel")).status == 404


async def test_what_failed_or_was_cancelled_is_tried_again(world: World) -> None:
    world.handler.work = fails
    failed = await add(world, "ana")
    await until(world, failed, "failed")
    world.handler.work = None

    retried = await world.send("POST", f"{JOBS}/{failed}/retry")

    assert (retried.status, retried.json["job_id"]) == (202, failed)
    done = await until(world, failed, "completed")
    assert (done["attempt"], len(done["attempts"])) == (2, 1)
    refused = await world.send("POST", f"{JOBS}/{failed}/retry")
    assert (refused.status, refused.json["code"]) == (409, "conflict")
    assert "completed" in refused.json["detail"]
    assert (await world.send("POST", f"{JOBS}/{UNKNOWN}/retry")).status == 404


async def test_a_retry_meets_the_job_that_took_its_unique_key(world: World) -> None:
    old = await later(world, "ana", unique_key="report")
    await world.send("POST", f"{JOBS}/{old}/cancel")
    new = await later(world, "ana", unique_key="report")
    refused = await world.send("POST", f"{JOBS}/{old}/retry")
    assert (refused.status, refused.json["code"], refused.json["job_id"]) == (
        409,
        "job_exists",
        new,
    )


async def test_the_job_of_a_run_ends_with_its_run(world: World) -> None:
    await world.pair("laptop")
    agent = await world.new_agent()
    run = (await world.send("POST", f"/api/v1/agents/{agent['id']}/runs", json={})).json
    (job_id,) = await ids(world, "job_type=agent_run")

    cancelled = await world.send("POST", f"{JOBS}/{job_id}/cancel")

    assert cancelled.json["outcome"] == "requested"
    assert (await world.send("GET", f"/api/v1/runs/{run['run_id']}")).json["status"] == "cancelled"
    refused = await world.send("POST", f"{JOBS}/{job_id}/retry")
    assert (refused.status, refused.json["code"]) == (409, "conflict")


async def test_ended_jobs_are_deleted_as_far_as_they_match(world: World) -> None:
    old = await add(world, "ana")
    await until(world, old, "completed")
    world.clock.advance(timedelta(days=2))
    world.handler.work = fails
    failed = await add(world, "ana")
    await until(world, failed, "failed")
    waiting, bens = await later(world, "ana"), await later(world, "ben")
    await world.send("POST", f"{JOBS}/{bens}/cancel", key="ben")
    yesterday = (world.clock.now() - timedelta(days=1)).isoformat().replace("+00:00", "Z")

    async def delete(query: str) -> int:
        return int((await world.send("DELETE", f"{JOBS}?{query}")).json["deleted"])

    assert await delete("status=cancelled") == 0
    assert await delete("job_type=other") == 0
    assert await delete(f"before={yesterday}") == 1
    assert await ids(world) == [waiting, failed]
    assert await delete("") == 1
    assert (await ids(world), await ids(world, key="ben")) == ([waiting], [bens])
    assert await delete("all_users=true") == 1
    assert (await ids(world), await ids(world, key="ben")) == ([waiting], [])
    assert (await world.send("DELETE", f"{JOBS}?status=pending")).status == 400


async def test_types_are_told_with_their_limits_and_times(world: World) -> None:
    await world.jobs.keep_schedules()
    found = {
        each["name"]: each for each in (await world.send("GET", f"{JOBS}/types")).json["items"]
    }
    assert found["test"]["by_hand"] is False
    assert found["test"]["cron"] is None
    archive = found["archive_audit_log"]
    assert (archive["queue"], archive["priority"], archive["concurrent"]) == ("cleanup-tasks", 6, 1)
    assert (archive["by_hand"], archive["cron"]) == (True, "0 2 * * *")
    assert archive["next_at"] == "2026-11-21T02:00:00.000Z"


async def test_the_engine_tells_what_waits_and_what_went_wrong(world: World) -> None:
    await later(world, "ana", queue="letters")
    await until(world, await add(world, "ben"), "completed", key="ben")
    await world.send("POST", "/api/v1/job-queues/cleanup-tasks/pause")
    await world.send("POST", JOBS, json={"type": "purge_sign_ins"})

    stats = (await world.send("GET", f"{JOBS}/stats")).json

    counts = {(c["job_type"], c["queue"], c["status"]): c["count"] for c in stats["counts"]}
    assert counts == {
        ("test", "letters", "pending"): 1,
        ("purge_sign_ins", "cleanup-tasks", "pending"): 1,
        ("test", None, "completed"): 1,
    }
    assert list(stats["last_ended"]) == ["test"]
    backlog = stats["backlog"]
    assert (backlog["ready"], backlog["later"]) == ({"cleanup-tasks": 1}, 1)
    assert backlog["oldest_ready_at"] == "2026-11-20T08:00:00.000Z"
    assert [queue["queue"] for queue in stats["queues"]] == ["cleanup-tasks"]
    assert stats["telemetry"]["ended"] == [{"job_type": "test", "outcome": "completed", "count": 1}]
    assert stats["telemetry"]["queue_wait"]["count"] == 1


async def test_a_paused_queue_starts_nothing_until_it_is_resumed(world: World) -> None:
    queue = "/api/v1/job-queues/cleanup-tasks"
    assert (await world.send("POST", f"{queue}/pause")).json["paused_at"] is not None
    started = (await world.send("POST", JOBS, json={"type": "purge_spent_keys"})).json
    await until(world, await add(world, "ana"), "completed")
    assert (await look(world, started["job_id"]))["status"] == "pending"

    resumed = (await world.send("POST", f"{queue}/resume")).json

    assert resumed == {"queue": "cleanup-tasks", "paused_at": None, "concurrency": None}
    await until(world, started["job_id"], "completed")
    limited = await world.send("PATCH", queue, json={"concurrency": 3})
    assert limited.json["concurrency"] == 3
    assert (await world.send("PATCH", queue, json={"concurrency": 0})).status == 400
    assert (await world.send("POST", "/api/v1/job-queues/nothing/pause")).status == 404


async def test_a_clean_up_is_started_by_hand_and_tells_what_it_did(world: World) -> None:
    now = world.clock.now()
    for name, days in (("old", -1), ("new", 1)):
        sign_in = SignIn(
            id=name,
            user_id="ben",
            ip="",
            user_agent="",
            created_at=now,
            expires_at=now + timedelta(days=days),
            ended_at=None,
        )
        token = new_token("nd_refresh_").hash

        def store(tx: Any, sign_in: SignIn = sign_in, token: bytes = token) -> None:
            sign_ins.insert(tx, sign_in)
            sign_ins.add_token(tx, sign_in.id, token, now=now)

        await world.database.write(store)

    started = await world.send("POST", JOBS, json={"type": "purge_sign_ins"})

    assert (started.status, started.json["inserted"]) == (202, True)
    assert started.json["status_url"] == f"{JOBS}/{started.json['job_id']}"
    done = await until(world, started.json["job_id"], "completed")
    assert done["result"] == {
        "status": "success",
        "cutoff": "2026-11-20T08:00:00.000Z",
        "counts": {"sign_ins_and_tokens": 1},
        "started_at": "2026-11-20T08:00:00.000Z",
        "completed_at": "2026-11-20T08:00:00.000Z",
    }
    left = await world.database.read(
        lambda c: [row["id"] for row in c.execute("SELECT id FROM sign_ins")]
    )
    assert left == ["new"]
    refused = await world.send("POST", JOBS, json={"type": "test"})
    assert (refused.status, refused.json["errors"][0]["field"]) == (400, "type")


async def test_a_clean_up_that_has_not_ended_is_the_answer_to_a_second_start(world: World) -> None:
    await world.send("POST", "/api/v1/job-queues/cleanup-tasks/pause")
    first = (await world.send("POST", JOBS, json={"type": "purge_jobs"})).json
    second = (await world.send("POST", JOBS, json={"type": "purge_jobs"})).json
    assert (second["job_id"], second["inserted"]) == (first["job_id"], False)
