from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from node import NODE

from noond.clock import SystemClock
from noond.config import LLMSettings
from noond.llm.client import ModelClient
from noond.llm.dialogue import DialogueClient
from noond.llm.extractor import ModelExtractor
from noond.llm.measured import OnCall
from noond.llm.metered import MeteredServer
from noond.llm.usage import Budget, CallAccount
from noond.models.dialogue import DialogueMessage, ToolSpec, Utterance
from noond.models.document import DeviceContext, Document, Extraction, LLMCall, Table
from noond.models.usage import Payer
from noond.tracing import OFF, Tracing

LLMOCK = Path(__file__).parents[2] / "servers" / "node" / "node_modules" / ".bin" / "llmock"


@dataclass(kw_only=True)
class ModelServer:
    """aimock, filled with what a test wants it to answer."""

    origin: str

    @property
    def base_url(self) -> str:
        return f"{self.origin}/v1"

    async def answer(self, *fixtures: dict[str, Any]) -> None:
        """Answer by these fixtures from now on, the first that matches."""
        async with (
            aiohttp.ClientSession() as session,
            session.post(
                f"{self.origin}/__aimock/fixtures", json={"fixtures": list(fixtures)}
            ) as reply,
        ):
            assert reply.status == 200, await reply.text()

    async def asked(self) -> list[dict[str, Any]]:
        """The questions so far: aimock's journal, `body` and `timestamp` (ms) among its fields."""
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{self.origin}/__aimock/journal") as reply,
        ):
            entries: list[dict[str, Any]] = await reply.json()
        return entries


