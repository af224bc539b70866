"""A hundred messages at once and little money: what may be spent is never passed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
from plain_log import plain_tracebacks
from running_daemon import new_daemon
from scripted_model import COMPLETION_TOKENS, MODEL, PROMPT_TOKENS, scripted_model

LIMIT = 0.2
PRICES = {MODEL: (10.0, 1000.0)}
COST = (PROMPT_TOKENS * 10 + COMPLETION_TOKENS * 1000) / 1e6
AT_ONCE = 100


@pytest.fixture(autouse=True)
def plain_log() -> Iterator[None]:
    with plain_tracebacks():
        yield


async def test_a_hundred_at_once_spend_no_more_than_allowed(tmp_path: Path) -> None:
    daemon = new_daemon(tmp_path)
    async with scripted_model() as model:
        llm = model.settings(
            prices=PRICES, usd_per_day=LIMIT, max_tokens=COMPLETION_TOKENS, concurrency=32
        )
        async with daemon.started(
            llm=llm, jobs={"rates": {}}, assistant={"rate": "1000/min"}
        ) as api:
            headers = {"Authorization": f"Bearer {daemon.api_key}"}
            async with aiohttp.ClientSession(headers=headers) as http:

                async def invoke(number: int) -> tuple[int, str, int]:
                    path = f"{api.url}/api/v1/agents/simple_llm_agent/invoke"
                    async with http.post(path, json={"message": f"m{number}"}) as reply:
                        body = await reply.json()
                        wait = int(reply.headers.get("Retry-After", "0"))
                        return reply.status, body.get("code", ""), wait

                replies = await asyncio.gather(*(invoke(number) for number in range(AT_ONCE)))
            usage = (await api.get("/api/v1/usage"))["total"]
    answered = [reply for reply in replies if reply[0] == 200]
    refused = [reply for reply in replies if reply[0] != 200]
    assert {(status, code) for status, code, _ in refused} == {(429, "budget")}
    assert all(wait > 0 for *_, wait in refused)
    assert usage["cost_usd"] == pytest.approx(len(answered) * COST)
    assert 0 < usage["cost_usd"] <= LIMIT, "overspend: none"
    assert len(model.asked) == len(answered) < AT_ONCE
