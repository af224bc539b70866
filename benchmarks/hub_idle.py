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
import resource
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import cast

import uvloop
from aiohttp import web

from benchmarks.bench_hub import HOST, PING, PONG, application_served, hub_served, socket_of
from benchmarks.harness import (
    Figure,
    allow_files,
    command_line,
    in_process,
    median_of,
    ratio_of,
    report,
    say,
)
from noond.hub.frames import SUBPROTOCOL, DeviceHello

WARM_UP = 50
"""Connections made and kept before the first look at the memory."""


async def tell_memory(pipe: Pipe, port: int) -> None:
    """Tell the port, then the memory, in bytes, whenever the parent asks."""
    pipe.send(port)
    while True:
        await asyncio.get_running_loop().run_in_executor(None, pipe.recv)
        gc.collect()
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        pipe.send(pages * resource.getpagesize())


def run_hub(pipe: Pipe) -> None:
    """The hub, served as the daemon serves it."""

    async def play() -> None:
        async with hub_served() as (_, port):
            await tell_memory(pipe, port)

    allow_files()
    uvloop.run(play())


def run_bare(pipe: Pipe) -> None:
    """aiohttp alone."""

    async def connect(request: web.Request) -> web.StreamResponse:
        ws = await socket_of(request)
        await ws.receive()
        await ws.send_str('{"type":"welcome"}')
        await ws.receive()
        return ws

    async def play() -> None:
        async with application_served(connect) as port:
            await tell_memory(pipe, port)

    allow_files()
    uvloop.run(play())


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
        if PING in data:
            self._transport.write(PONG)
            return
        self._received += data
        if not self._hello and b"\r\n\r\n" in self._received:
            self._hello = DeviceHello(device_id=self._device_id).to_bytes()
            assert len(self._hello) < 126
            self._transport.write(bytes([0x81, 0x80 | len(self._hello), 0, 0, 0, 0]) + self._hello)
        if b'"welcome"' in self._received and not self.welcomed.done():
            self.welcomed.set_result(None)


def run_client(port: int, pipe: Pipe) -> None:
    """Connect as many devices as the parent says, and keep them."""

    async def play() -> None:
        loop = asyncio.get_running_loop()
        number = 0
        while True:
            for _ in range(await loop.run_in_executor(None, pipe.recv)):
                number += 1
                make = partial(Device, f"device-{number}")
                _, device = await loop.create_connection(make, HOST, port)
                await device.welcomed
            pipe.send(number)

    allow_files()
    uvloop.run(play())


def measure(server: str, connections: int) -> float:
    """KB per idle connection."""
    memory = []
    with (
        in_process(SERVERS[server]) as (_, pipe),
        in_process(run_client, pipe.recv()) as (_, client),
    ):
        for count in (WARM_UP, connections):
            client.send(count)
            client.recv()
            pipe.send(True)
            memory.append(pipe.recv())
    return float(memory[1] - memory[0]) / connections / 1024


def parser() -> argparse.ArgumentParser:
    """The command line."""
    line = command_line(__doc__)
    line.add_argument("--connections", type=int, default=2000)
    line.add_argument("--rounds", type=int, default=3)
    return line


def main() -> None:
    """Measure and print."""
    options = parser().parse_args()
    each: dict[str, list[float]] = defaultdict(list)
    for number in range(options.rounds):
        for name in SERVERS:
            say(f"idle connections: round {number + 1} of {options.rounds}, {name}")
            each[name].append(measure(name, options.connections))
    hub, bare = each["noond hub"], each["aiohttp"]
    figures = [
        Figure(name="noond hub, memory each", value=median_of(hub), unit="KB", aim="<= 24"),
        Figure(name="aiohttp, memory each", value=median_of(bare), unit="KB"),
        Figure(name="noond hub / aiohttp", value=ratio_of(hub, bare), unit="x"),
    ]
    title = f"Idle connections; {options.rounds} rounds of {options.connections}"
    report(title, figures, as_json=options.json)


if __name__ == "__main__":
    main()
