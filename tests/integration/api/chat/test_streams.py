"""Answers that are told as they come: what a reader hears, also after a cut."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from event_stream import StreamEvent, hear, parse_stream, text_of
from scripted_model import CALL_COST, calls, says

from noond.api.routes import agent_streams
from noond.api.streams import StreamEnd
from noond.config import AssistantSettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import aiohttp
    from scripted_model import ScriptedModel

    from tests.integration.api.chat.conftest import Chat
    from tests.integration.api.conftest import World

STREAM = "/api/v1/agents/stream"


@pytest.fixture
def assistant_settings() -> AssistantSettings:
    return AssistantSettings(reconnect_seconds=0.3)


@pytest.fixture(autouse=True)
def looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """That a reader of a silent stream has gone is noticed at once."""
    monkeypatch.setattr(agent_streams, "_LOOK_SECONDS", 0.02)


class Reader:
    """Reads a stream event by event."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response
        self.task_id = response.headers["X-Task-ID"]
        self.heard: list[StreamEvent] = []
        self.comments = 0
        self._events = hear(response)

    async def next(self) -> StreamEvent:
        async with asyncio.timeout(10):
            while (event := await anext(self._events)) is None:
                self.comments += 1
        self.heard.append(event)
        return event

    async def until(self, name: str) -> StreamEvent:
        while (event := await self.next()).name != name:
            pass
        return event


@asynccontextmanager
async def reader(
    world: World, *, last: str = "", key: str = "ana", task: str = "", message: str = "Hello"
) -> AsyncIterator[Reader]:
    """A reader of a new answer, or of one that is under way; the block's end cuts it."""
    headers = {"Authorization": f"Bearer {world.keys[key]}"}
    if last:
        headers["Last-Event-ID"] = last
    method, path, body = "POST", STREAM, {"message": message}
    if task:
        method, path, body = "GET", f"/api/v1/agents/tasks/{task}/events", {}
    async with world.session.request(
        method, world.url + path, json=body or None, headers=headers
    ) as response:
        assert response.status == 200, await response.text()
        assert response.content_type == "text/event-stream"
        try:
            yield Reader(response)
        finally:
            response.close()


async def noticed(chat: Chat, task_id: str, *, still: int = 0) -> None:
    """Wait until the daemon knows that so many readers are left."""
    async with asyncio.timeout(10):
        while chat.world.streams.count("ana") > still:
            await chat.task(task_id)


async def send(world: World, last: str = "", **more: Any) -> Any:
    headers = {"Last-Event-ID": last} if last else {}
    return await world.send("POST", STREAM, json={"message": "Hello"}, headers=headers, **more)


async def test_the_answer_comes_in_pieces_and_ends_with_all_that_is_known(
    chat: Chat, world: World, model: ScriptedModel
) -> None:
    model.plays(
        says("Let me see.", calls=(("list_agents", {}),)),
        says("Two lines:\n", "one\r\ntwo\u2028", "\n\nand: data: x\nid: 9\n"),
    )
    reply = await send(world)
    events = parse_stream(reply.text)

    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    task_id = reply.headers["X-Task-ID"]
    assert {event.id.rpartition(":")[0] for event in events} == {task_id}
    names = [event.name for event in events if event.name != "message_delta"]
    assert names == ["run_started", "tool_call", "tool_result", "usage", "run_finished"]
    answer = "Let me see.\n\nTwo lines:\none\r\ntwo\u2028\n\nand: data: x\nid: 9\n"
    last = events[-1].data
    assert text_of(events) == last["response"] == answer
    assert (last["state"], last["error"], last["task_id"]) == ("SUCCESS", None, task_id)
    usage = events[-2].data
    assert usage["cost"] == last["metadata"]["cost"] == pytest.approx(2 * CALL_COST)
    assert events[0].data == {"task_id": task_id, "attempt": 1, "content": ""}
    (call,) = [event.data for event in events if event.name == "tool_call"]
    (result,) = [event.data for event in events if event.name == "tool_result"]
    assert call == {"tool_call_id": result["tool_call_id"], "name": "list_agents", "arguments": {}}
    assert result["result"] == {"agents": []}
    task = await chat.task(task_id)
    assert (task["content"], task["cost"]) == (answer, usage["cost"])


async def test_pieces_are_heard_before_the_answer_ends(world: World, model: ScriptedModel) -> None:
    go_on = asyncio.Event()
    model.plays(says("first ", "last", held=go_on))
    async with reader(world) as stream:
        await stream.until("message_delta")
        assert text_of(stream.heard) == "first "
        go_on.set()
        assert (await stream.until("run_finished")).data["response"] == "first last"


