"""What the assistant may do, also when its model does whatever the text that it reads says."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from scripted_model import Turn, calls, says

from noond.config import AssistantSettings, JobSettings
from noond.models.account import Role
from noond.store import users

if TYPE_CHECKING:
    from scripted_model import ScriptedModel

    from tests.integration.api.chat.conftest import Chat
    from tests.integration.api.conftest import World

LIST_RECORDS: tuple[str, Any] = ("list_records", {})


def offered(question: dict[str, Any]) -> set[str]:
    """The tools that the model was told of."""
    return {tool["function"]["name"] for tool in question.get("tools", ())}


def results(question: dict[str, Any]) -> list[Any]:
    """What the tools have given so far."""
    return [json.loads(each["content"]) for each in question["messages"] if each["role"] == "tool"]


async def runs(chat: Chat) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await chat.get("/runs"))["items"]
    return items


async def test_a_run_is_started_because_the_user_asks(chat: Chat, model: ScriptedModel) -> None:
    agent_id = await chat.agent()
    model.plays(calls(("start_run", {"agent_id": agent_id})), says("Started."))
    metadata = (await chat.invoke("Please get going with the first one"))["metadata"]
    assert (metadata["tools"], metadata["tainted"]) == (["start_run"], False)
    (run,) = await runs(chat)
    (result,) = results(model.asked[1])
    assert (result["started"], result["run_id"]) == (True, run["id"])


@pytest.mark.parametrize(
    ("message", "started"),
    [
        ("What did the last run of Garden bring?", 0),
        ("Read my records and do what they say", 0),
        ("Show Garden, but don\u2019t run it", 0),
        ("Read my records, then run Garden", 1),
    ],
)
async def test_after_foreign_text_only_the_users_own_words_start_a_run(
    chat: Chat, model: ScriptedModel, message: str, started: int
) -> None:
    agent_id = await chat.agent()
    model.plays(calls(LIST_RECORDS), calls(("start_run", {"agent_id": agent_id})), says("Done."))
    reply = await chat.invoke(message)
    assert reply["metadata"]["tainted"]
    assert len(await runs(chat)) == started
    result = results(model.asked[2])[-1]
    assert result["started"] is bool(started)
    assert started or result["proposed"]["agent_name"] == "Garden"


async def test_foreign_text_stays_foreign_in_a_conversation(
    chat: Chat, model: ScriptedModel
) -> None:
    agent_id = await chat.agent()
    session = (await chat.post("/conversations", {})).json["id"]
    model.plays(
        calls(LIST_RECORDS), says("It says: go."), calls(("start_run", {"agent_id": agent_id}))
    )
    await chat.invoke("What is new?", session_id=session)
    await chat.invoke("Well then, go", session_id=session)
    assert await runs(chat) == []


@pytest.mark.parametrize("job_settings", [JobSettings(rates={}, max_retries=0)])
async def test_a_failed_task_of_a_chain_hands_its_foreign_text_to_no_one_as_the_users(
    chat: Chat, model: ScriptedModel, world: World
) -> None:
    """A message may hold the answer before it: it stays foreign though no answer followed."""
    agent_id = await chat.agent()
    session = (await chat.post("/conversations", {})).json["id"]
    model.plays(calls(LIST_RECORDS), says("It says: go."), Turn(status=400))
    steps = [{"message": "What is new?"}, {"message": "{previous}", "session_id": session}]
    batch = (await chat.post("/agents/invoke-chain", {"steps": steps})).json["batch_id"]
    async with asyncio.timeout(10):
        while (await chat.get(f"/agents/batches/{batch}"))["failed"] == 0:
            pass
    (said,) = (await chat.get(f"/conversations/{session}/messages"))["items"]
    assert (said["content"], said["tainted"]) == ("It says: go.", True)
    model.plays(calls(("start_run", {"agent_id": agent_id})), says("Done."))
    await chat.invoke("Well then, go", session_id=session)
    assert await runs(chat) == []


async def test_a_key_has_the_tools_of_its_scopes(
    chat: Chat, world: World, model: ScriptedModel
) -> None:
    await world.add_key("narrow", "ana", "agents:execute", "agents:read")
    model.plays(calls(("list_devices", {})), says("None."))
    reply = await chat.invoke("Which devices?", key="narrow")
    assert offered(model.asked[0]) == {
        "list_agents", "list_runs", "get_run", "list_records", "start_run",
    }  # fmt: skip
    assert "no tool" in results(model.asked[1])[0]["error"]["message"]
    assert not reply["metadata"]["tainted"]

    await chat.invoke("Which devices?")
    assert {"list_devices", "get_usage"} < offered(model.asked[2])


async def test_a_role_that_was_taken_away_counts_when_the_task_runs(
    chat: Chat, world: World, model: ScriptedModel
) -> None:
    await world.engine.pause("agent-tasks")
    await chat.queue("Run Garden", key="ben")
    await world.database.write(
        lambda tx: users.update(tx, "ben", name="ben", role=Role.VIEWER, timezone="UTC")
    )
    await world.engine.resume("agent-tasks")
    await model.arrival()
    assert "start_run" not in offered(model.asked[0])
    assert "list_runs" in offered(model.asked[0])


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        (("list_runs", {"limit": 900}), "limit"),
        (("list_runs", {"colour": "red"}), "colour"),
        (("list_runs", "[1]"), "arguments"),
        (("list_runs", '{"limit": '), "arguments"),
        (("get_run", {}), "run_id"),
        (("get_run", {"run_id": "nope"}), "no such run"),
        (("start_run", {"agent_id": "nope"}), "no such agent"),
        (("rm_rf", {}), "no tool"),
    ],
)
async def test_the_model_is_told_what_is_wrong_with_its_call(
    chat: Chat, model: ScriptedModel, wanted: tuple[str, Any], field: str
) -> None:
    model.plays(calls(wanted), says("Sorry."))
    reply = await chat.invoke("Hello")
    (result,) = results(model.asked[1])
    assert field in result["error"]["message"]
    assert (reply["response"], reply["metadata"]["tools"]) == ("Sorry.", [wanted[0]])


@pytest.mark.parametrize("assistant_settings", [AssistantSettings(steps=3)])
async def test_the_loop_is_bounded(chat: Chat, model: ScriptedModel) -> None:
    model.plays(calls(("list_agents", {})))
    metadata = (await chat.invoke("For ever"))["metadata"]
    assert len(model.asked) == 3
    assert offered(model.asked[2]) == set(), "the last time it can only speak"
    assert (metadata["finish_reason"], metadata["success"]) == ("steps", False)


async def test_a_run_of_another_user_can_not_be_started(chat: Chat, model: ScriptedModel) -> None:
    agent_id = await chat.agent()
    model.plays(calls(("start_run", {"agent_id": agent_id})), says("Done."))
    await chat.invoke("Run Garden", key="ben")
    assert "error" in results(model.asked[1])[0]
    assert await runs(chat) == []
