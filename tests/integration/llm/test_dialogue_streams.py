"""Dialogues with servers that do what aimock can't."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from aiohttp import web
from trace_collector import trace_collector

from noond.config import TraceSettings
from noond.errors import ExtractionHalted, ModelError
from noond.models.dialogue import ToolCall
from noond.models.document import LLMCall
from noond.tracing import open_tracing

PRICES = {"small": (1.0, 2.0)}


class Stream:
    """A streamed answer, piece by piece."""

    def __init__(self, request: web.Request) -> None:
        self._request = request
        self._response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})

    async def begin(self) -> Stream:
        await self._response.prepare(self._request)
        return self

    async def write(self, data: str) -> None:
        await self._response.write(f"data: {data}\n\n".encode())

    async def piece(self, finish_reason: str | None = None, **delta: Any) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        await self.write(json.dumps(_chunk(choices=[choice])))

    async def calls(self, *calls: dict[str, Any]) -> None:
        await self.piece(tool_calls=list(calls))

    async def usage(self, prompt: int, completion: int) -> None:
        tokens = {"prompt_tokens": prompt, "completion_tokens": completion}
        total = {"total_tokens": prompt + completion}
        await self.write(json.dumps(_chunk(choices=[], usage={**tokens, **total})))

    async def end(self, finish_reason: str = "stop") -> web.StreamResponse:
        await self.piece(finish_reason)
        await self.write("[DONE]")
        return self._response

    def stop(self) -> web.StreamResponse:
        return self._response


def _chunk(**more: Any) -> dict[str, Any]:
    return {
        "id": "1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "small",
        **more,
    }


async def test_a_server_that_counts_nothing_is_paid_by_estimate(serve: Any, talk: Any) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        stream = await Stream(request).begin()
        await stream.piece(content="nine by 3")
        return await stream.end()

    async with serve(answer) as url:
        said = await talk(url, prices=PRICES).say("Hello", aloud=True)
    assert said.call.completion_tokens == 3
    assert said.call.prompt_tokens > 10
    assert said.call.cost_usd > 0


async def test_of_counts_that_grow_the_last_one_holds(serve: Any, talk: Any) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        stream = await Stream(request).begin()
        await stream.piece(content="a")
        await stream.usage(10, 1)
        await stream.piece(content="b")
        await stream.usage(10, 2)
        return await stream.end()

    async with serve(answer) as url:
        said = await talk(url).say("Hello", aloud=True)
    assert (said.call.prompt_tokens, said.call.completion_tokens) == (10, 2)


async def test_a_server_that_knows_no_stream_options_is_asked_without(
    serve: Any, talk: Any
) -> None:
    asked: list[bool] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append("stream_options" in await request.json())
        if asked[-1]:
            error = {"message": "stream_options: extra fields not permitted"}
            return web.json_response({"error": error}, status=422)
        stream = await Stream(request).begin()
        await stream.piece(content="Here.")
        return await stream.end()

    async with serve(answer) as url:
        talking = talk(url, retries=0)
        assert (await talking.say("Hello", aloud=True)).text == "Here."
        assert (await talking.say("Hello", aloud=True)).text == "Here."
    assert asked == [True, False, False]


async def test_tool_calls_are_joined_however_they_are_cut(serve: Any, talk: Any) -> None:
    def call(index: int, **more: Any) -> dict[str, Any]:
        function = {key: more.pop(key) for key in ("name", "arguments") if key in more}
        return {"index": index, "function": function, **more}

    async def answer(request: web.Request) -> web.StreamResponse:
        stream = await Stream(request).begin()
        await stream.calls(call(0, id="a", type="function", name="one", arguments=""))
        await stream.calls(call(0, arguments='{"x":'), call(1, id="b", name="two", arguments="{"))
        await stream.calls(call(1, arguments='"y": 2'), call(0, arguments=" 1}"))
        await stream.calls(call(1, id="c", name="three", arguments=""))
        await stream.piece(content="so")
        return await stream.end("tool_calls")

    async with serve(answer) as url:
        talking = talk(url)
        said = await talking.say("Hello", aloud=True)
    assert said.tool_calls == (
        ToolCall(id="a", name="one", arguments={"x": 1}),
        ToolCall(id="b", name="two", arguments=None),  # its end never came
        ToolCall(id="c", name="three", arguments={}),
    )
    assert talking.ear.takes == [["so"]]


@pytest.mark.parametrize("written", ['{"city": "Os', "Oslo", '"Oslo"', {"city": "Oslo"}, "", None])
async def test_arguments_in_one_piece_are_read_or_none(serve: Any, talk: Any, written: Any) -> None:
    async def answer(request: web.Request) -> web.Response:
        call = {"type": "function", "function": {"name": "weather", "arguments": written}}
        message = {"role": "assistant", "content": None, "tool_calls": [call]}
        choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
        whole = {**_chunk(choices=[choice]), "object": "chat.completion"}
        return web.json_response(whole)

    async with serve(answer) as url:
        (call,) = (await talk(url, retries=0).say("Hello")).tool_calls
    read = {"": {}, "None": {}, "{'city': 'Oslo'}": {"city": "Oslo"}}
    assert call.arguments == read.get(str(written))
    assert (call.name, bool(call.id)) == ("weather", True)


@pytest.mark.parametrize("how", ["closed", "ended", "error", "garbage", "list"])
async def test_a_stream_that_breaks_for_ever_is_an_error(serve: Any, talk: Any, how: str) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        stream = await Stream(request).begin()
        await stream.piece(content="Some text")
        if how == "closed":
            assert request.transport is not None
            request.transport.close()
        elif how != "ended":
            wrong = {"error": '{"error": {"message": "gone"}}', "garbage": "{{", "list": "[]"}
            await stream.write(wrong[how])
        return stream.stop()

    async with serve(answer) as url:
        talking = talk(url, retries=1)
        with pytest.raises(ModelError):
            await talking.say("Hello", aloud=True)
    assert talking.ear.takes == [["Some text"], ["Some text"]]
    assert [call.success for call in talking.failed] == [False, False]


async def test_cancelling_closes_the_stream_at_once_and_counts_it(serve: Any, talk: Any) -> None:
    gone = asyncio.Event()

    async def hang(request: web.Request) -> web.StreamResponse:
        stream = await Stream(request).begin()
        await stream.piece(content="twelve bytes")
        try:
            await asyncio.Event().wait()
        finally:
            gone.set()
        raise AssertionError

    async with serve(hang) as url:
        talking = talk(url)
        work = asyncio.create_task(talking.say("Hello", aloud=True))
        await talking.ear.begun.wait()
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
        await asyncio.wait_for(gone.wait(), 5)
    (call,) = talking.failed
    assert (call.success, call.error, call.completion_tokens) == (False, "cancelled", 4)
    assert call.prompt_tokens > 0


async def test_silence_within_a_stream_is_the_deadline_and_not_its_length(
    serve: Any, talk: Any
) -> None:
    silent: list[bool] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        stream = await Stream(request).begin()
        silent.append(not silent)
        if silent[-1]:
            await stream.piece(content="first")
            await asyncio.Event().wait()
        for _ in range(7):  # 0.7 s in all
            await stream.piece(content="x")
            await asyncio.sleep(0.1)
        return await stream.end()

    async with serve(answer) as url:
        talking = talk(url, timeout_seconds=0.6, retries=1)
        assert (await talking.say("Hello", aloud=True)).text == "xxxxxxx"
    (late,) = talking.failed
    assert "in time" in late.error


async def test_a_stream_without_an_end_is_cut(serve: Any, talk: Any) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        stream = await Stream(request).begin()
        while True:
            await stream.piece(content="word " * 20)

    async with serve(answer) as url:
        talking = talk(url, max_tokens=10, retries=0)
        with pytest.raises(ModelError, match=r"does not stop at llm\.max_tokens"):
            await talking.say("Hello", aloud=True)


async def test_no_new_call_starts_when_the_account_may_not_proceed(serve: Any, talk: Any) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        raise AssertionError

    async with serve(answer) as url:
        with pytest.raises(ExtractionHalted):
            await talk(url, proceed=asyncio.Event()).say("Hello")


async def test_metrics_hear_of_every_call(serve: Any, talk: Any) -> None:
    asked = 0

    async def answer(request: web.Request) -> web.StreamResponse:
        nonlocal asked
        asked += 1
        if asked == 1:
            return web.json_response({"error": {"message": "later"}}, status=503)
        stream = await Stream(request).begin()
        await stream.piece(content="Here.")
        return await stream.end()

    heard: list[LLMCall] = []
    async with serve(answer) as url:
        talking = talk(url, on_call=heard.append)
        said = await talking.say("Hello", aloud=True)
    assert heard == [*talking.failed, said.call]


async def test_each_try_is_a_span_that_tells_how_it_failed(serve: Any, talk: Any) -> None:
    asked = 0

    async def answer(request: web.Request) -> web.StreamResponse:
        nonlocal asked
        asked += 1
        if asked == 1:
            return web.json_response({"error": {"message": "the secret"}}, status=503)
        stream = await Stream(request).begin()
        await stream.piece(content="the secret")
        return stream.stop() if asked == 2 else await stream.end("length")

    async with (
        serve(answer) as url,
        trace_collector() as collector,
        open_tracing(TraceSettings(endpoint=collector.url)) as tracing,
    ):
        said = await talk(url, tracing=tracing).say("the secret", aloud=True)
    refused, broken, answered = [span.attributes for span in collector.spans]
    assert (refused["error.type"], broken["error.type"]) == ("503", "no_answer")
    assert (refused["gen_ai.usage.input_tokens"], broken["gen_ai.usage.output_tokens"]) == (0, 4)
    assert "error.type" not in answered
    assert answered["gen_ai.response.finish_reasons"] == ["length"]
    assert answered["gen_ai.usage.output_tokens"] == said.call.completion_tokens
    assert b"secret" not in b"".join(collector.bodies)
