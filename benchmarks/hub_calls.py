"""What does one call to a device cost the daemon's processor?

Three servers, each in a process of its own, make the same calls to one client, 32 at a time: the
hub; a server on the `websockets` library; a bare uvloop protocol over TCP, a line of JSON each way.
All run on uvloop, make every call from its fields, await its answer as a future, and write and
parse JSON with pydantic_core. The client is one further process and answers at once. What counts
is the server process's own CPU time; the servers take turns, round by round.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import logging
import multiprocessing
import statistics
import struct
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from multiprocessing.connection import Connection as Pipe
from typing import Any, cast

import structlog
import uvloop
import websockets.asyncio.server
from aiohttp import web
from pydantic_core import from_json, to_json

from noond.config import HubSettings
from noond.hub.frames import SUBPROTOCOL, DeviceHello, Source, ToolCall
from noond.hub.hub import Hub
from noond.models.document import Table
from noond.tasks import Supervisor

HOST = "127.0.0.1"
WINDOW = 32
HELLO = DeviceHello(device_id="laptop", name="Ana's laptop", platform="linux").encode().encode()
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


# --- the servers --------------------------------------------------------------------------------


@asynccontextmanager
async def hub_server(opened: Opened) -> AsyncIterator[Call]:
    """The hub, served as the daemon serves it."""
    online = asyncio.Event()

    async def greet(_user_id: str, _hello: DeviceHello) -> int:
        return 0

    async with Supervisor() as tasks:
        settings = HubSettings()
        hub = Hub(
            settings,
            file_bytes=settings.frame_bytes,
            tasks=tasks,
            greet=greet,
            on_online=lambda *_: online.set(),
            on_offline=lambda *_: None,
            on_review=lambda *_: None,
        )

        async def connect(request: web.Request) -> web.StreamResponse:
            ws = web.WebSocketResponse(
                protocols=(SUBPROTOCOL,),
                autoping=False,
                compress=False,
                decode_text=False,
                max_msg_size=settings.frame_bytes + 1,
            )
            await ws.prepare(request)
            await hub.serve(ws, request.transport, user_id="ana", device_id="laptop")
            return ws

        async def call(call_id: str) -> Any:
            frame = ToolCall(
                id=call_id,
                action="insert",
                table=Table.TASKS,
                data={**DATA, "isAiSuggested": 1, "isApproved": 0},
                source=Source(**SOURCE),
                deadline_ms=30_000,
            )
            return await hub.call("ana", "laptop", frame)

        application = web.Application()
        application.router.add_get("/ws/device", connect)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, HOST, 0).start()
        opened(runner.addresses[0][1])
        await online.wait()
        yield call
        await hub.close()
        await runner.cleanup()


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
    """Play rounds until the parent sends 0: number of calls in, CPU seconds out."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    logging.getLogger("websockets").setLevel(logging.CRITICAL)

    async def play() -> None:
        loop = asyncio.get_running_loop()
        async with SERVERS[name](pipe.send) as call:
            pipe.send("ready")
            gc.freeze()
            while calls := await loop.run_in_executor(None, pipe.recv):
                ids = iter([f"019aa0c4-5d7e-7c3a-9a51-{number:012x}" for number in range(calls)])

                async def caller(ids: Any = ids) -> None:
                    for call_id in ids:
                        await call(call_id)

                began = time.process_time()
                await asyncio.gather(*(caller() for _ in range(WINDOW)))
                pipe.send(time.process_time() - began)

    uvloop.run(play())


# --- the client ---------------------------------------------------------------------------------


def answer(message: bytes) -> bytes:
    """The device's answer to a call; nothing to other messages."""
    frame = from_json(message)
    if frame["type"] != "tool_call":
        return b""
    return to_json(
        {"type": "tool_result", "id": frame["id"], "result": {"id": "rec-" + frame["id"]}}
    )


class TcpDevice(asyncio.Protocol):
    """Answers lines."""

    rest = b""
    transport: asyncio.WriteTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        *lines, self.rest = (self.rest + data).split(b"\n")
        self.transport.write(b"".join(answer(line) + b"\n" for line in lines))


