"""What does one event to many devices cost the daemon's processor?

A user's devices all have the capability `notify`. Hub: it is told one frame for each device, which
passes the device's queue and socket. Whole: the event bus, the notices, which make each device's
frame, and the hub. Raw: a uvloop server that encodes the frame once and writes it to every
transport. Each server is a process of its own; what counts is its CPU time for an event until all
sockets have it, and how long that takes. The servers take turns.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from functools import partial
from multiprocessing.connection import Connection as Pipe
from typing import cast

import uvloop

from benchmarks.bench_hub import HOST, PING, PONG, USER, hub_served
from benchmarks.harness import (
    Figure,
    allow_files,
    command_line,
    cpu_seconds,
    in_process,
    median_of,
    ratio_of,
    report,
    say,
)
from noond.clock import SystemClock, rfc3339
from noond.events import EventBus
from noond.hub.frames import DeviceHello, EventFrame
from noond.runners.notices import Notices
from noond.tasks import Supervisor

TOPIC = "run.progress"
RUN_ID = "019aa0c4-5d7e-7c3a-9a51-1c2d3e4f5a6b"
DATA = {
    "run_id": RUN_ID,
    "agent_name": "Meeting notes",
    "trigger": "manual",
    "status": "running",
    "waiting_for": None,
    "items_processed": 41,
    "items_created": 7,
    "files_listed": 180,
    "files_done": 96,
    "errors": 0,
}
MARK = b'{"type":"event"'

Publish = Callable[[], None]
"""Tells every device of one event."""


@asynccontextmanager
async def whole_server(tell_port: Callable[[int], None]) -> AsyncIterator[Publish]:
    """Bus, notices and hub."""
    bus = EventBus(clock=SystemClock())
    notices: list[Notices] = []

    def online(user_id: str, device_id: str) -> None:
        notices[0].device_online(user_id, device_id)

    async with Supervisor() as tasks, hub_served(on_online=online) as (hub, port):
        notices.append(Notices(bus, hub, tasks, call_seconds=30))
        tell_port(port)
        yield lambda: bus.publish(USER, TOPIC, RUN_ID, DATA)


@asynccontextmanager
async def hub_server(tell_port: Callable[[int], None]) -> AsyncIterator[Publish]:
    """The hub alone."""
    clock = SystemClock()

    def publish() -> None:
        frame = EventFrame(topic=TOPIC, data=DATA, at=rfc3339(clock.now()))
        for user_id, device_id in hub.online_devices():
            hub.tell(user_id, device_id, frame)

    async with hub_served() as (hub, port):
        tell_port(port)
        yield publish


@asynccontextmanager
async def raw_server(tell_port: Callable[[int], None]) -> AsyncIterator[Publish]:
    """A protocol that upgrades anybody, greets, and writes."""
    clock = SystemClock()
    transports: list[asyncio.WriteTransport] = []

    class Socket(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self._transport = cast("asyncio.WriteTransport", transport)

        def data_received(self, data: bytes) -> None:
            if data.startswith(b"GET "):
                self._transport.write(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
                self._transport.write(b'\x81\x12{"type":"welcome"}')
                transports.append(self._transport)

    def publish() -> None:
        frame = EventFrame(topic=TOPIC, data=DATA, at=rfc3339(clock.now())).to_bytes()
        message = b"\x81\x7e%b%b" % (len(frame).to_bytes(2, "big"), frame)
        for transport in transports:
            transport.write(message)

    server = await asyncio.get_running_loop().create_server(Socket, HOST, 0, backlog=1024)
    tell_port(server.sockets[0].getsockname()[1])
    yield publish
    server.close()


SERVERS: dict[str, Callable[[Callable[[int], None]], AbstractAsyncContextManager[Publish]]] = {
    "hub": hub_server,
    "whole": whole_server,
    "raw": raw_server,
}


def run_server(name: str, pipe: Pipe) -> None:
    """Publish an event whenever the parent says so, until killed."""

    async def play() -> None:
        async with SERVERS[name](pipe.send) as publish:
            asyncio.get_running_loop().add_reader(pipe.fileno(), lambda: pipe.recv() and publish())
            await asyncio.Event().wait()

    allow_files()
    uvloop.run(play())


class Audience:
    """The devices of one server."""

    def __init__(self, port: int) -> None:
        self.heard = 0
        self._port = port
        self._wanted = 0
        self._all = asyncio.Event()

    async def connect(self, sockets: int) -> None:
        """Connect that many, one after the other."""
        loop = asyncio.get_running_loop()
        for number in range(sockets):
            make = partial(Listener, f"device-{number}", self.hear)
            _, listener = await loop.create_connection(make, HOST, self._port)
            await listener.welcomed

    def expect(self, count: int) -> None:
        """Expect so many more events."""
        self._wanted = self.heard + count
        self._all.clear()

    def hear(self, count: int) -> None:
        """A device got events."""
        self.heard += count
        if self.heard >= self._wanted:
            self._all.set()

    async def all_heard(self) -> None:
        """Wait for what was expected."""
        await self._all.wait()


class Listener(asyncio.Protocol):
    """A device with the capability `notify`."""

    def __init__(self, device_id: str, hear: Callable[[int], None]) -> None:
        self.welcomed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._device_id = device_id
        self._hear = hear

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Upgrade and say hello; the mask is four zeros."""
        hello = DeviceHello(device_id=self._device_id, capabilities=["notify"]).to_bytes()
        self._transport = cast("asyncio.WriteTransport", transport)
        self._transport.write(
            b"GET /ws/device?device=%s HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            b"Sec-WebSocket-Version: 13\r\n\r\n\x81%c\0\0\0\0%s"
            % (self._device_id.encode(), 0x80 | len(hello), hello)
        )

    def data_received(self, data: bytes) -> None:
        """Count, and answer a ping: two bytes that JSON has nowhere."""
        if PING in data:
            self._transport.write(PONG)
        if b'"welcome"' in data and not self.welcomed.done():
            self.welcomed.set_result(None)
        events = data.count(MARK)
        if events:
            self._hear(events)


