"""Chat agents whose model says what the test has written."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

import pytest
from plain_log import plain_tracebacks
from scripted_model import ScriptedModel, scripted_model

from noond.clock import SystemClock
from noond.config import LLMSettings
from noond.llm.dialogue import DialogueClient
from noond.llm.metered import MeteredServer
from noond.llm.usage import Budget
from noond.models.usage import Payer

if TYPE_CHECKING:
    from tests.integration.api.conftest import Answer, World

AGENTS = "/api/v1/agents"
TASKS = f"{AGENTS}/tasks"


@pytest.fixture
async def model() -> AsyncIterator[ScriptedModel]:
    async with scripted_model() as model:
        yield model


@pytest.fixture
def llm_changes() -> dict[str, Any]:
    """Settings of `llm` that differ."""
    return {}


@pytest.fixture
def llm_settings(model: ScriptedModel, llm_changes: dict[str, Any]) -> LLMSettings:
    return LLMSettings.model_validate(model.settings(**llm_changes))


@pytest.fixture
async def dialogue(llm_settings: LLMSettings) -> AsyncIterator[DialogueClient]:
    async def spent_since(payer: Payer, since: datetime) -> float:
        return 0.0

    clock = SystemClock()
    budget = Budget(llm_settings, spent=spent_since, clock=clock, warn=lambda *_: None)
    server = MeteredServer(llm_settings, budget=budget, clock=clock, backoff_seconds=0.01)
    yield DialogueClient(server, slots=asyncio.Semaphore(llm_settings.concurrency))
    await server.close()


@dataclass(kw_only=True)
class Chat:
    """What a person does with chat agents over HTTP."""

    world: World

    async def agent(self, name: str = "Garden") -> str:
        """Make an agent on a device that is paired for it; its id."""
        if not (await self.get("/devices"))["items"]:
            await self.world.pair("laptop")
        return str((await self.world.new_agent(name=name))["id"])

    async def invoke(self, message: str, *, key: str = "ana", **body: Any) -> dict[str, Any]:
        """The reply of an invoke that must succeed."""
        sent = {"message": message, **body}
        reply = await self.world.send("POST", f"{AGENTS}/invoke", key=key, json=sent)
        assert reply.status == 200, reply.text
        return cast("dict[str, Any]", reply.json)

    async def queue(
        self, message: str, *, agent: str = "assistant", key: str = "ana", **body: Any
    ) -> str:
        """Queue a message; the task's id."""
        path = f"{AGENTS}/{agent}/invoke-async"
        reply = await self.world.send("POST", path, key=key, json={"message": message, **body})
        assert reply.status == 202, reply.text
        return cast("str", reply.json["task_id"])

    async def task(self, task_id: str, *, key: str = "ana") -> dict[str, Any]:
        """The task as it stands."""
        reply = await self.world.send("GET", f"{TASKS}/{task_id}", key=key)
        assert reply.status == 200, reply.text
        return cast("dict[str, Any]", reply.json)

    async def until(self, task_id: str, *states: str) -> dict[str, Any]:
        """The task once it is in one of these states: by default an end."""
        if not states:
            heard = await self.world.send("GET", f"{TASKS}/{task_id}/events")
            assert heard.status == 200, heard.text
            return await self.task(task_id)
        async with asyncio.timeout(10):
            while (task := await self.task(task_id))["state"] not in states:
                pass
        return task

    async def get(self, path: str, *, key: str = "ana") -> Any:
        """What a path shows."""
        reply = await self.world.send("GET", f"/api/v1{path}", key=key)
        assert reply.status == 200, reply.text
        return reply.json

    async def post(
        self, path: str, body: Any = None, *, key: str = "ana", once: str = ""
    ) -> Answer:
        """Send something under `/api/v1`; `once` is its Idempotency-Key."""
        headers = {"Idempotency-Key": once} if once else {}
        path = f"/api/v1{path}"
        return await self.world.send("POST", path, key=key, json=body, headers=headers)


@pytest.fixture
def chat(world: World) -> Chat:
    return Chat(world=world)


@pytest.fixture(autouse=True)
def plain_log() -> Iterator[None]:
    with plain_tracebacks():
        yield
