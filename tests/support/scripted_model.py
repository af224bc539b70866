"""A model's server whose every answer is written by the test: it speaks, calls tools, fails, waits.

aimock stands in where the server's behaviour is what is tested; here the test needs to hold an
answer back within a stream, to know what was asked, and to notice that its client has gone.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from aiohttp import web

PROMPT_TOKENS = 100
COMPLETION_TOKENS = 20
"""What each answer says that it came to."""

MODEL = "small"
PRICES = {MODEL: (1.0, 2.0)}
"""US dollars per million tokens."""

CALL_COST = (PROMPT_TOKENS * PRICES[MODEL][0] + COMPLETION_TOKENS * PRICES[MODEL][1]) / 1e6


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What the model does when it is asked: speak in pieces, and want tools called.

    `held`: before the last piece it waits for this event. `breaks`: the connection is closed in
    its place. A `status` other than 200 is all it says.
    """

    pieces: tuple[str, ...] = ()
    calls: tuple[tuple[str, Any], ...] = ()
    held: asyncio.Event | None = None
    breaks: bool = False
    status: int = 200
    finish: str | None = None
    piece_seconds: float = 0.0

    @property
    def tool_calls(self) -> list[dict[str, Any]]:
        return [
            {
                "index": place,
                "id": f"call_{name}_{place}",
                "type": "function",
                "function": {
                    "name": name,
                    "arguments": given if isinstance(given, str) else json.dumps(given),
                },
            }
            for place, (name, given) in enumerate(self.calls)
        ]

    @property
    def finish_reason(self) -> str:
        return self.finish or ("tool_calls" if self.calls else "stop")


def says(*pieces: str, **more: Any) -> Turn:
    """A turn in which the model speaks."""
    return Turn(pieces=pieces, **more)


def calls(*wanted: tuple[str, Any], **more: Any) -> Turn:
    """A turn in which it wants tools called: name and arguments (JSON, or text as it is)."""
    return Turn(calls=wanted, **more)


Play: TypeAlias = Callable[[dict[str, Any]], Turn]


@dataclass(kw_only=True)
class ScriptedModel:
    """The server. `play` decides by the question; `plays` has turns in a row, the last for ever."""

    url: str = ""
    play: Play = field(default=lambda _: says("Good day."))
    asked: list[dict[str, Any]] = field(default_factory=list)
    """The questions, oldest first."""
    left: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a client went away before its answer had ended."""
    running: int = 0
    most_running: int = 0
    _arrivals: asyncio.Queue[None] = field(default_factory=asyncio.Queue)

    def plays(self, *turns: Turn) -> None:
        """Take these turns, one for each question from now on."""
        before = len(self.asked)
        self.play = lambda _: turns[min(len(self.asked) - before, len(turns)) - 1]

    async def arrival(self) -> None:
        """Wait until the next question has come."""
        async with asyncio.timeout(10):
            await self._arrivals.get()

    def settings(self, **changes: Any) -> dict[str, Any]:
        """The section `llm` for this model."""
        return {
            "provider": "openai",
            "base_url": self.url,
            "model": MODEL,
            "retries": 0,
            "prices": PRICES,
            **changes,
        }

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Chat completions."""
        body = await request.json()
        self.asked.append(body)
        self._arrivals.put_nowait(None)
        turn = self.play(body)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            if turn.status != 200:
                return web.json_response({"error": {"message": "no"}}, status=turn.status)
            if body.get("stream"):
                return await _stream(request, turn)
            if turn.held is not None:
                await turn.held.wait()
            await asyncio.sleep(turn.piece_seconds * len(turn.pieces))
            return web.json_response(_whole(turn))
        except (asyncio.CancelledError, ConnectionError):
            self.left.set()
            raise
        finally:
            self.running -= 1


def _whole(turn: Turn) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": "".join(turn.pieces)}
    if turn.calls:
        message["tool_calls"] = turn.tool_calls
    choice = {"index": 0, "message": message, "finish_reason": turn.finish_reason}
    return {**_envelope("chat.completion", [choice]), "usage": _usage()}


async def _stream(request: web.Request, turn: Turn) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)

    async def write(choices: list[dict[str, Any]], **more: Any) -> None:
        chunk = {**_envelope("chat.completion.chunk", choices), **more}
        await response.write(f"data: {json.dumps(chunk)}\n\n".encode())

    for place, piece in enumerate(turn.pieces, 1):
        if place == len(turn.pieces):
            if turn.held is not None:
                await turn.held.wait()
            if turn.breaks:
                assert request.transport is not None
                request.transport.close()
                return response
        await write([{"index": 0, "delta": {"content": piece}, "finish_reason": None}])
        await asyncio.sleep(turn.piece_seconds)
    if turn.calls:
        delta = {"tool_calls": turn.tool_calls}
        await write([{"index": 0, "delta": delta, "finish_reason": None}])
    await write([{"index": 0, "delta": {}, "finish_reason": turn.finish_reason}])
    await write([], usage=_usage())
    await response.write(b"data: [DONE]\n\n")
    return response


def _envelope(kind: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
    return {"id": "c", "object": kind, "created": 0, "model": MODEL, "choices": choices}


def _usage() -> dict[str, int]:
    return {
        "prompt_tokens": PROMPT_TOKENS,
        "completion_tokens": COMPLETION_TOKENS,
        "total_tokens": PROMPT_TOKENS + COMPLETION_TOKENS,
    }


@asynccontextmanager
async def scripted_model() -> AsyncIterator[ScriptedModel]:
    """The server on a free port."""
    model = ScriptedModel()
    app = web.Application()
    app.router.add_post("/v1/chat/completions", model.answer)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        model.url = f"http://{host}:{port}/v1"
        yield model
    finally:
        await runner.cleanup()