async def measure(sockets: int, events: int, rounds: int) -> list[Figure]:
    """CPU and time for an event, of each server."""
    cpu: dict[str, list[float]] = defaultdict(list)
    wall: dict[str, list[float]] = defaultdict(list)
    with ExitStack() as stack:
        servers = {name: stack.enter_context(in_process(run_server, name)) for name in SERVERS}
        audiences = {}
        for name, (_, pipe) in servers.items():
            say(f"fan-out: connecting {sockets} sockets, {name}")
            audiences[name] = Audience(pipe.recv())
            await audiences[name].connect(sockets)
        for number in range(-1, rounds):  # the first round warms up
            say(f"fan-out: round {number + 1} of {rounds}")
            for name, (pid, pipe) in servers.items():
                spent, begun = cpu_seconds(pid), time.perf_counter()
                for _ in range(events):
                    audiences[name].expect(sockets)
                    pipe.send(True)
                    await audiences[name].all_heard()
                if number >= 0:
                    cpu[name].append((cpu_seconds(pid) - spent) / events * 1000)
                    wall[name].append((time.perf_counter() - begun) / events * 1000)
    figures = []
    for title, found, aim in (("CPU", cpu, "<= 1.3"), ("until the last socket has it", wall, "")):
        figures += [
            Figure(name=f"{name}, {title}", value=median_of(found[name]), unit="ms")
            for name in SERVERS
        ]
        figures += [
            Figure(
                name="  hub / raw", value=ratio_of(found["hub"], found["raw"]), unit="x", aim=aim
            ),
            Figure(name="  whole / raw", value=ratio_of(found["whole"], found["raw"]), unit="x"),
        ]
    return figures


def parser() -> argparse.ArgumentParser:
    """The command line."""
    line = command_line(__doc__)
    line.add_argument("--sockets", type=int, default=1000)
    line.add_argument("--events", type=int, default=50, help="in a round")
    line.add_argument("--rounds", type=int, default=5)
    return line


def main() -> None:
    """Measure and print."""
    options = parser().parse_args()
    allow_files()
    figures = uvloop.run(measure(options.sockets, options.events, options.rounds))
    title = f"One event to {options.sockets} sockets; {options.rounds} rounds of {options.events}"
    report(title, figures, as_json=options.json)


if __name__ == "__main__":
    main()
