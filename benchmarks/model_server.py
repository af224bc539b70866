"""A model for the benchmarks: answers every question after a fixed time, with one record."""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

QUOTE = re.compile(r"^(Task number \d+ is due)$", re.MULTILINE)


def make_application(seconds: float) -> web.Application:
    """An OpenAI-compatible server with that latency."""

    async def complete(request: web.Request) -> web.Response:
        asked = await request.json()
        await asyncio.sleep(seconds)
        found = QUOTE.findall(asked["messages"][-1]["content"])
        records = [
            {"table": "tasks", "data": {"title": quote}, "quote": quote} for quote in found[:1]
        ]
        return web.json_response(
            {
                "id": "bench",
                "object": "chat.completion",
                "created": 0,
                "model": asked["model"],
                "choices": [
                    {
                        "index": 0,
                        "finish_reason": "stop",
                        "message": {
                            "role": "assistant",
                            "content": json.dumps({"records": records}),
                        },
                    }
                ],
                "usage": {"prompt_tokens": 500, "completion_tokens": 40, "total_tokens": 540},
            }
        )

    application = web.Application()
    application.router.add_post("/v1/chat/completions", complete)
    return application


@asynccontextmanager
async def model_server(milliseconds: float) -> AsyncIterator[str]:
    """Run the server as a process of its own; gives its base URL."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, __file__, str(milliseconds), stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        port = int(await process.stdout.readline())
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        await process.wait()


async def _serve(milliseconds: float) -> None:
    runner = web.AppRunner(make_application(milliseconds / 1000), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("milliseconds", type=float)
    asyncio.run(_serve(parser.parse_args().milliseconds))
