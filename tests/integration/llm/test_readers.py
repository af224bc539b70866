"""Extractions and dialogues beside each other, on one server."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from noond.clock import SystemClock
from noond.config import LLMSettings
from noond.llm.opening import open_readers
from noond.llm.usage import Budget, CallAccount
from noond.models.dialogue import DialogueMessage
from noond.models.document import Document, LLMCall, Table
from noond.models.usage import Payer

ACCOUNT = CallAccount(user_id="ana", agent_id="a1", run_id="r1", timezone="UTC")
DOCUMENT = Document(
    path="a.md",
    text="Ana sends the contract.",
    sha256="0" * 64,
    reference_at=datetime(2026, 11, 20, 8, tzinfo=UTC),
    timezone="UTC",
)


async def _nothing_spent(payer: Payer, since: datetime) -> float:
    return 0.0


async def _keep(account: CallAccount, path: str, calls: tuple[LLMCall, ...]) -> None:
    raise AssertionError


async def test_a_dialogue_does_not_wait_for_extractions(serve: Any) -> None:
    arrived, release = asyncio.Event(), asyncio.Event()

    async def answer(request: web.Request) -> web.Response:
        content = '{"records": []}'
        if "response_format" in await request.json():
            arrived.set()
            await release.wait()
        else:
            content = "Good day."
        message = {"role": "assistant", "content": content}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return web.json_response(
            {
                "id": "1",
                "object": "chat.completion",
                "created": 1,
                "model": "m",
                "choices": [choice],
            }
        )

    clock = SystemClock()
    async with serve(answer) as url:
        settings = LLMSettings(provider="openai", model="m", base_url=url, concurrency=1)
        budget = Budget(settings, spent=_nothing_spent, clock=clock, warn=lambda *_: None)
        async with open_readers(settings, clock=clock, budget=budget, keep_calls=_keep) as readers:
            reading = asyncio.create_task(
                readers.extractor.extract(
                    DOCUMENT,
                    instructions="",
                    tables=frozenset({Table.TASKS}),
                    context=None,
                    account=ACCOUNT,
                )
            )
            await arrived.wait()
            assert readers.dialogue is not None
            said = await asyncio.wait_for(
                readers.dialogue.reply(
                    [DialogueMessage(role="user", content="Hello")], account=ACCOUNT, failed=[]
                ),
                5,
            )
            release.set()
            await reading
    assert said.text == "Good day."


async def test_the_rules_lead_no_dialogues() -> None:
    clock, settings = SystemClock(), LLMSettings()
    budget = Budget(settings, spent=_nothing_spent, clock=clock, warn=lambda *_: None)
    async with open_readers(settings, clock=clock, budget=budget, keep_calls=_keep) as readers:
        assert readers.dialogue is None
