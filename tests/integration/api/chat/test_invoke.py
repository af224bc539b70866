"""Messages that are answered while their sender waits."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from scripted_model import CALL_COST, Turn, calls, says

from noond.store.job_retention import empty_results

if TYPE_CHECKING:
    from scripted_model import ScriptedModel

    from tests.integration.api.chat.conftest import Chat
    from tests.integration.api.conftest import World

INVOKE = "/agents/invoke"


async def test_an_answer_comes_with_what_it_cost(chat: Chat, model: ScriptedModel) -> None:
    model.plays(calls(("list_agents", {})), says("You have no agents."))
    reply = await chat.invoke("Which agents do I have?", metadata={"app": 7})

    assert reply["response"] == "You have no agents."
    metadata = reply["metadata"]
    assert metadata.pop("task_id")
    assert metadata == {
        "agent_id": "assistant",
        "session_id": None,
        "model": "small",
        "tokens_used": 240,
        "prompt_tokens": 200,
        "completion_tokens": 40,
        "cost": pytest.approx(2 * CALL_COST),
        "calls": 2,
        "finish_reason": "stop",
        "partial": False,
        "success": True,
        "tools": ["list_agents"],
        "tainted": False,
        "request": {"app": 7},
    }
    system, question = model.asked[0]["messages"]
    assert "Europe/Berlin" in system["content"] or "UTC" in system["content"]
    assert question == {"role": "user", "content": "Which agents do I have?"}


async def test_another_agent_is_named_in_the_path(chat: Chat, model: ScriptedModel) -> None:
    reply = await chat.post("/agents/simple_llm_agent/invoke", {"message": "Hello"})
    assert reply.json["metadata"]["agent_id"] == "simple_llm_agent"
    assert "tools" not in model.asked[0]


async def test_agents_that_answer_no_messages_say_so(chat: Chat) -> None:
    agent_id = await chat.agent()
    assert (await chat.post(f"/agents/{agent_id}/invoke", {"message": "Hi"})).status == 409
    assert (await chat.post("/agents/nobody/invoke", {"message": "Hi"})).status == 404
    foreign = await chat.post(f"/agents/{agent_id}/invoke", {"message": "Hi"}, key="ben")
    assert foreign.status == 404


@pytest.mark.parametrize(
    ("message", "status"),
    [("", 400), (" \n", 400), ("x", 200), ("x" * 10_000, 200), ("x" * 10_001, 400), (7, 400)],
)
async def test_a_message_has_1_to_10000_characters(chat: Chat, message: Any, status: int) -> None:
    assert (await chat.post(INVOKE, {"message": message})).status == status


async def test_the_short_form_tells_the_last_tool(chat: Chat, world: World, model: Any) -> None:
    model.plays(calls(("list_agents", {})), says("None."))
    reply = await world.send("POST", "/agent/chat", json={"text": "Which agents?"})
    assert reply.json == {
        "tool": "list_agents",
        "summary": "None.",
        "result": {"agents": []},
        "success": True,
    }


async def test_the_same_key_many_times_at_once_asks_the_model_once(
    chat: Chat, model: ScriptedModel
) -> None:
    go_on = asyncio.Event()
    model.plays(says("Only once.", held=go_on))
    waiting = [
        asyncio.create_task(chat.post(INVOKE, {"message": "Hello"}, once="k")) for _ in range(20)
    ]
    await model.arrival()
    go_on.set()
    replies = [await each for each in waiting]

    assert {reply.status for reply in replies} == {200}
    assert len({reply.json["metadata"]["task_id"] for reply in replies}) == 1
    assert len(model.asked) == 1
    assert len((await chat.get("/agents/tasks"))["items"]) == 1
    other = await chat.post(INVOKE, {"message": "Other"}, once="k")
    assert (other.status, other.json["code"]) == (409, "idempotency_key_reused")


async def test_a_repeated_request_whose_answer_is_gone_is_told_so(chat: Chat, world: World) -> None:
    assert (await chat.post(INVOKE, {"message": "Hello"}, once="k")).status == 200
    world.clock.advance(timedelta(hours=2))
    await world.database.write(lambda tx: empty_results(tx, before=world.clock.now(), limit=10))
    again = await chat.post(INVOKE, {"message": "Hello"}, once="k")
    assert (again.status, again.json["code"]) == (410, "job_expired")


@pytest.mark.parametrize("llm_changes", [{"retries": 1}])
async def test_a_model_that_fails_is_502_and_its_calls_are_in_the_accounts(
    chat: Chat, model: ScriptedModel
) -> None:
    model.plays(Turn(status=503))
    reply = await chat.post(INVOKE, {"message": "Hello"})
    assert (reply.status, reply.json["code"]) == (502, "model_error")
    assert len(model.asked) == 2, "the server is asked again, the message is not sent again"
    (task,) = (await chat.get("/agents/tasks"))["items"]
    assert (task["state"], task["attempt"], task["calls"]) == ("FAILURE", 1, 2)
    assert task["error"]["code"] == "model_error"
    (entered,) = (await chat.get("/interactions"))["items"]
    assert (entered["success"], entered["message"]) == (False, "Hello")


@pytest.mark.parametrize("llm_changes", [{"usd_per_day": 0.000001}])
async def test_without_money_it_is_429_with_a_time(chat: Chat, model: ScriptedModel) -> None:
    reply = await chat.post(INVOKE, {"message": "Hello"})
    assert (reply.status, reply.json["code"]) == (429, "budget")
    assert int(reply.headers["Retry-After"]) > 0
    assert model.asked == []
    queued = await chat.until(await chat.queue("Hello"))
    assert (queued["state"], queued["error"]["code"], queued["attempt"]) == ("FAILURE", "budget", 1)
    assert queued["error"]["retry_at"] is not None
    entered = (await chat.get("/interactions"))["items"]
    assert [each["success"] for each in entered] == [False, False], "one for each that failed"


async def test_what_stays_cut_at_the_models_limit_says_so(chat: Chat, model: ScriptedModel) -> None:
    model.plays(says("And then", finish="length"))
    metadata = (await chat.invoke("Tell me"))["metadata"]
    assert (metadata["finish_reason"], metadata["success"]) == ("length", True)


async def test_who_cancels_ends_the_waiting_too(chat: Chat, model: ScriptedModel) -> None:
    model.plays(says("never", held=asyncio.Event()))
    waiting = asyncio.create_task(chat.post(INVOKE, {"message": "Hello"}))
    await model.arrival()
    (task,) = (await chat.get("/agents/tasks"))["items"]
    await chat.post(f"/agents/tasks/{task['task_id']}/cancel")
    reply = await waiting
    assert (reply.status, reply.json["code"]) == (409, "task_cancelled")
    await asyncio.wait_for(model.left.wait(), 5)
