"""The model extractor against servers that do what aimock can't."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from aiohttp import web

from noond.errors import ExtractionHalted, ModelError

TEXT = "Ana sends the contract by Friday."


def _completion(content: str = '{"records": []}') -> dict[str, Any]:
    message = {"role": "assistant", "content": content}
    return {
        "id": "1",
        "object": "chat.completion",
        "created": 1,
        "model": "small",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
    }


async def test_at_most_so_many_calls_are_in_flight_in_the_whole_daemon(
    serve: Any, bench: Any
) -> None:
    flying = most = 0
    full = asyncio.Event()

    async def answer(request: web.Request) -> web.Response:
        nonlocal flying, most
        if "warm up" not in await request.text():
            flying += 1
            most = max(most, flying)
            if flying == 3:
                full.set()
            await full.wait()
            flying -= 1
        return web.json_response(_completion())

    async with serve(answer) as url:
        made = bench(url, concurrency=3, chunk_characters=500)
        await made.extract("warm up")  # the first call finds out the format, alone
        done = await asyncio.gather(*(made.extract("word " * 400) for _ in range(4)))
    assert all(len(extraction.calls) >= 4 for extraction in done)
    assert most == 3


async def test_cancelling_closes_the_request_at_once_and_keeps_the_account(
    serve: Any, bench: Any
) -> None:
    arrived = asyncio.Event()
    gone = asyncio.Event()

    async def hang(request: web.Request) -> web.Response:
        arrived.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            gone.set()
            raise
        raise AssertionError

    async with serve(hang) as url:
        made = bench(url)
        work = asyncio.create_task(made.extract(TEXT))
        await arrived.wait()
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
        await asyncio.wait_for(gone.wait(), 5)
    (call,) = made.kept
    assert (call.success, call.error) == (False, "cancelled")
    assert call.prompt_tokens > 0


async def test_no_new_call_starts_when_the_account_may_not_proceed(serve: Any, bench: Any) -> None:
    arrived = asyncio.Event()
    release = asyncio.Event()
    asked = 0

    async def answer(request: web.Request) -> web.Response:
        nonlocal asked
        asked += 1
        arrived.set()
        await release.wait()
        return web.json_response(_completion())

    proceed = asyncio.Event()
    proceed.set()
    async with serve(answer) as url:
        made = bench(url, proceed=proceed, concurrency=2, chunk_characters=500)
        work = asyncio.create_task(made.extract("word " * 600))
        await arrived.wait()
        proceed.clear()
        release.set()
        with pytest.raises(ExtractionHalted) as caught:
            await work
    assert [call.success for call in caught.value.calls] == [True]  # what was in flight ended
    assert asked == 1


async def test_retry_after_may_be_a_date(serve: Any, bench: Any) -> None:
    times: list[float] = []

    async def answer(request: web.Request) -> web.Response:
        times.append(asyncio.get_running_loop().time())
        if len(times) > 1:
            return web.json_response(_completion())
        date = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
        return web.json_response({"error": {}}, status=503, headers={"Retry-After": date})

    async with serve(answer) as url:
        await bench(url).extract(TEXT)
    assert times[1] - times[0] > 0.9  # the date has whole seconds


@pytest.mark.parametrize("content_type", ["text/html", "application/json"])
@pytest.mark.parametrize("body", ["<html>proxy</html>", '{"choices": null}', "{", "[]", "null"])
async def test_an_answer_that_is_no_completion_is_an_error(
    serve: Any, bench: Any, body: str, content_type: str
) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=body, content_type=content_type)

    async with serve(answer) as url:
        with pytest.raises(ModelError) as caught:
            await bench(url, retries=1).extract(TEXT)
    assert not any(call.success for call in caught.value.calls)


async def test_a_body_that_is_cut_is_asked_again(serve: Any, bench: Any) -> None:
    asked = 0

    async def answer(request: web.Request) -> web.StreamResponse:
        nonlocal asked
        asked += 1
        if asked > 1:
            return web.json_response(_completion())
        reply = web.StreamResponse(headers={"Content-Length": "500"})
        reply.content_type = "application/json"
        await reply.prepare(request)
        await reply.write(b'{"choices": [{"message"')
        assert request.transport is not None
        request.transport.close()
        return reply

    async with serve(answer) as url:
        extraction = await bench(url).extract(TEXT)
    assert [call.success for call in extraction.calls] == [False, True]


async def test_a_server_that_counts_no_tokens_is_paid_by_estimate(serve: Any, bench: Any) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.json_response(_completion())

    async with serve(answer) as url:
        (call,) = (await bench(url, prices={"small": (1.0, 1.0)}).extract(TEXT)).calls
    assert call.prompt_tokens > 100
    assert call.completion_tokens == 5
    assert call.cost_usd > 0


async def test_redirects_are_not_followed(serve: Any, bench: Any) -> None:
    followed = False

    async def lure(request: web.Request) -> web.Response:
        nonlocal followed
        followed = True
        return web.json_response(_completion())

    async with serve(lure) as target:

        async def answer(request: web.Request) -> web.Response:
            raise web.HTTPTemporaryRedirect(f"{target}/chat/completions")

        async with serve(answer) as url:
            with pytest.raises(ModelError, match="307"):
                await bench(url).extract(TEXT)
    assert not followed
