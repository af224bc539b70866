"""Who reads and who talks: what the settings name, with connections that are closed at the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from noond.clock import Clock
from noond.config import LLMSettings
from noond.llm.client import ModelClient
from noond.llm.dialogue import DialogueClient
from noond.llm.extractor import EmbeddedExtractor, Extractor, KeepCalls, ModelExtractor
from noond.llm.measured import OnCall
from noond.llm.metered import MeteredServer
from noond.llm.usage import Budget
from noond.tracing import OFF, Tracing


@dataclass(frozen=True, slots=True, kw_only=True)
class Readers:
    """The extractor, and who dialogues are led with: None when there is no model."""

    extractor: Extractor
    dialogue: DialogueClient | None


@asynccontextmanager
async def open_readers(
    settings: LLMSettings,
    *,
    clock: Clock,
    budget: Budget,
    keep_calls: KeepCalls,
    on_call: OnCall | None = None,
    tracing: Tracing = OFF,
) -> AsyncIterator[Readers]:
    """The extractor and the dialogue client that the settings name.

    They share the connections to the server; each has `llm.concurrency` calls in flight at most,
    so that no dialogue waits for extractions. `keep_calls` stores what extractions spent in vain,
    `on_call` is told of every call as it ends.
    """
    slots = asyncio.Semaphore(settings.concurrency)
    if settings.provider == "embedded":
        yield Readers(extractor=EmbeddedExtractor(slots), dialogue=None)
        return
    server = MeteredServer(settings, budget=budget, clock=clock, on_call=on_call, tracing=tracing)
    try:
        yield Readers(
            extractor=ModelExtractor(
                settings, ModelClient(server, slots=slots), keep_calls=keep_calls
            ),
            dialogue=DialogueClient(server, slots=asyncio.Semaphore(settings.concurrency)),
        )
    finally:
        await server.close()