class WebSocketDevice(asyncio.Protocol):
    """Answers text frames, and pings. Its mask is four zeros, which costs the server the same."""

    rest = b""
    upgraded = False
    transport: asyncio.WriteTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.WriteTransport", transport)
        self.transport.write(
            b"GET /ws/device HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: %s\r\n\r\n"
            % SUBPROTOCOL.encode()
        )

    def data_received(self, data: bytes) -> None:
        self.rest += data
        if not self.upgraded:
            head, _, rest = self.rest.partition(b"\r\n\r\n")
            if not rest and not self.rest.endswith(b"\r\n\r\n"):
                return
            assert head.startswith(b"HTTP/1.1 101")
            self.upgraded, self.rest = True, rest
            self.transport.write(masked(1, HELLO))
        self.transport.write(b"".join(self._answers()))

    def _answers(self) -> list[bytes]:
        answers, start, data = [], 0, self.rest
        while len(data) - start >= 4:
            length, header = data[start + 1], 2
            if length == 126:
                length, header = struct.unpack_from("!H", data, start + 2)[0], 4
            end = start + header + length
            if len(data) < end:
                break
            payload, kind = data[start + header : end], data[start] & 0xF
            if kind == 9:
                answers.append(masked(10, payload))
            elif kind == 1 and (text := answer(payload)):
                answers.append(masked(1, text))
            start = end
        self.rest = data[start:]
        return answers


def masked(kind: int, payload: bytes) -> bytes:
    """A client's WebSocket frame below 64 KiB."""
    if len(payload) < 126:
        return struct.pack("!BB4x", 0x80 | kind, 0x80 | len(payload)) + payload
    return struct.pack("!BBH4x", 0x80 | kind, 0x80 | 126, len(payload)) + payload


def run_client(ports: dict[str, int]) -> None:
    """Connect to every server and answer until killed."""

    async def play() -> None:
        loop = asyncio.get_running_loop()
        for name, port in ports.items():
            device = TcpDevice if name == "raw uvloop TCP" else WebSocketDevice
            await loop.create_connection(device, HOST, port)
        await asyncio.Event().wait()

    uvloop.run(play())


# --- the comparison -----------------------------------------------------------------------------


def measure(calls: int, rounds: int) -> dict[str, list[float]]:
    """CPU microseconds per call of each server, by round."""
    context = multiprocessing.get_context("spawn")
    pipes: dict[str, Pipe] = {}
    processes = []
    for name in SERVERS:
        pipes[name], inner = context.Pipe()
        processes.append(context.Process(target=run_server, args=(name, inner), daemon=True))
        processes[-1].start()
    ports = {name: pipe.recv() for name, pipe in pipes.items()}
    client = context.Process(target=run_client, args=(ports,), daemon=True)
    client.start()
    for pipe in pipes.values():
        assert pipe.recv() == "ready"
    seconds: dict[str, list[float]] = {name: [] for name in SERVERS}
    for number in range(-1, rounds):
        for name, pipe in pipes.items():
            pipe.send(calls if number >= 0 else calls // 10)
            spent = pipe.recv()
            if number >= 0:
                seconds[name].append(spent / calls * 1e6)
    for pipe in pipes.values():
        pipe.send(0)
    for process in processes:
        process.join(10)
    client.terminate()
    client.join()
    return seconds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=20_000, help="calls in a round")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    spent = measure(options.calls, options.rounds)
    raw, hub, other = (spent[name] for name in ("raw uvloop TCP", "noond hub", "websockets"))
    report = {
        "calls": options.calls,
        "rounds": options.rounds,
        "cpu_us_per_call": {name: round(statistics.median(spent[name]), 2) for name in spent},
        "hub_to_raw": round(statistics.median(a / b for a, b in zip(hub, raw, strict=True)), 3),
        "hub_to_websockets": round(
            statistics.median(a / b for a, b in zip(hub, other, strict=True)), 3
        ),
    }
    if options.json:
        json.dump(report, sys.stdout, indent=2)
        print()
        return
    print(f"{options.rounds} rounds of {options.calls} calls, {WINDOW} at a time; medians")
    print(f"{'server':<18}{'CPU per call':>14}{'hub / it':>10}")
    for name, ratio in (
        ("noond hub", 1.0),
        ("raw uvloop TCP", report["hub_to_raw"]),
        ("websockets", report["hub_to_websockets"]),
    ):
        microseconds = statistics.median(spent[name])
        print(f"{name:<18}{microseconds:>11.1f} us{ratio:>10.2f}")


if __name__ == "__main__":
    main()
