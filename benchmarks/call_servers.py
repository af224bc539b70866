"""Servers that make the same calls to a device: the hub, and what it is compared with."""

from __future__ import annotations

import asyncio
import gc
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from multiprocessing.connection import Connection as Pipe
from typing import Any, cast

import uvloop
import websockets.asyncio.server
from pydantic_core import from_json, to_json

from benchmarks.bench_hub import HOST, USER, hub_served
from noond.hub.frames import SUBPROTOCOL, Source, ToolCall
from noond.models.document import Table

DEVICE = "laptop"
WINDOW = 32
"""Calls under way at a time."""

DATA = {
    "title": "Send the contract to the notary",
    "description": "Agreed in the Monday standup; the draft lies in the shared folder.",
    "dueDate": "2026-11-27T17:00:00Z",
    "priority": "high",
    "projectId": "019aa0c4-5d7e-7c3a-9a51-1c2d3e4f5a6b",
}
SOURCE = {
    "agent_id": "019aa0c4-0000-7000-8000-000000000001",
    "run_id": "019aa0c4-0000-7000-8000-000000000002",
    "path": "notes/2026/standup.md",
    "quote": "Ana sends the contract to the notary by Friday, Ben books the room.",
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
}

Call = Callable[[str], Awaitable[Any]]
"""Makes the call with this id; ends with its answer."""

Opened = Callable[[int], None]
"""Tells on which port a server listens."""


@asynccontextmanager
async def hub_server(opened: Opened) -> AsyncIterator[Call]:
    """The hub, served as the daemon serves it."""
    online = asyncio.Event()
    async with hub_served(on_online=lambda *_: online.set()) as (hub, port):

        async def call(call_id: str) -> Any:
            frame = ToolCall(
                id=call_id,
                action="insert",
                table=Table.TASKS,
                data={**DATA, "isAiSuggested": 1, "isApproved": 0},
                source=Source(**SOURCE),
                deadline_ms=30_000,
            )
            return await hub.call(USER, DEVICE, frame)

        opened(port)
        await online.wait()
        yield call


def call_fields(call_id: str) -> dict[str, Any]:
    """The same call as a dictionary."""
    return {
        "type": "tool_call",
        "id": call_id,
        "action": "insert",
        "table": "tasks",
        "data": {**DATA, "isAiSuggested": 1, "isApproved": 0},
        "source": {**SOURCE},
        "deadline_ms": 30_000,
    }


class Pending:
    """The least that a server needs to know which call an answer ends."""

    def __init__(self) -> None:
        self._futures: dict[str, asyncio.Future[Any]] = {}

    def open(self, call_id: str) -> asyncio.Future[Any]:
        """Expect an answer."""
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._futures[call_id] = future
        return future

    def resolve(self, message: str | bytes) -> None:
        """Give a call its answer; what is no answer is the hello."""
        frame = from_json(message)
        if frame["type"] == "tool_result":
            self._futures.pop(frame["id"]).set_result(frame["result"])


@asynccontextmanager
async def websockets_server(opened: Opened) -> AsyncIterator[Call]:
    """A server on the `websockets` library."""
    pending = Pending()
    connected: asyncio.Future[websockets.asyncio.server.ServerConnection]
    connected = asyncio.get_running_loop().create_future()

    async def handle(ws: websockets.asyncio.server.ServerConnection) -> None:
        connected.set_result(ws)
        async for message in ws:
            pending.resolve(message)

    async with websockets.asyncio.server.serve(
        handle,
        HOST,
        0,
        compression=None,
        subprotocols=[websockets.Subprotocol(SUBPROTOCOL)],
    ) as server:
        opened(next(iter(server.sockets)).getsockname()[1])
        ws = await connected

        async def call(call_id: str) -> Any:
            answer = pending.open(call_id)
            await ws.send(to_json(call_fields(call_id)), text=True)
            return await answer

        yield call


@asynccontextmanager
async def raw_server(opened: Opened) -> AsyncIterator[Call]:
    """A uvloop protocol over TCP."""
    pending = Pending()
    loop = asyncio.get_running_loop()
    connected: asyncio.Future[asyncio.Transport] = loop.create_future()

    class Lines(asyncio.Protocol):
        rest = b""

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            connected.set_result(cast("asyncio.Transport", transport))

        def data_received(self, data: bytes) -> None:
            *lines, self.rest = (self.rest + data).split(b"\n")
            for line in lines:
                pending.resolve(line)

    server = await loop.create_server(Lines, HOST, 0)
    opened(server.sockets[0].getsockname()[1])
    transport = await connected

    async def call(call_id: str) -> Any:
        answer = pending.open(call_id)
        transport.write(to_json(call_fields(call_id)) + b"\n")
        return await answer

    yield call
    transport.close()
    server.close()


SERVERS: dict[str, Callable[[Opened], AbstractAsyncContextManager[Call]]] = {
    "raw uvloop TCP": raw_server,
    "noond hub": hub_server,
    "websockets": websockets_server,
}


def run_server(name: str, pipe: Pipe) -> None:
    """Play rounds until killed: number of calls in, CPU seconds out."""
    logging.getLogger("websockets").setLevel(logging.CRITICAL)

    async def play() -> None:
        loop = asyncio.get_running_loop()
        async with SERVERS[name](pipe.send) as call:
            pipe.send("ready")
            gc.freeze()
            while True:
                calls = await loop.run_in_executor(None, pipe.recv)
                ids = iter([f"019aa0c4-5d7e-7c3a-9a51-{number:012x}" for number in range(calls)])

                async def caller(ids: Any = ids) -> None:
                    for call_id in ids:
                        await call(call_id)

                began = time.process_time()
                await asyncio.gather(*(caller() for _ in range(WINDOW)))
                pipe.send(time.process_time() - began)

    uvloop.run(play())
