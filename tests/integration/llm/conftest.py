from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
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
from noond.llm.extractor import ModelExtractor
from noond.llm.metered import MeteredServer
from noond.llm.usage import Budget, CallAccount
from noond.models.document import DeviceContext, Document, Extraction, LLMCall, Table
from noond.models.usage import Payer

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


@pytest.fixture
async def bench() -> AsyncIterator[MakeBench]:
    """Makes a bench for a server's base_url and further settings of `llm`."""
    servers: list[MeteredServer] = []

    def make(
        base_url: str, *, spent: float = 0.0, proceed: asyncio.Event | None = None, **llm: Any
    ) -> Bench:
        settings = LLMSettings.model_validate(
            {"provider": "openai", "model": "small", "base_url": base_url, "retries": 2} | llm
        )

        async def spent_since(payer: Payer, since: datetime) -> float:
            return spent

        clock = SystemClock()
        budget = Budget(settings, spent=spent_since, clock=clock, warn=lambda *_: None)
        server = MeteredServer(settings, budget=budget, clock=clock, backoff_seconds=0.02)
        servers.append(server)
        slots = asyncio.Semaphore(settings.concurrency)
        kept: list[LLMCall] = []

        account = CallAccount(
            user_id="ana", agent_id="a1", run_id="r1", timezone="UTC", proceed=proceed
        )

        async def keep(charged: CallAccount, path: str, calls: tuple[LLMCall, ...]) -> None:
            assert (charged, path) == (account, "notes/a.md")
            kept.extend(calls)

        extractor = ModelExtractor(settings, ModelClient(server, slots=slots), keep_calls=keep)
        return Bench(extractor=extractor, account=account, kept=kept)

    yield make
    for server in servers:
        await server.close()
