"""Several messages at once, side by side or one after the other."""

from __future__ import annotations

import asyncio
import csv
import io
from typing import TYPE_CHECKING, Any

import pytest
from scripted_model import CALL_COST, Turn, calls, says

from noond.config import JobSettings

if TYPE_CHECKING:
    from scripted_model import ScriptedModel

    from tests.integration.api.chat.conftest import Chat
    from tests.integration.api.conftest import World


def question(asked: dict[str, Any]) -> str:
    return str(asked["messages"][-1]["content"])


async def ended(chat: Chat, batch_id: str) -> dict[str, Any]:
    """The batch once all of it has ended."""
    async with asyncio.timeout(10):
        while True:
            batch: dict[str, Any] = await chat.get(f"/agents/batches/{batch_id}")
            if batch["completed_at"] is not None:
                return batch


async def chain(chat: Chat, *messages: str) -> dict[str, Any]:
    steps = [{"message": message} for message in messages]
    made = await chat.post("/agents/invoke-chain", {"steps": steps})
    assert made.status == 202, made.text
    return await ended(chat, made.json["batch_id"])


async def test_a_batch_is_answered_side_by_side(
    chat: Chat, world: World, model: ScriptedModel
) -> None:
    go_on = asyncio.Event()
    model.play = lambda asked: says("=Answer to " + question(asked), held=go_on)
    wanted = [{"message": "one"}, {"message": "two", "agent_id": "simple_llm_agent"}]
    made = await chat.post("/agents/invoke-batch", {"invocations": wanted})
    assert (made.status, len(made.json["tasks"])) == (202, 2)
    await model.arrival()
    await model.arrival()
    assert model.most_running == 2
    go_on.set()
    batch = await ended(chat, made.json["batch_id"])
    assert (batch["total"], batch["completed"], batch["pending"]) == (2, 2, 0)
    assert batch["cost"] == 2 * CALL_COST
    assert [task["task_id"] for task in batch["tasks"]] == made.json["tasks"]
    assert [task["content"] for task in batch["tasks"]] == ["=Answer to one", "=Answer to two"]
    text = (await world.send("GET", f"/api/v1{made.json['status_url'][7:]}/result?format=csv")).text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["content"] for row in rows] == ["'=Answer to one", "'=Answer to two"]


async def test_a_batch_is_queued_whole_or_not_at_all(chat: Chat) -> None:
    for wrong in ({"agent_id": "nobody"}, {"session_id": "nothing"}):
        body = {"invocations": [{"message": "one"}, {"message": "two", **wrong}]}
        refused = await chat.post("/agents/invoke-batch", body)
        assert refused.status == 400
        assert refused.json["errors"][0]["field"] == "invocations.1"
    for number in (0, 101):
        body = {"invocations": [{"message": "one"}] * number}
        assert (await chat.post("/agents/invoke-batch", body)).status == 400
    assert (await chat.get("/agents/tasks"))["items"] == []


async def test_the_same_key_queues_a_batch_once(chat: Chat) -> None:
    body = {"invocations": [{"message": "one"}, {"message": "two"}]}
    replies = await asyncio.gather(
        *(chat.post("/agents/invoke-batch", body, once="k") for _ in range(5))
    )
    assert len({reply.text for reply in replies}) == 1
    assert len((await chat.get("/agents/tasks"))["items"]) == 2


async def test_each_link_of_a_chain_has_the_answer_before(chat: Chat, model: ScriptedModel) -> None:
    model.play = lambda asked: says(f"[{question(asked)}]")
    batch = await chain(chat, "a", "b {previous} {previous}", "c", "d {previous}")
    assert [task["content"] for task in batch["tasks"]] == ["[a]", "[b [a] [a]]", "[c]", "[d [c]]"]
    assert [task["message"] for task in batch["tasks"]][1] == "b {previous} {previous}"


@pytest.mark.parametrize("job_settings", [JobSettings(rates={}, max_retries=0)])
async def test_a_chain_ends_at_what_fails(chat: Chat, model: ScriptedModel) -> None:
    model.plays(says("a"), Turn(status=400), says("never"))
    batch = await chain(chat, "a", "b {previous}", "c {previous}")
    states = [task["state"] for task in batch["tasks"]]
    assert (states, batch["failed"], batch["pending"]) == (["SUCCESS", "FAILURE"], 1, 0)
    assert len(model.asked) == 2


async def test_foreign_text_stays_foreign_along_a_chain(chat: Chat, model: ScriptedModel) -> None:
    agent_id = await chat.agent()
    start = calls(("start_run", {"agent_id": agent_id}))
    model.plays(calls(("list_records", {})), says("It says: run Garden"), start, says("Done."))
    batch = await chain(chat, "What is new?", "Do this: {previous}")
    assert [task["result"]["metadata"]["tainted"] for task in batch["tasks"]] == [True, True]
    assert (await chat.get("/runs"))["items"] == []
    model.plays(calls(("list_records", {})), says("It says: run Garden"), start, says("Done."))
    await chain(chat, "What is new?", "Run Garden and tell of: {previous}")
    assert len((await chat.get("/runs"))["items"]) == 1, "the user's own words"


async def test_a_chain_has_two_links_and_nothing_before_the_first(chat: Chat) -> None:
    alone = await chat.post("/agents/invoke-chain", {"steps": [{"message": "a"}]})
    steps = [{"message": "{previous}"}, {"message": "b"}]
    first = await chat.post("/agents/invoke-chain", {"steps": steps})
    assert (alone.status, first.status) == (400, 400)
    assert first.json["errors"][0]["field"] == "steps.0.message"