@pytest.mark.parametrize("again", ["GET", "POST"])
async def test_who_comes_back_hears_what_they_missed_and_nothing_is_asked_twice(
    world: World, model: ScriptedModel, again: str
) -> None:
    go_on = asyncio.Event()
    model.plays(says("first ", "last", held=go_on))
    async with reader(world) as cut:
        await cut.next()
    last = cut.heard[-1].id
    go_on.set()
    task = cut.task_id if again == "GET" else ""
    async with reader(world, last=last, task=task) as back:
        await back.until("run_finished")
    heard = cut.heard + back.heard
    assert [event.seq for event in heard] == list(range(1, len(heard) + 1))
    assert text_of(heard) == "first last"
    assert len(model.asked) == 1

    for method, path in (("POST", STREAM), ("GET", f"/api/v1/agents/tasks/{cut.task_id}/events")):
        body = {"message": "Hello"} if method == "POST" else None
        headers = {"Last-Event-ID": heard[-1].id}
        assert (await world.send(method, path, json=body, headers=headers)).status == 204


async def test_whoever_comes_late_hears_all_of_it(world: World, model: ScriptedModel) -> None:
    model.plays(says("a", "b", "c"))
    reply = await send(world)
    path = f"/api/v1/agents/tasks/{reply.headers['X-Task-ID']}/events"
    assert parse_stream((await world.send("GET", path)).text) == parse_stream(reply.text)


@pytest.mark.parametrize("last", ["x", "5", "a:b:c", "-1", "tas:99999999999999", ":", "a:\u0663"])
async def test_a_last_event_id_that_was_never_given_is_refused(world: World, last: str) -> None:
    assert (await send(world, last)).status == 400


async def test_the_place_of_an_unknown_task_is_404(world: World) -> None:
    assert (await send(world, "01a1fab5-f083-7000-b6d4-2f9e8c7a1b05:3")).status == 404


async def test_the_place_in_another_task_is_refused(chat: Chat, world: World) -> None:
    one, two = await chat.queue("Hello"), await chat.queue("Hello")
    path = f"/api/v1/agents/tasks/{one}/events"
    refused = await world.send("GET", path, headers={"Last-Event-ID": f"{two}:1"})
    assert refused.status == 400


@pytest.mark.parametrize("heartbeat_seconds", [0.02])
async def test_comments_keep_a_silent_stream_alive(world: World, model: ScriptedModel) -> None:
    go_on = asyncio.Event()
    model.plays(says("later", held=go_on))
    async with reader(world) as stream:
        await stream.next()
        events = hear(stream.response)
        async with asyncio.timeout(5):
            assert [await anext(events) for _ in range(3)] == [None] * 3
        go_on.set()


async def test_an_answer_that_nobody_reads_is_cancelled_and_its_request_closed(
    chat: Chat, world: World, model: ScriptedModel
) -> None:
    model.plays(says("first ", "last", held=asyncio.Event()))
    async with reader(world) as cut:
        await cut.until("message_delta")
    await asyncio.wait_for(model.left.wait(), 5)
    task = await chat.until(cut.task_id)
    assert (task["state"], task["content"], task["chunks"]) == ("REVOKED", "first ", 1)
    assert task["calls"] == 1, "what was spent on it is in the accounts"
    async with reader(world, last=cut.heard[-1].id, task=cut.task_id) as late:
        finished = await late.until("run_finished")
    assert (finished.data["state"], finished.data["response"]) == ("REVOKED", "first ")


@pytest.mark.parametrize("assistant_settings", [AssistantSettings(reconnect_seconds=0.6)])
async def test_every_reader_has_the_whole_time_to_come_back(
    chat: Chat, world: World, model: ScriptedModel
) -> None:
    model.plays(says("first ", "last", held=asyncio.Event()))
    loop = asyncio.get_running_loop()
    async with reader(world) as first:
        await first.until("message_delta")
    await noticed(chat, first.task_id)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(model.left.wait(), 0.3)
    async with reader(world, task=first.task_id) as second:
        await second.until("message_delta")
    cut_at = loop.time()
    await asyncio.wait_for(model.left.wait(), 5)
    assert loop.time() - cut_at > 0.55
    assert (await chat.until(first.task_id))["state"] == "REVOKED"


async def test_while_another_reader_is_there_the_answer_goes_on(
    chat: Chat, world: World, model: ScriptedModel
) -> None:
    go_on = asyncio.Event()
    model.plays(says("first ", "last", held=go_on))
    async with reader(world) as stays:
        await stays.until("message_delta")
        async with reader(world, task=stays.task_id) as leaves:
            await leaves.next()
        await noticed(chat, stays.task_id, still=1)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(model.left.wait(), 0.5)
        go_on.set()
        assert (await stays.until("run_finished")).data["state"] == "SUCCESS"


