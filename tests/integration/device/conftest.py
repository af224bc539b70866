"""A daemon that does exactly what a test says, over a real socket, and a device that runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import pytest
from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer

from noond.clock import SystemClock
from noond.device.notices import Notice
from noond.device.options import DeviceOptions
from noond.device.program import run_device
from noond.device.store import DeviceStore, open_store
from noond.hub.frames import (
    SUBPROTOCOL,
    AgentRun,
    DeviceHello,
    Frame,
    Limits,
    RunConfig,
    Welcome,
    parse_from_device,
)

F = TypeVar("F", bound=Frame)

TOKEN = "token-of-the-test"


@dataclass
class Line:
    """The daemon's end of one connection."""

    socket: web.WebSocketResponse
    hello: DeviceHello
    request: web.Request
    last_bytes: int = 0

    async def say(self, *frames: Frame) -> None:
        for frame in frames:
            await self.socket.send_str(frame.encode())

    async def hear(self, kind: type[F]) -> F:
        """The next frame, which must be of this kind."""
        message = await asyncio.wait_for(self.socket.receive(), 10)
        assert message.type is WSMsgType.TEXT, message
        self.last_bytes = len(message.data.encode())
        frame = parse_from_device(message.data)
        assert isinstance(frame, kind), frame
        return frame

    async def hear_close(self) -> int:
        """The code with which the device closes."""
        message = await asyncio.wait_for(self.socket.receive(), 10)
        assert message.type is WSMsgType.CLOSE, message
        return int(message.data)


@dataclass
class Daemon:
    """Accepts devices; a test takes their connections with `next_line`."""

    limits: Limits = field(
        default_factory=lambda: Limits(
            frame_bytes=1_048_576, file_bytes=1_000_000, credit_bytes=1_048_576
        )
    )
    refusals: list[int] = field(default_factory=list)
    """Statuses for the next upgrades."""
    closes: list[int] = field(default_factory=list)
    """Codes that answer the next hellos."""
    url: str = ""
    _lines: asyncio.Queue[Line] = field(default_factory=asyncio.Queue)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def next_line(self) -> Line:
        return await asyncio.wait_for(self._lines.get(), 10)

    async def serve_socket(self, request: web.Request) -> web.StreamResponse:
        if self.refusals:
            return web.Response(status=self.refusals.pop(0))
        assert request.headers["Authorization"] == f"Bearer {TOKEN}"
        assert not {"Origin", "Sec-WebSocket-Extensions"} & set(request.headers)
        socket = web.WebSocketResponse(protocols=[SUBPROTOCOL], compress=False)
        await socket.prepare(request)
        hello = parse_from_device((await socket.receive()).data)
        assert isinstance(hello, DeviceHello)
        if self.closes:
            await socket.close(code=self.closes.pop(0))
            return socket
        line = Line(socket, hello, request)
        await line.say(
            Welcome(
                connection_id="c", server_version="0", heartbeat_seconds=30, limits=self.limits,
                pending_calls=0,
            )
        )  # fmt: skip
        await self._lines.put(line)
        await self.over.wait()
        return socket


@pytest.fixture
async def daemon() -> AsyncIterator[Daemon]:
    daemon = Daemon()
    app = web.Application()
    app.router.add_get("/ws/device", daemon.serve_socket)
    async with TestServer(app) as server:
        daemon.url = str(server.make_url(""))
        yield daemon
        daemon.over.set()


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    folder = tmp_path / "notes"
    folder.mkdir()
    return folder


@dataclass
class Clock(SystemClock):
    """The machine's clock, with hours that a test adds to the intervals."""

    added_seconds: float = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.added_seconds


@dataclass
class Running:
    """A device program in this process."""

    options: DeviceOptions
    clock: Clock = field(default_factory=Clock)
    states: list[str] = field(default_factory=list)
    notices: asyncio.Queue[Notice] = field(default_factory=asyncio.Queue)
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    told: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self.task = asyncio.create_task(
            run_device(
                self.options, stop=self.stop, on_state=self.tell,
                on_notice=self.notices.put_nowait, clock=self.clock,
            )
        )  # fmt: skip

    def tell(self, state: str) -> None:
        self.states.append(state)
        self.told.set()

    async def says(self, beginning: str) -> None:
        """Wait until the device says a state that begins like this."""
        async with asyncio.timeout(10):
            while not any(state.startswith(beginning) for state in self.states):
                self.told.clear()
                await self.told.wait()

    async def ended(self) -> None:
        """Wait for the program's end; raises what it ended with."""
        assert self.task is not None
        await asyncio.wait_for(asyncio.shield(self.task), 10)


@pytest.fixture
async def device(daemon: Daemon, tmp_path: Path, notes: Path) -> AsyncIterator[Running]:
    running = Running(
        DeviceOptions(
            url=daemon.url, token=TOKEN, store=tmp_path / "device.db", allow=(str(notes),),
            device_id="laptop", name="Ana's laptop",
        )
    )  # fmt: skip
    running.start()
    yield running
    running.stop.set()
    assert running.task is not None
    await asyncio.wait([running.task], timeout=10)
    assert running.task.done()


@pytest.fixture
async def store(device: Running) -> AsyncIterator[DeviceStore]:
    """The device's store, opened a second time as `noond device review` does."""
    async with open_store(device.options.store, clock=SystemClock()) as opened:
        yield opened


@pytest.fixture
def ask(notes: Path) -> Callable[..., AgentRun]:
    def make(run_id: str = "run", *, paths: list[str] | None = None) -> AgentRun:
        return AgentRun(
            run_id=run_id,
            agent_id="agent",
            config=RunConfig(
                paths=[str(notes)] if paths is None else paths,
                file_extensions=[".md"], prompt_template="", data_types=["tasks"],
            ),
        )  # fmt: skip

    return make


@pytest.fixture
def second_device(device: Running) -> Running:
    """Another program on the same store; not started."""
    return Running(replace(device.options))
