"""Chat agents without a model: rules answer, and what needs a model says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from event_stream import parse_stream, text_of

if TYPE_CHECKING:
    from tests.integration.api.conftest import World

INVOKE = "/api/v1/agents/invoke"


async def test_plain_requests_are_understood(world: World) -> None:
    await world.pair("laptop")
    agent = await world.new_agent(name="Garden")

    async def say(text: str) -> tuple[str | None, bool, str]:
        reply = await world.send("POST", "/agent/chat", json={"text": text})
        assert reply.status == 200, reply.text
        return reply.json["tool"], reply.json["success"], reply.json["summary"]

    assert await say("which agents do I have?") == (
        "list_agents", True, "Garden on laptop: ~/Notes; by hand",
    )  # fmt: skip
    assert await say("What did the last run of Garden bring?") == (
        "list_records", True, "That run brought no records.",
    )  # fmt: skip
    tool, success, summary = await say("run Garden")
    assert (tool, success) == ("start_run", True)
    runs = (await world.send("GET", "/api/v1/runs")).json["items"]
    assert [run["agent_id"] for run in runs] == [agent["id"]]
    assert runs[0]["id"] in summary
    assert (await say("run Garden"))[:2] == ("start_run", False), "it has a run already"
    tool, success, summary = await say("Write me a poem")
    assert (tool, success) == (None, False)
    assert "llm.provider" in summary


async def test_what_needs_a_model_says_so(world: World) -> None:
    for path in ("invoke", "invoke-async", "stream"):
        reply = await world.send(
            "POST", f"/api/v1/agents/simple_llm_agent/{path}", json={"message": "Hello"}
        )
        assert (reply.status, reply.json["code"]) == (409, "model_needed")
    assert (await world.send("GET", "/api/v1/agents/tasks")).json["items"] == []


async def test_rules_answer_a_stream_too(world: World) -> None:
    reply = await world.send("POST", "/api/v1/agents/stream", json={"message": "my agents"})
    events = parse_stream(reply.text)
    assert text_of(events) == events[-1].data["response"] == "You have no agents yet."
    metadata = events[-1].data["metadata"]
    assert (metadata["model"], metadata["cost"], metadata["calls"]) == (None, 0.0, 0)


async def test_the_chat_agents_follow_ones_own_in_pages(world: World) -> None:
    await world.pair("laptop")
    own = [(await world.new_agent(name=f"a{number}"))["id"] for number in range(3)]

    async def pages(query: str, limit: int) -> list[list[str]]:
        found: list[list[str]] = []
        cursor: str | None = ""
        while cursor is not None:
            reply = await world.send("GET", f"/api/v1/agents?limit={limit}{query}{cursor}")
            assert reply.status == 200, reply.text
            found.append([each["id"] for each in reply.json["items"]])
            following = reply.json["next"]
            cursor = None if following is None else f"&cursor={following}"
        return found

    everything = [*own[::-1], "assistant", "simple_llm_agent"]
    for limit in (1, 2, 3, 4, 5, 50):
        found = await pages("&kind=all", limit)
        assert [each for page in found for each in page] == everything, limit
        assert max(len(page) for page in found) <= limit
    assert await pages("&kind=chat", 1) == [["assistant"], ["simple_llm_agent"]]
    assert await pages("", 2) == await pages("&kind=local", 2) == [own[:0:-1], own[:1]]
    shown = (await world.send("GET", "/api/v1/agents/simple_llm_agent")).json
    assert (shown["kind"], shown["needs_model"], shown["available"]) == ("chat", True, False)
    assert (await world.send("GET", "/api/v1/agents?kind=no")).status == 400