@pytest.fixture(scope="session")
def aimock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The origin of a running aimock."""
    if not LLMOCK.exists():
        pytest.fail("aimock is not installed: run `npm ci` in tests/servers/node")
    empty = tmp_path_factory.mktemp("aimock") / "fixtures.json"
    empty.write_text('{"fixtures": []}')
    process = subprocess.Popen(
        [NODE, LLMOCK, "-p", "0", "-f", empty], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if "listening on " in line:
                yield line.rsplit("listening on ", 1)[1].strip()
                break
        else:
            pytest.fail("aimock did not start")
    finally:
        process.terminate()
        process.wait(10)
        if process.stdout is not None:
            process.stdout.close()


@pytest.fixture
async def model(aimock: str) -> ModelServer:
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{aimock}/__aimock/reset") as reply,
    ):
        assert reply.status == 200
    return ModelServer(origin=aimock)


Handler = Callable[[web.Request], Any]
Serve = Callable[[Handler], AbstractAsyncContextManager[str]]


@pytest.fixture
def serve() -> Serve:
    """Starts a server with one handler, for what aimock can't do.

    That is: to wait until a test says so, to count what is in flight, to notice that the client
    has gone, to break off within a body, to answer with something that is no completion.
    """

    @asynccontextmanager
    async def start(handler: Handler) -> AsyncIterator[str]:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", handler)
        runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            host, port = runner.addresses[0][:2]
            yield f"http://{host}:{port}/v1"
        finally:
            await runner.cleanup()

    return start


@dataclass(kw_only=True)
class Bench:
    """A model extractor with short pauses, and the calls it kept of cancelled work."""

    extractor: ModelExtractor
    account: CallAccount
    kept: list[LLMCall] = field(default_factory=list)

    async def extract(
        self,
        text: str,
        *,
        tables: frozenset[Table] = frozenset({Table.TASKS}),
        instructions: str = "",
        context: DeviceContext | None = None,
    ) -> Extraction:
        document = Document(
            path="notes/a.md",
            text=text,
            sha256="0" * 64,
            reference_at=datetime(2026, 11, 20, 8, tzinfo=UTC),
            timezone="Europe/Berlin",
        )
        return await self.extractor.extract(
            document,
            instructions=instructions,
            tables=tables,
            context=context,
            account=self.account,
        )


MakeBench = Callable[..., Bench]


@dataclass(kw_only=True)
class Ear:
    """What was heard: the pieces of each beginning; `begun` is set by the first piece."""

    takes: list[list[str]] = field(default_factory=lambda: [[]])
    begun: asyncio.Event = field(default_factory=asyncio.Event)

    def delta(self, text: str) -> None:
        self.takes[-1].append(text)
        self.begun.set()

    def restart(self) -> None:
        self.takes.append([])

    @property
    def text(self) -> str:
        return "".join(self.takes[-1])


@dataclass(kw_only=True)
class Talk:
    """A dialogue client with short pauses; `failed` are its calls without an answer."""

    client: DialogueClient
    account: CallAccount
    ear: Ear = field(default_factory=Ear)
    failed: list[LLMCall] = field(default_factory=list)

    async def say(
        self, *messages: DialogueMessage | str, tools: Sequence[ToolSpec] = (), aloud: bool = False
    ) -> Utterance:
        """What the model replies; heard piece by piece when `aloud`."""
        return await self.client.reply(
            [
                DialogueMessage(role="user", content=each) if isinstance(each, str) else each
                for each in messages
            ],
            tools=tools,
            account=self.account,
            failed=self.failed,
            hearer=self.ear if aloud else None,
        )


MakeTalk = Callable[..., Talk]
OpenServer = Callable[..., tuple[LLMSettings, MeteredServer]]


@pytest.fixture
async def open_server() -> AsyncIterator[OpenServer]:
    """Makes the metered server at a base_url, with further settings of `llm`."""
    servers: list[MeteredServer] = []

    def make(
        base_url: str,
        *,
        spent: float = 0.0,
        on_call: OnCall | None = None,
        tracing: Tracing = OFF,
        **llm: Any,
    ) -> tuple[LLMSettings, MeteredServer]:
        settings = LLMSettings.model_validate(
            {"provider": "openai", "model": "small", "base_url": base_url, "retries": 2} | llm
        )

        async def spent_since(payer: Payer, since: datetime) -> float:
            return spent

        clock = SystemClock()
        budget = Budget(settings, spent=spent_since, clock=clock, warn=lambda *_: None)
        server = MeteredServer(
            settings,
            budget=budget,
            clock=clock,
            backoff_seconds=0.02,
            on_call=on_call,
            tracing=tracing,
        )
        servers.append(server)
        return settings, server

    yield make
    for server in servers:
        await server.close()


def _account(proceed: asyncio.Event | None = None) -> CallAccount:
    return CallAccount(user_id="ana", agent_id="a1", run_id="r1", timezone="UTC", proceed=proceed)


@pytest.fixture
def talk(open_server: OpenServer) -> MakeTalk:
    """Makes a dialogue client for a server's base_url and further settings of `llm`."""

    def make(base_url: str, *, proceed: asyncio.Event | None = None, **llm: Any) -> Talk:
        settings, server = open_server(base_url, **llm)
        client = DialogueClient(server, slots=asyncio.Semaphore(settings.concurrency))
        return Talk(client=client, account=_account(proceed))

    return make


@pytest.fixture
def bench(open_server: OpenServer) -> MakeBench:
    """Makes a bench for a server's base_url and further settings of `llm`."""

    def make(base_url: str, *, proceed: asyncio.Event | None = None, **llm: Any) -> Bench:
        settings, server = open_server(base_url, **llm)
        client = ModelClient(server, slots=asyncio.Semaphore(settings.concurrency))
        kept: list[LLMCall] = []
        account = _account(proceed)

        async def keep(charged: CallAccount, path: str, calls: tuple[LLMCall, ...]) -> None:
            assert (charged, path) == (account, "notes/a.md")
            kept.extend(calls)

        extractor = ModelExtractor(settings, client, keep_calls=keep)
        return Bench(extractor=extractor, account=account, kept=kept)

    return make
