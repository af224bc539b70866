"""kill -9 while a chat agent answers: what was done is not done again, and readers miss nothing."""

from __future__ import annotations

import asyncio
import json
import os
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import forgetful_daemon
import pytest
from event_stream import StreamEvent, hear, text_of
from running_daemon import Api
from scripted_model import (
    CALL_COST,
    MODEL,
    PRICES,
    ScriptedModel,
    Turn,
    calls,
    says,
    scripted_model,
)
from warm_programs import Program

from noond.accounts.setup import init_data_dir

KILLS = int(os.environ.get("SOAK_CHATS", "3"))
PIECES = ("The ", "run ", "was ", "started ", "and ", "waits ", "for ", "its ", "device.")
ANSWER = "One moment.\n\n" + "".join(PIECES)
EVENTS = 12
"""An answer tells about so much, depending on how its pieces collect."""


@dataclass(kw_only=True)
class ChatSite:
    """A data directory, the daemon on it, and the model that it asks."""

    root: Path
    model: ScriptedModel
    script: tuple[str, ...] = ()
    url: str = ""
    agent_id: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    daemon: Program | None = None

    async def start(self) -> None:
        """Start the daemon; returns when it is ready."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("NOOND")}
        config = self.root / "noond.toml"
        config.write_text(
            f'[llm]\nprovider = "openai"\nbase_url = "{self.model.url}"\nmodel = "{MODEL}"\n'
            f"retries = 0\nprices = {{ {MODEL} = {list(PRICES[MODEL])} }}\n"
        )
        self.daemon = await asyncio.to_thread(
            lambda: Program(
                [
                    *self.script, "serve", "--port", "0", "--json",
                    "--data-dir", str(self.root / "data"), "--config", str(config),
                ],
                env={**environment, "NOOND__LOG__LEVEL": "error"},
            )
        )  # fmt: skip
        line = await asyncio.to_thread(self.daemon.stdout.readline)
        assert line, self.daemon.communicate(timeout=10)[1]
        self.url = json.loads(line)["url"]

    async def kill(self) -> None:
        """kill -9."""
        assert self.daemon is not None
        self.daemon.kill()
        await asyncio.to_thread(self.daemon.communicate, timeout=10)

    @asynccontextmanager
    async def api(self) -> AsyncIterator[Api]:
        """The daemon's API."""
        async with aiohttp.ClientSession(headers=self.headers) as http:
            yield Api(http, self.url)

    async def listen(
        self,
        heard: list[StreamEvent],
        *,
        task_id: str = "",
        enough: Callable[[], bool] = lambda: False,
    ) -> None:
        """Hear a new answer, or go on with a task's after what was heard, until it is enough."""
        last = {"Last-Event-ID": heard[-1].id} if heard else {}
        path = f"/api/v1/agents/tasks/{task_id}/events" if task_id else "/api/v1/agents/stream"
        async with (
            aiohttp.ClientSession(headers={**self.headers, **last}) as http,
            http.request(
                "GET" if task_id else "POST",
                self.url + path,
                json=None if task_id else {"message": "Run Garden"},
            ) as response,
        ):
            assert response.status in (200, 204), await response.text()
            async for event in hear(response):
                if event is not None:
                    heard.append(event)
                if enough():
                    return

    def play(self, asked: dict[str, Any]) -> Turn:
        """A run is started, then looked at, then told of."""
        known = sum(each["role"] == "tool" for each in asked["messages"])
        if known == 0:
            return says("One ", "moment.", calls=(("start_run", {"agent_id": self.agent_id}),))
        if known == 1:
            return calls(("list_runs", {"agent_id": self.agent_id}))
        return says(*PIECES, piece_seconds=0.01)

    def asked(self) -> Counter[int]:
        """How often each of the three questions was asked, by the number of results in it."""
        return Counter(
            sum(each["role"] == "tool" for each in body["messages"]) for body in self.model.asked
        )


@asynccontextmanager
async def chat_site(root: Path, *script: str) -> AsyncIterator[ChatSite]:
    made = init_data_dir(root / "data", timezone="UTC")
    async with scripted_model() as model:
        site = ChatSite(root=root, model=model, script=script)
        site.headers = {"Authorization": f"Bearer {made.api_key}"}
        model.play = site.play
        await site.start()
        try:
            async with site.api() as api:
                await api.pair()
                site.agent_id = await api.add_agent(name="Garden")
            yield site
        finally:
            await site.kill()


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[ChatSite]:
    async with chat_site(tmp_path) as site:
        yield site


