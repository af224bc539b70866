"""What does a request of the HTTP API cost, beside a bare aiohttp handler of the same bytes?

The daemon answers an authenticated list of agents; the bare server answers any request with what
the daemon answered. Both are processes of their own with uvloop, asked over kept connections, in
turns. `/health/live` has no credential, rate or scope to check: what it takes more than the bare
handler is the border's (Host, Origin, ids, headers), and what the list takes more than that is the
credential, the rate, the query, the rows and their encoding.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from dataclasses import dataclass, field
from multiprocessing.connection import Connection as Pipe
from urllib.parse import urlsplit

import uvloop
from aiohttp import web

from benchmarks.harness import (
    Figure,
    Served,
    command_line,
    cpu_seconds,
    in_process,
    median_of,
    ratio_of,
    report,
    say,
    served,
)

AGENTS = 20
CONNECTIONS = 4
NO_LIMIT = "100000000"


@dataclass(slots=True, kw_only=True)
class Measured:
    """A way to ask; CPU and time of each round in µs per request."""

    pid: int
    host: str
    port: int
    request: bytes
    cpu: list[float] = field(default_factory=list)
    latency: list[float] = field(default_factory=list)


def serve_bare(body: bytes, pipe: Pipe) -> None:
    """A bare aiohttp server that answers every GET with these bytes."""

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(body=body, content_type="application/json")

    async def run() -> None:
        application = web.Application()
        application.router.add_get("/{path:.*}", answer)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        pipe.send(runner.addresses[0][1])
        await asyncio.Event().wait()

    uvloop.run(run())


async def ask(measured: Measured, requests: int) -> None:
    """Send requests one after the other on each of a few connections, and note what they took."""

    async def on_one() -> None:
        reader, writer = await asyncio.open_connection(measured.host, measured.port)
        for _ in range(requests // CONNECTIONS):
            writer.write(measured.request)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), head
            length = head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0]
            await reader.readexactly(int(length))
        writer.close()

    cpu, begun = cpu_seconds(measured.pid), time.perf_counter()
    await asyncio.gather(*(on_one() for _ in range(CONNECTIONS)))
    asked = requests // CONNECTIONS * CONNECTIONS
    measured.latency.append((time.perf_counter() - begun) / asked * 1e6)
    measured.cpu.append((cpu_seconds(measured.pid) - cpu) / asked * 1e6)


async def fill(daemon: Served) -> bytes:
    """Make the agents; returns the bytes of their list."""
    await daemon.pair()
    for number in range(AGENTS):
        body = {
            "name": f"agent {number}",
            "device_id": "bench",
            "directory_paths": ["~/Notes"],
            "file_extensions": [".md"],
            "data_types": ["tasks"],
        }
        await daemon.call("POST", "/api/v1/agents", body)
    async with daemon.http.get(f"{daemon.url}/api/v1/agents") as response:
        return await response.read()


async def _measure(options: argparse.Namespace) -> None:
    async with served(LIMITS__READS_PER_MINUTE=NO_LIMIT) as daemon:
        body = await fill(daemon)
        key = daemon.http.headers["Authorization"]
        host, port = urlsplit(daemon.url).hostname, urlsplit(daemon.url).port
        assert host is not None
        assert port is not None

        def way(pid: int, at: int, path: str) -> Measured:
            request = f"GET {path} HTTP/1.1\r\nHost: {host}:{at}\r\nAuthorization: {key}\r\n\r\n"
            return Measured(pid=pid, host=host, port=at, request=request.encode())

        with in_process(serve_bare, body) as (pid, pipe):
            bare = way(pid, pipe.recv(), "/api/v1/agents")
            listed = way(daemon.pid, port, "/api/v1/agents")
            one = way(daemon.pid, port, "/api/v1/auth/me")
            live = way(daemon.pid, port, "/health/live")
            ways = (bare, listed, one, live)
            for measured in ways:
                await ask(measured, options.requests // 10)
                measured.cpu.clear()
                measured.latency.clear()
            for number in range(options.rounds):
                say(f"requests: round {number + 1} of {options.rounds}")
                for measured in ways:
                    await ask(measured, options.requests)
    figures = [
        Figure(
            name=f"a list of {AGENTS} agents, {len(body):,} bytes, against the bare handler",
            value=ratio_of(listed.cpu, bare.cpu),
            unit="x CPU",
        ),
        Figure(name="  the list", value=median_of(listed.cpu), unit="µs CPU"),
        Figure(name="  the bare handler", value=median_of(bare.cpu), unit="µs CPU"),
        Figure(
            name="the checks of a request: `/api/v1/auth/me` less the bare handler",
            value=median_of([a - b for a, b in zip(one.cpu, bare.cpu, strict=True)]),
            unit="µs CPU",
        ),
        Figure(
            name="  of these the border's: `/health/live` less the bare handler",
            value=median_of([a - b for a, b in zip(live.cpu, bare.cpu, strict=True)]),
            unit="µs CPU",
        ),
    ]
    report("Requests of the HTTP API", figures, as_json=options.json)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    line = command_line(__doc__)
    line.add_argument("--requests", type=int, default=4000)
    line.add_argument("--rounds", type=int, default=7)
    return line


if __name__ == "__main__":
    asyncio.run(_measure(parser().parse_args()))