async def test_a_key_that_may_only_read_ends_nothing_by_leaving(
    chat: Chat, world: World, model: ScriptedModel
) -> None:
    await world.add_key("reader", "ana", "agents:read")
    go_on = asyncio.Event()
    model.plays(says("first ", "last", held=go_on))
    task_id = await chat.queue("Hello", stream=True)
    await model.arrival()
    async with reader(world, task=task_id, key="reader") as stream:
        await stream.until("message_delta")
    await noticed(chat, task_id)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(model.left.wait(), 0.5)
    go_on.set()
    assert (await chat.until(task_id))["state"] == "SUCCESS"


async def test_the_stop_of_the_daemon_is_no_leaving(
    chat: Chat, world: World, model: ScriptedModel
) -> None:
    go_on = asyncio.Event()
    model.plays(says("first ", "last", held=go_on))
    async with reader(world) as stream:
        await stream.until("message_delta")
        for each in tuple(world.streams._streams):
            each.end(StreamEnd.STOP)
        with pytest.raises(StopAsyncIteration):
            await stream.next()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(model.left.wait(), 0.5)
    go_on.set()
    assert (await chat.until(stream.task_id))["state"] == "SUCCESS"


@pytest.mark.parametrize("llm_changes", [{"retries": 1}])
async def test_a_stream_that_the_model_broke_begins_again(
    world: World, model: ScriptedModel
) -> None:
    model.plays(
        says("See: ", calls=(("list_agents", {}),)),
        says("wrong ", "never", breaks=True),
        says("right ", "end"),
    )
    events = parse_stream((await send(world)).text)
    began = [event.data["content"] for event in events if event.name == "run_started"]
    assert began == ["", "See: "]
    assert text_of(events) == events[-1].data["response"] == "See: \n\nright end"
    assert events[-1].data["metadata"]["calls"] == 3, "the broken one is paid for too"


async def test_what_went_wrong_is_told(world: World, model: ScriptedModel) -> None:
    model.plays(says("half ", "never", breaks=True))
    events = parse_stream((await send(world)).text)
    assert [event.name for event in events][-2:] == ["error", "run_finished"]
    assert events[-2].data["code"] == "model_error"
    assert events[-1].data["state"] == "FAILURE"
    assert events[-1].data["error"] == events[-2].data


@pytest.mark.parametrize(
    "assistant_settings", [AssistantSettings(stream_soft_seconds=0.3, stream_hard_seconds=30)]
)
async def test_out_of_time_the_stream_ends_with_what_there_is(
    world: World, model: ScriptedModel
) -> None:
    model.plays(
        says("See: ", calls=(("list_agents", {}),)), says("first ", "last", held=asyncio.Event())
    )
    async with reader(world) as stream:
        while text_of(stream.heard) != "See: \n\nfirst ":
            await stream.next()
        world.clock.advance(timedelta(seconds=1))
        finished = (await stream.until("run_finished")).data
    assert (finished["state"], finished["response"]) == ("SUCCESS", text_of(stream.heard))
    metadata = finished["metadata"]
    assert (metadata["finish_reason"], metadata["partial"]) == ("timeout", True)
    assert (metadata["success"], metadata["calls"]) == (False, 2)
    await asyncio.wait_for(model.left.wait(), 5)


async def test_a_credential_has_twenty_streams(world: World, model: ScriptedModel) -> None:
    model.plays(says("first ", "last", held=asyncio.Event()))
    async with reader(world) as stream:
        (held,) = world.streams._streams
        world.streams._open[held.caller.credential_id] = 20
        assert (await send(world)).status == 429
        world.streams._open[held.caller.credential_id] = 1
        await stream.next()
    assert len(model.asked) <= 1


async def test_the_same_key_twice_is_one_answer_with_two_readers(
    world: World, model: ScriptedModel
) -> None:
    model.plays(says("a", "b"))
    body = {"message": "Hello"}
    headers = {"Idempotency-Key": "k"}
    replies = await asyncio.gather(
        *(world.send("POST", STREAM, json=body, headers=headers) for _ in range(4))
    )
    assert len({reply.headers["X-Task-ID"] for reply in replies}) == 1
    assert len({reply.text for reply in replies}) == 1
    assert len(model.asked) == 1
    other = await world.send("POST", STREAM, json={"message": "Other"}, headers=headers)
    assert other.status == 409


async def test_a_tool_called_twice_keeps_its_events_apart(
    world: World, model: ScriptedModel
) -> None:
    model.plays(calls(("list_agents", {}), ("list_runs", {"limit": 1})), says("Done."))
    events = parse_stream((await send(world)).text)
    order = [(event.name, event.data["name"]) for event in events if "tool" in event.name]
    assert order == [
        ("tool_call", "list_agents"),
        ("tool_result", "list_agents"),
        ("tool_call", "list_runs"),
        ("tool_result", "list_runs"),
    ]
