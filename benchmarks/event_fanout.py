"""What does it cost the daemon to tell apps of one event?

One server process on uvloop publishes events to sockets of `/ws/events`, whose clients read in
another process. CPU of the server per event, for none, one and many apps of one user; for many also
against a bare aiohttp WebSocket that is sent the same bytes. Both kinds take turns in rounds, so
that they have the same neighbours; the median counts.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing.connection import Connection as Pipe
from typing import cast

import uvloop
from aiohttp import WSMsgType, web

from benchmarks.harness import Figure, command_line, median_of, report, say
from noond.api.event_feed import EventFeed
from noond.api.event_frames import FRAME_BYTES, SUBPROTOCOL, Topic
from noond.api.event_socket import EventSocket
from noond.clock import SystemClock
from noond.events import EventBus
from noond.models.account import CredentialKind, Principal, Role, User

HOST = "127.0.0.1"
USER = User(id="ana", name="ana", timezone="UTC", created_at=datetime.now(UTC), role=Role.OWNER)
RUN_ID = "01a1fab5-f082-7000-a8ae-7c571130a617"
PROGRESS = {
    "run_id": RUN_ID,
    "agent_name": "Notes",
    "trigger": "manual",
    "status": "running",
    "waiting_for": None,
    "items_processed": 2,
    "items_created": 1,
    "files_listed": 12,
    "files_done": 2,
    "errors": 0,
}


class Server:
    """The feed with its sockets, and bare ones beside them."""

    def __init__(self) -> None:
        clock = SystemClock()
        self.bus = EventBus(clock=clock)
        self.feed = EventFeed(self.bus, clock=clock, first=0)
        self.bare: list[web.WebSocketResponse] = []
        self.sockets: list[EventSocket] = []

    async def connect(self, request: web.Request) -> web.StreamResponse:
        """Take a client in."""
        ws = web.WebSocketResponse(
            protocols=(SUBPROTOCOL,),
            autoping=False,
            compress=False,
            decode_text=False,
            max_msg_size=FRAME_BYTES,
        )
        if request.path == "/bare":
            await ws.prepare(request)
            self.bare.append(ws)
            await ws.receive()
            return ws
        principal = Principal(
            user=USER,
            kind=CredentialKind.API_KEY,
            credential_id="key",
            credential_name="key",
            scopes=USER.role.scopes,
            expires_at=datetime.now(UTC) + timedelta(days=1),
        )
        with self.feed.open(USER.id) as place:
            await ws.prepare(request)
            assert request.transport is not None
            socket = EventSocket(ws, request.transport, place, principal)
            place.topics = frozenset(Topic)
            self.sockets.append(socket)
            await socket.serve(heartbeat_seconds=3600, expires_in=timedelta(days=1))
        return ws

    async def publish(self) -> None:
        """One event, until every socket has been written to."""
        self.bus.publish(USER.id, "run.progress", RUN_ID, PROGRESS)
        await asyncio.sleep(0)

    async def send_bare(self, message: bytes) -> None:
        """The same bytes, encoded once."""
        for ws in self.bare:
            await ws.send_frame(message, WSMsgType.TEXT)
        await asyncio.sleep(0)


async def cpu_per_event(work: Callable[[], Awaitable[None]], events: int) -> float:
    """Microseconds of this process's CPU for each."""
    await work()
    began = time.process_time()
    for _ in range(events):
        await work()
    return (time.process_time() - began) / events * 1e6


def run_server(pipe: Pipe, apps: int, events: int, rounds: int) -> None:
    """Serve, measure when all clients are there, and tell the figures."""

    async def play() -> None:
        server = Server()
        application = web.Application()
        application.router.add_get("/{kind}", server.connect)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, HOST, 0, backlog=2048).start()
        pipe.send(runner.addresses[0][1])
        while len(server.sockets) < apps or len(server.bare) < apps:
            await asyncio.sleep(0.05)
        message = b"x" * 420
        told, bare = [], []
        for _ in range(rounds):
            told.append(await cpu_per_event(server.publish, events))
            bare.append(await cpu_per_event(lambda: server.send_bare(message), events))
        pipe.send((median_of(told), median_of(bare) if apps else 0.0))
        await asyncio.Event().wait()  # until the parent ends this process

    uvloop.run(play())


class Client(asyncio.Protocol):
    """Connects and throws away what comes."""

    def __init__(self, path: str) -> None:
        self._path = path

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See Protocol."""
        cast("asyncio.WriteTransport", transport).write(
            f"GET /{self._path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: {SUBPROTOCOL}\r\n\r\n".encode()
        )


async def measure(apps: int, events: int, rounds: int) -> tuple[float, float]:
    """Microseconds per event: noond's and the bare socket's."""
    near, far = multiprocessing.get_context("spawn").Pipe()
    server = multiprocessing.get_context("spawn").Process(
        target=run_server, args=(far, apps, events, rounds)
    )
    server.start()
    loop = asyncio.get_running_loop()
    port = await loop.run_in_executor(None, near.recv)
    for path in ("events", "bare"):
        for _ in range(apps):
            await loop.create_connection(partial(Client, path), HOST, port)
    figures: tuple[float, float] = await loop.run_in_executor(None, near.recv)
    server.kill()
    server.join()
    return figures


def main(options: argparse.Namespace) -> None:
    """Measure and report."""
    figures = []
    for apps in (0, 1, options.apps):
        say(f"events: {apps} apps")
        events = max(20, 20_000 // max(1, apps))
        told, bare = uvloop.run(measure(apps, events, options.rounds))
        figures.append(Figure(name=f"an event with {apps} apps, CPU", value=told, unit="us"))
        if apps:
            figures.append(Figure(name="  the bare sockets", value=bare, unit="us"))
    figures.append(Figure(name="  noond / bare", value=told / bare, unit="x", aim="<= 1.3"))
    report("Events to apps", figures, as_json=options.json)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    line = command_line(__doc__)
    line.add_argument("--apps", type=int, default=1000)
    line.add_argument("--rounds", type=int, default=5)
    return line


if __name__ == "__main__":
    main(parser().parse_args())
