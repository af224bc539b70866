"""What does an idle device cost the daemon in memory?

Two servers, each in a process of its own and on uvloop: the hub, and a bare aiohttp WebSocket that
only waits for messages. A client process connects many devices to each in turn; what counts is by
how much the server's resident memory grew when all are connected and nothing happens, per
connection (read from /proc: Linux only). Each round uses fresh processes, because memory that was
freed is not given back.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import multiprocessing
import resource
import statistics
import sys
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import cast

import uvloop
from aiohttp import web

from noond.config import HubSettings
from noond.hub.frames import SUBPROTOCOL, DeviceHello
from noond.hub.hub import Hub
from noond.tasks import Supervisor

HOST = "127.0.0.1"
WARM_UP = 50
"""Connections made and kept before the first look at the memory."""


async def serve(pipe: Pipe, hub: Hub | None) -> None:
    """Listen; tell the memory, in bytes, whenever the parent asks."""

    async def connect(request: web.Request) -> web.StreamResponse:
        ws = web.WebSocketResponse(
            protocols=(SUBPROTOCOL,), autoping=False, compress=False, decode_text=False
        )
        await ws.prepare(request)
        if hub is not None:
            device_id = request.query["device"]
            await hub.serve(ws, request.transport, user_id="ana", device_id=device_id)
            return ws
        await ws.receive()
        await ws.send_str('{"type":"welcome"}')
        await ws.receive()
        return ws

    application = web.Application()
    application.router.add_get("/ws/device", connect)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, HOST, 0, backlog=1024).start()
    pipe.send(runner.addresses[0][1])
    while await asyncio.get_running_loop().run_in_executor(None, pipe.recv):
        gc.collect()
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        pipe.send(pages * resource.getpagesize())


def run_hub(pipe: Pipe) -> None:
    """The hub, served as the daemon serves it."""

    async def greet(_user_id: str, _hello: DeviceHello) -> int:
        return 0

    async def play() -> None:
        async with Supervisor() as tasks:
            hub = Hub(
                HubSettings(),
                file_bytes=1,
                tasks=tasks,
                greet=greet,
                on_online=lambda *_: None,
                on_offline=lambda *_: None,
                on_review=lambda *_: None,
            )
            await serve(pipe, hub)

    allow_files()
    uvloop.run(play())


def run_bare(pipe: Pipe) -> None:
    """aiohttp alone."""
    allow_files()
    uvloop.run(serve(pipe, None))


def allow_files() -> None:
    """As many sockets as the system lets this process have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


SERVERS: dict[str, Callable[[Pipe], None]] = {"noond hub": run_hub, "aiohttp": run_bare}


class Device(asyncio.Protocol):
    """Says hello and waits for the welcome, then does nothing."""

    def __init__(self, device_id: str) -> None:
        self.welcomed = asyncio.get_running_loop().create_future()
        self._device_id = device_id
        self._received = b""
        self._hello = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)
        self._transport.write(
            b"GET /ws/device?device=%s HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            b"Authorization: Bearer noond_device_0123456789abcdef0123456789abcdef\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: %s\r\n\r\n"
            % (self._device_id.encode(), SUBPROTOCOL.encode())
        )

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self._hello and b"\r\n\r\n" in self._received:
            self._hello = DeviceHello(device_id=self._device_id).to_bytes()
            assert len(self._hello) < 126
            self._transport.write(bytes([0x81, 0x80 | len(self._hello), 0, 0, 0, 0]) + self._hello)
        if b'"welcome"' in self._received and not self.welcomed.done():
            self.welcomed.set_result(None)


def run_client(pipe: Pipe, port: int) -> None:
    """Connect as many devices as the parent says, and keep them."""

    async def play() -> None:
        loop = asyncio.get_running_loop()
        number = 0
        while count := await loop.run_in_executor(None, pipe.recv):
            for _ in range(count):
                number += 1
                make = partial(Device, f"device-{number}")
                _, device = await loop.create_connection(make, HOST, port)
                await device.welcomed
            pipe.send(number)

    allow_files()
    uvloop.run(play())


def measure(server: str, connections: int) -> float:
    """Bytes per idle connection."""
    context = multiprocessing.get_context("spawn")
    pipe, inner = context.Pipe()
    serving = context.Process(target=SERVERS[server], args=(inner,), daemon=True)
    serving.start()
    port = pipe.recv()
    client_pipe, client_inner = context.Pipe()
    client = context.Process(target=run_client, args=(client_inner, port), daemon=True)
    client.start()
    memory = []
    for count in (WARM_UP, connections):
        client_pipe.send(count)
        client_pipe.recv()
        pipe.send(True)
        memory.append(pipe.recv())
    for process in (serving, client):
        process.terminate()
        process.join()
    return float(memory[1] - memory[0]) / connections


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rounds = [
        {name: measure(name, options.connections) for name in SERVERS}
        for _ in range(options.rounds)
    ]
    medians = {name: statistics.median(each[name] for each in rounds) for name in SERVERS}
    ratio = statistics.median(each["noond hub"] / each["aiohttp"] for each in rounds)
    if options.json:
        report = {
            "connections": options.connections,
            "rounds": options.rounds,
            "bytes_per_connection": {name: round(value) for name, value in medians.items()},
            "hub_to_aiohttp": round(ratio, 3),
        }
        json.dump(report, sys.stdout, indent=2)
        print()
        return
    print(f"{options.rounds} rounds of {options.connections} idle connections; medians")
    print(f"{'server':<12}{'memory each':>14}{'hub / it':>10}")
    print(f"{'noond hub':<12}{medians['noond hub'] / 1024:>11.1f} KB{1:>10.2f}")
    print(f"{'aiohttp':<12}{medians['aiohttp'] / 1024:>11.1f} KB{ratio:>10.2f}")


if __name__ == "__main__":
    main()