async def holds(site: ChatSite, heard: list[StreamEvent]) -> None:
    """The answer was given as if nothing had been, but for a call that was under way."""
    assert [event.seq for event in heard] == list(range(1, len(heard) + 1))
    last = heard[-1]
    assert (last.name, last.data["state"]) == ("run_finished", "SUCCESS")
    assert text_of(heard) == last.data["response"] == ANSWER
    results = Counter(e.data["name"] for e in heard if e.name == "tool_result")
    assert results == {"start_run": 1, "list_runs": 1}
    (started,) = [e.data["result"] for e in heard if e.name == "tool_result"][:1]
    async with site.api() as api:
        runs = (await api.get("/api/v1/runs"))["items"]
        assert [run["id"] for run in runs] == [started["run_id"]], "the run was started once"
        task = await api.get(f"/api/v1/agents/tasks/{last.data['task_id']}")
        usage = await api.get("/api/v1/usage")
    assert task["content"] == ANSWER
    assert 3 <= site.asked().total() <= 3 + 1
    assert usage["total"]["cost_usd"] == pytest.approx(task["cost"])
    assert usage["total"]["cost_usd"] >= 3 * CALL_COST - 1e-9


async def test_a_kill_in_the_middle_of_the_tool_loop(site: ChatSite) -> None:
    held = asyncio.Event()

    def play(asked: dict[str, Any]) -> Turn:
        turn = site.play(asked)
        return says(*turn.pieces, held=held) if turn.pieces == PIECES else turn

    site.model.play = play
    async with site.api() as api:
        body = {"message": "Run Garden", "stream": True}
        task_id = (await api.post("/api/v1/agents/assistant/invoke-async", body))["task_id"]
    for _ in range(3):
        await site.model.arrival()
    await site.kill()
    held.set()
    await site.start()
    heard: list[StreamEvent] = []
    await site.listen(heard, task_id=task_id)
    await holds(site, heard)
    assert site.asked() == {0: 1, 1: 1, 2: 2}, "only what was under way is asked again"
    async with site.api() as api:
        usage = await api.get("/api/v1/usage")
    assert usage["total"]["cost_usd"] == pytest.approx(3 * CALL_COST)


async def test_a_kill_in_the_middle_of_a_stream(site: ChatSite) -> None:
    heard: list[StreamEvent] = []
    await site.listen(heard, enough=lambda: text_of(heard).endswith(PIECES[2]))
    await site.kill()
    assert heard[-1].name == "message_delta"
    await site.start()
    await site.listen(heard, task_id=heard[0].data["task_id"])
    await holds(site, heard)
    begun = [event.data["content"] for event in heard if event.name == "run_started"]
    assert begun == ["", "One moment."], "what was kept stands, the piece after it begins anew"


async def killed(site: ChatSite, chance: random.Random) -> list[StreamEvent]:
    """What is heard of an answer in which the daemon is killed somewhere."""
    heard: list[StreamEvent] = []
    most = chance.randint(1, EVENTS)
    await site.listen(heard, enough=lambda: len(heard) >= most)
    await asyncio.sleep(chance.uniform(0, 0.03))
    await site.kill()
    await site.start()
    await site.listen(heard, task_id=heard[0].id.rpartition(":")[0])
    return heard


@pytest.mark.parametrize("seed", range(KILLS))
async def test_a_kill_at_random(site: ChatSite, seed: int) -> None:
    await holds(site, await killed(site, random.Random(seed + 20_261_121)))


async def test_without_keeping_steps_it_would_show(tmp_path: Path) -> None:
    """The negative control: what was done is done again, and the check above sees it."""
    script = forgetful_daemon.__file__
    assert script is not None
    async with chat_site(tmp_path, script) as site:
        heard: list[StreamEvent] = []
        await site.listen(heard, enough=lambda: text_of(heard).endswith(PIECES[2]))
        await site.kill()
        await site.start()
        await site.listen(heard, task_id=heard[0].data["task_id"])
        assert site.asked()[0] == 2
        with pytest.raises(AssertionError):
            await holds(site, heard)
