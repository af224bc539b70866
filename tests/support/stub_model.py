"""A model for tests of runs: each answer is decided by the test, and the tokens are its own.

aimock stands in for the model's server where the server's behaviour is what is tested; here the
test needs to hold an answer back and to know how many questions came.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

_TODO = re.compile(r"^TODO (.+)$", re.MULTILINE)


class StubModel:
    """Makes a task of each line `TODO …`; waits for `open_gate` before each answer."""

    def __init__(self) -> None:
        self.url = ""
        self.asked = 0
        self.arrived = asyncio.Event()
        self.open_gate = asyncio.Event()
        self.open_gate.set()

    def settings(self, **changes: Any) -> dict[str, Any]:
        """The daemon's `llm` section for this model."""
        return {
            "provider": "openai",
            "base_url": self.url,
            "api_key": "k",
            "model": "stub",
            "retries": 0,
            **changes,
        }

    async def answer(self, request: web.Request) -> web.Response:
        """Chat completions."""
        self.asked += 1
        self.arrived.set()
        asked = await request.json()
        await self.open_gate.wait()
        text = asked["messages"][-1]["content"]
        records = [
            {"table": "tasks", "data": {"title": title}, "quote": f"TODO {title}"}
            for title in _TODO.findall(text)
        ]
        message = {"role": "assistant", "content": json.dumps({"records": records})}
        return web.json_response(
            {
                "id": "c",
                "object": "chat.completion",
                "created": 0,
                "model": "stub",
                "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
                "usage": {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100},
            }
        )


@asynccontextmanager
async def stub_model() -> AsyncIterator[StubModel]:
    """Serve a stub model on a free loopback port."""
    model = StubModel()
    application = web.Application()
    application.router.add_post("/v1/chat/completions", model.answer)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    model.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    try:
        yield model
    finally:
        model.open_gate.set()
        await runner.cleanup()
