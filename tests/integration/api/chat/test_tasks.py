"""Tasks: how they go, what came of them, how they end."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from event_stream import parse_stream, text_of
from scripted_model import CALL_COST, Turn, calls, says

from noond.config import JobSettings, LimitSettings
from noond.store.job_retention import empty_results

if TYPE_CHECKING:
    from scripted_model import ScriptedModel

    from tests.integration.api.chat.conftest import Chat
    from tests.integration.api.conftest import World

UNKNOWN = "01a1fab5-f083-7000-b6d4-2f9e8c7a1b05"


async def test_a_queued_message_says_where_to_look(chat: Chat) -> None:
    reply = await chat.post("/agents/assistant/invoke-async", {"message": "Hello"})
    task_id = reply.json["task_id"]
    assert (reply.status, reply.json) == (
        202,
        {
            "task_id": task_id,
            "status": "queued",
            "message": "The task was queued.",
            "status_url": f"/api/v1/agents/tasks/{task_id}",
        },
    )
    task = await chat.until(task_id)
    assert (task["state"], task["status"], task["progress"]) == ("SUCCESS", "completed", 100)
    assert (task["content"], task["result"]["content"]) == ("Good day.", "Good day.")
    assert (task["cost"], task["calls"]) == (pytest.approx(CALL_COST), 1)
    assert task["result"]["metadata"]["cost"] == task["cost"]


async def test_a_task_goes_through_its_states(
    chat: Chat, world: World, model: ScriptedModel
) -> None:
    go_on = asyncio.Event()
    model.plays(Turn(status=503), says("first ", "last", held=go_on))
    await world.engine.pause("agent-tasks")
    task_id = await chat.queue("Hello", stream=True)
    assert (await chat.task(task_id))["state"] == "PENDING"
    await world.engine.resume("agent-tasks")

    retry = await chat.until(task_id, "RETRY")
    assert (retry["status"], retry["error"]["code"]) == ("retrying", "model_error")
    assert retry["next_attempt_at"] is not None
    world.clock.advance(timedelta(seconds=61))
    world.engine.wake()
    await model.arrival()
    async with asyncio.timeout(10):
        while (running := await chat.task(task_id))["content"] != "first ":
            pass
    assert (running["state"], running["status"], running["attempt"]) == ("STARTED", "processing", 2)
    assert (running["error"], running["result"]) == (None, None)
    assert (await world.send("GET", f"/api/v1/agents/tasks/{task_id}/result")).status == 409
    go_on.set()
    done = await chat.until(task_id)
    assert (done["state"], done["content"], done["error"]) == ("SUCCESS", "first last", None)
    assert done["calls"] == 2, "with the one that failed"
    heard = parse_stream((await world.send("GET", f"/api/v1/agents/tasks/{task_id}/events")).text)
    assert text_of(heard) == "first last"
    assert [each.name for each in heard].count("error") == 1


@pytest.mark.parametrize("job_settings", [JobSettings(rates={}, max_retries=1, backoff_seconds=0)])
async def test_a_task_is_tried_again_and_told_once_that_it_failed(
    chat: Chat, model: ScriptedModel
) -> None:
    model.plays(Turn(status=503))
    task = await chat.until(await chat.queue("Hello"))
    assert (task["state"], task["status"], task["attempt"]) == ("FAILURE", "failed", 2)
    assert task["error"]["code"] == "model_error"
    assert task["calls"] == 2
    entered = (await chat.get("/interactions"))["items"]
    assert [each["success"] for each in entered] == [False]


async def test_a_waiting_and_a_running_task_are_cancelled(
    chat: Chat, world: World, model: ScriptedModel
) -> None:
    model.plays(says("never", held=asyncio.Event()))
    running = await chat.queue("Hello")
    await model.arrival()
    await world.engine.pause("agent-tasks")
    waiting = await chat.queue("Hello")
    for task_id in (running, waiting):
        reply = await chat.post(f"/agents/tasks/{task_id}/cancel")
        assert (reply.status, reply.json["outcome"]) == (202, "requested")
        assert (await chat.until(task_id))["status"] == "cancelled"
    again = await chat.post(f"/agents/tasks/{running}/cancel")
    assert (again.json["outcome"], again.json["state"]) == ("already_final", "REVOKED")
    await asyncio.wait_for(model.left.wait(), 5)
    spent = [(await chat.task(task_id))["calls"] for task_id in (running, waiting)]
    assert spent == [1, 0]


async def test_unknown_tasks_and_jobs_that_are_none_are_404(chat: Chat, world: World) -> None:
    job = (await chat.post("/jobs", {"type": "purge_sign_ins"})).json["job_id"]
    for task_id in (UNKNOWN, "x", job):
        for method, rest in (
            ("GET", ""), ("GET", "/events"), ("GET", "/result"), ("POST", "/cancel"),
        ):  # fmt: skip
            reply = await world.send(method, f"/api/v1/agents/tasks/{task_id}{rest}")
            assert reply.status == 404, (task_id, rest)


async def test_a_result_that_is_not_kept_any_more(chat: Chat, world: World) -> None:
    task_id = await chat.queue("Hello")
    await chat.until(task_id)
    world.clock.advance(timedelta(hours=2))
    await world.database.write(lambda tx: empty_results(tx, before=world.clock.now(), limit=10))
    task = await chat.task(task_id)
    assert (task["state"], task["result"], task["content"]) == ("SUCCESS", None, None)
    assert task["result_expired"]
    gone = await world.send("GET", f"/api/v1/agents/tasks/{task_id}/result")
    assert (gone.status, gone.json["code"]) == (410, "job_expired")


async def test_a_result_as_a_file(chat: Chat, world: World, model: ScriptedModel) -> None:
    model.plays(calls(("list_agents", {})), says("None."))
    task_id = await chat.queue("Hello")
    await chat.until(task_id)

    async def file(kind: str) -> Any:
        path = f"/api/v1/agents/tasks/{task_id}/result?format={kind}"
        reply = await world.send("GET", path)
        assert reply.status == 200
        return reply

    whole = (await file("json")).json
    names = ["run_started", "tool_call", "tool_result", "usage"]
    assert [step["event"] for step in whole["steps"]] == names
    assert whole["result"]["content"] == "None."
    lines = await file("jsonl")
    assert lines.headers["Content-Type"].startswith("application/jsonl")
    assert [json.loads(line) for line in lines.text.splitlines()] == whole["steps"]
    rows = list(csv.reader(io.StringIO((await file("csv")).text)))
    assert rows[0] == ["seq", "event", "data"]
    assert [row[1] for row in rows[1:]] == names
    assert (
        await world.send("GET", f"/api/v1/agents/tasks/{task_id}/result?format=xml")
    ).status == 400


async def test_the_list_is_paged_and_narrowed(chat: Chat) -> None:
    ids = [await chat.queue(f"Hello {number}") for number in range(3)]
    for task_id in ids:
        await chat.until(task_id)
    page = await chat.get("/agents/tasks?limit=2")
    rest = await chat.get(f"/agents/tasks?limit=2&cursor={page['next']}")
    assert [task["task_id"] for task in page["items"] + rest["items"]] == ids[::-1]
    assert (await chat.get("/agents/tasks?status=failed"))["items"] == []


@pytest.mark.parametrize("limit_settings", [LimitSettings(invocations_per_day=2)])
async def test_a_quota_of_the_day(chat: Chat, world: World) -> None:
    several = {"invocations": [{"message": "a"}, {"message": "b"}, {"message": "c"}]}
    whole = await chat.post("/agents/invoke-batch", several)
    assert whole.status == 429
    assert (await chat.get("/agents/tasks"))["items"] == [], "all or none"
    await chat.invoke("one")
    await chat.invoke("two")
    for path in ("invoke", "stream", "assistant/invoke-async"):
        refused = await chat.post(f"/agents/{path}", {"message": "three"})
        assert (refused.status, refused.json["code"]) == (429, "quota_reached")
        assert int(refused.headers["Retry-After"]) > 0
    assert (await chat.post("/agents/invoke", {"message": "mine"}, key="ben")).status == 200
    world.clock.advance(timedelta(days=1))
    await chat.invoke("tomorrow")


@pytest.mark.parametrize("limit_settings", [LimitSettings(invokes_per_minute=2)])
async def test_messages_have_a_rate(chat: Chat) -> None:
    replies = [await chat.post("/agents/invoke", {"message": "Hi"}) for _ in range(3)]
    assert [reply.status for reply in replies] == [200, 200, 429]
    assert int(replies[2].headers["Retry-After"]) > 0


@pytest.mark.parametrize("job_settings", [JobSettings(rates={}, soft_seconds=0.3)])
async def test_out_of_time_a_task_ends_with_what_there_is(
    chat: Chat, world: World, model: ScriptedModel
) -> None:
    model.plays(says("See.", calls=(("list_agents", {}),)), says("never", held=asyncio.Event()))
    task_id = await chat.queue("Hello")
    await model.arrival()
    await model.arrival()
    world.clock.advance(timedelta(seconds=1))
    task = await chat.until(task_id)
    metadata = task["result"]["metadata"]
    assert (task["content"], metadata["finish_reason"]) == ("See.", "timeout")
    assert (metadata["partial"], metadata["calls"], task["calls"]) == (True, 2, 2)
    await asyncio.wait_for(model.left.wait(), 5)
