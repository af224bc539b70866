"""Conversations: what the agent is told of them, and when they are forgotten."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from scripted_model import CALL_COST, says

from noond.config import AssistantSettings

if TYPE_CHECKING:
    from scripted_model import ScriptedModel

    from tests.integration.api.chat.conftest import Chat
    from tests.integration.api.conftest import World


async def begin(chat: Chat, **body: Any) -> str:
    made = await chat.post("/conversations", body)
    assert made.status == 201, made.text
    return str(made.json["id"])


def told(asked: dict[str, Any]) -> list[str]:
    """What the model was told, without the instructions."""
    return [each["content"] for each in asked["messages"] if each["role"] != "system"]


async def test_the_agent_knows_what_was_said_before(chat: Chat, model: ScriptedModel) -> None:
    session, other = await begin(chat), await begin(chat, title="Other")
    model.plays(says("Hello Ana."), says("Ana."), says("Nobody told me."))
    await chat.invoke("I am  Ana\nSmith", session_id=session)
    reply = await chat.invoke("Who am I?", session_id=session)
    await chat.invoke("Who am I?", session_id=other)

    assert reply["metadata"]["session_id"] == session
    assert told(model.asked[1]) == ["I am  Ana\nSmith", "Hello Ana.", "Who am I?"]
    assert told(model.asked[2]) == ["Who am I?"]
    shown = await chat.get(f"/conversations/{session}")
    assert (shown["title"], shown["message_count"]) == ("I am Ana Smith", 4)
    assert (shown["tokens_used"], shown["cost_usd"]) == (240, pytest.approx(2 * CALL_COST))
    said = (await chat.get(f"/conversations/{session}/messages"))["items"]
    assert [(each["role"], each["content"]) for each in said[:2]] == [
        ("assistant", "Ana."), ("user", "Who am I?"),
    ]  # fmt: skip
    listed = (await chat.get("/conversations"))["items"]
    assert [each["id"] for each in listed] == [other, session]


async def test_messages_of_a_conversation_are_answered_in_their_order(
    chat: Chat, model: ScriptedModel
) -> None:
    session = await begin(chat)
    go_on = asyncio.Event()
    model.play = lambda asked: says("re " + told(asked)[-1], held=go_on)
    tasks = [await chat.queue(f"m{number}", session_id=session) for number in range(4)]
    await model.arrival()
    go_on.set()
    for task_id in tasks:
        await chat.until(task_id)
    assert model.most_running == 1
    said = (await chat.get(f"/conversations/{session}/messages"))["items"]
    wanted = [text for number in range(4) for text in (f"m{number}", f"re m{number}")]
    assert [each["content"] for each in said[::-1]] == wanted


@pytest.mark.parametrize("assistant_settings", [AssistantSettings(context_messages=4)])
async def test_older_messages_are_summarised_by_the_model(chat: Chat, model: ScriptedModel) -> None:
    session = await begin(chat)

    def play(asked: dict[str, Any]) -> Any:
        summing = "Summarise this conversation" in asked["messages"][0]["content"]
        return says("SUMMARY" if summing else "re " + told(asked)[-1])

    model.play = play
    for number in range(3):
        await chat.invoke(f"m{number}", session_id=session)
    assert len(model.asked) == 3, "four messages are told as they are"
    reply = await chat.invoke("m3", session_id=session)

    summing, asked = model.asked[3:]
    assert told(summing) == ["user: m0\nassistant: re m0\nuser: m1\nassistant: re m1"]
    assert told(asked) == ["m2", "re m2", "m3"]
    assert "SUMMARY" in asked["messages"][0]["content"]
    assert (reply["metadata"]["calls"], reply["metadata"]["tokens_used"]) == (2, 240)
    shown = await chat.get(f"/conversations/{session}")
    assert (shown["summary"], shown["tokens_used"]) == ("SUMMARY", 5 * 120)
    await chat.invoke("m4", session_id=session)
    assert len(model.asked) == 6, "no summary is made before there is too much again"
    assert told(model.asked[5]) == ["m2", "re m2", "m3", "re m3", "m4"]
    await chat.invoke("m5", session_id=session)
    assert told(model.asked[6])[0].startswith("Summary of what was before: SUMMARY\nuser: m2")


async def test_a_conversation_is_over_after_its_time(chat: Chat, world: World) -> None:
    session = await begin(chat, keep_hours=2)
    world.clock.advance(timedelta(hours=1))
    await chat.invoke("Hello", session_id=session)
    world.clock.advance(timedelta(minutes=119))
    kept = await chat.get(f"/conversations/{session}")
    assert kept["expires_at"] == "2026-11-20T11:00:00.000Z"
    world.clock.advance(timedelta(minutes=1))
    for method, path, body in (
        ("GET", f"/conversations/{session}", None),
        ("GET", f"/conversations/{session}/messages", None),
        ("PATCH", f"/conversations/{session}", {"title": "x"}),
        ("POST", "/agents/invoke", {"message": "Hi", "session_id": session}),
    ):
        reply = await world.send(method, f"/api/v1{path}", json=body)
        assert reply.status == 404, (method, path)
    assert (await chat.get("/conversations"))["items"] == []
    job = await chat.post("/jobs", {"type": "clean_up_sessions"})
    assert job.status == 202
    async with asyncio.timeout(10):
        while await world.database.read(
            lambda c: c.execute("SELECT count(*) FROM conversation_messages").fetchone()[0]
        ):
            pass


async def test_a_conversation_is_renamed_and_kept_longer(chat: Chat, world: World) -> None:
    session = await begin(chat)
    path = f"/api/v1/conversations/{session}"
    changed = await world.send("PATCH", path, json={"title": "Plans", "keep_hours": 48})
    assert (changed.json["title"], changed.json["keep_hours"]) == ("Plans", 48)
    assert changed.json["expires_at"] == "2026-11-22T08:00:00.000Z"
    await chat.invoke("Hello", session_id=session)
    assert (await chat.get(f"/conversations/{session}"))["title"] == "Plans"
    for body in ({"keep_hours": 0}, {"title": ""}, {"colour": "red"}):
        assert (await world.send("PATCH", path, json=body)).status == 400


async def test_a_conversation_is_forgotten_also_while_somebody_answers(
    chat: Chat, world: World, model: ScriptedModel
) -> None:
    session = await begin(chat)
    go_on = asyncio.Event()
    model.plays(says("too late", held=go_on))
    task_id = await chat.queue("Hello", session_id=session)
    await model.arrival()
    assert (await world.send("DELETE", f"/api/v1/conversations/{session}")).status == 204
    assert (await world.send("DELETE", f"/api/v1/conversations/{session}")).status == 404
    go_on.set()
    task = await chat.until(task_id)
    assert (task["state"], task["error"]["code"]) == ("FAILURE", "not_found")
    assert task["calls"] == 1


async def test_a_conversation_is_begun_with_a_chat_agent(chat: Chat) -> None:
    reply = await chat.post("/conversations", {"agent_id": "nobody"})
    assert (reply.status, reply.json["errors"][0]["field"]) == (400, "agent_id")
