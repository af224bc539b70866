"""Calls of the hub, in a process of its own, to a device that streams to it meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe

import uvloop

from benchmarks.bench_hub import HOST, USER, hub_served
from benchmarks.harness import in_process, peak_megabytes, reset_peak, rss_megabytes
from benchmarks.stream_device import StreamingDevice
from noond.hub.frames import ToolCall
from noond.hub.hub import Hub
from noond.hub.streams import RunStream

DEVICE = "bench"
PAUSE_SECONDS = 0.001
RUN = "019aa0c4-5d7e-7c3a-9a51-1c2d3e4f5a6b"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Call for so many seconds; `frame_seconds`: how long the run deals with a frame."""

    seconds: float
    frame_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """Milliseconds of a spell of calls, and what streamed meanwhile."""

    p50: float
    p99: float
    streamed: float = 0
    """MB a second."""
    grown: float = 0
    """MB by which the hub's memory peaked above where it was before."""


async def read(stream: RunStream, frame_seconds: float) -> None:
    """The run's side of a stream."""
    while True:
        await stream.next(silence_seconds=60)
        if frame_seconds:
            await asyncio.sleep(frame_seconds)


async def call_for(seconds: float, hub: Hub) -> Calls:
    """One call after the other."""
    times: list[float] = []
    end = time.perf_counter() + seconds
    while (begun := time.perf_counter()) < end:
        call = ToolCall(
            id=f"call-{len(times)}",
            action="notify",
            title="Ana",
            body="Send the contract to the notary.",
            deadline_ms=30_000,
        )
        await hub.call(USER, DEVICE, call)
        times.append((time.perf_counter() - begun) * 1000)
        await asyncio.sleep(PAUSE_SECONDS)
    times.sort()
    return Calls(p50=times[len(times) // 2], p99=times[int(len(times) * 0.99)])


def run_hub(pipe: Pipe) -> None:
    """Open a stream and make calls for each order, until killed."""

    async def play() -> None:
        loop = asyncio.get_running_loop()
        async with hub_served() as (hub, port):
            pipe.send(port)
            while True:
                order: Order = await loop.run_in_executor(None, pipe.recv)
                stream = hub.open_stream(USER, DEVICE, RUN)
                reading = asyncio.create_task(read(stream, order.frame_seconds))
                pipe.send("open")
                pipe.send(await call_for(order.seconds, hub))
                reading.cancel()
                await asyncio.wait([reading])
                hub.close_stream(stream)

    uvloop.run(play())


class CallingHub:
    """The hub's process."""

    def __init__(self, pid: int, port: int, pipe: Pipe) -> None:
        self._pid = pid
        self._url = f"http://{HOST}:{port}"
        self._pipe = pipe

    async def spell(
        self, order: Order, *, capabilities: tuple[str, ...] = (), files: bytes | None = None
    ) -> Calls:
        """Calls to a device that streams frames of these files, or does nothing."""
        loop = asyncio.get_running_loop()
        device = await StreamingDevice.connect(
            self._url, device_id=DEVICE, capabilities=capabilities
        )
        await device.expect("welcome")
        reset_peak(self._pid)
        memory = rss_megabytes(self._pid)
        self._pipe.send(order)
        assert await loop.run_in_executor(None, self._pipe.recv) == "open"
        if files is not None:
            device.stream(RUN, files, 2**40)
        calls: Calls = await loop.run_in_executor(None, self._pipe.recv)
        device.disconnect()
        return Calls(
            p50=calls.p50,
            p99=calls.p99,
            streamed=device.sent_bytes / order.seconds / 2**20,
            grown=peak_megabytes(self._pid) - memory,
        )


@contextmanager
def calling_hub() -> Iterator[CallingHub]:
    """A hub in a process of its own."""
    with in_process(run_hub) as (pid, pipe):
        yield CallingHub(pid, pipe.recv(), pipe)
