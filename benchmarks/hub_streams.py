"""What does a stream of files cost the daemon, and what does it do to calls on its socket?

CPU: a device streams `agent_data` to `noond serve` during a run. The run asked for none of these
files, so all the work is: reading the WebSocket, parsing and validating the frame, the stream's
sequence, bytes and credit, handing it to the run, which looks each path up and drops it. No
hashing, extraction or storage. picows, websockets and aiohttp servers receive the same frames from
the same device and parse the JSON with pydantic_core. Each server is a process of its own on
uvloop, fresh in each round, because the cost depends on how its heap came to lie; they take turns.

Memory: how much the daemon's resident memory peaks above where it was before the first stream.

Calls: the hub, alone in a process, makes one call after the other, a millisecond apart, to the
device that streams. Its run takes frames as fast as they come, or one every five milliseconds, as
extraction does; the device keeps to its credit, or is held back by TCP alone.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from contextlib import AsyncExitStack

import uvloop

from benchmarks.bench_device import AGENT
from benchmarks.bench_hub import HOST, SETTINGS
from benchmarks.harness import (
    Figure,
    Served,
    command_line,
    cpu_seconds,
    in_process,
    median_of,
    page_faults,
    peak_megabytes,
    ratio_of,
    report,
    reset_peak,
    rss_megabytes,
    say,
    served,
)
from benchmarks.stream_calls import Calls, Order, calling_hub
from benchmarks.stream_device import StreamingDevice, files_of
from benchmarks.stream_peers import PEERS, run_peer

MEGABYTE = 2**20
FRAME_BYTES = (65_536, 262_144)
MEMORY_AIM = f"<= {SETTINGS.credit_bytes // MEGABYTE + 4}"
"""MB: the credit and 4."""


class Daemon:
    """`noond serve` with an agent whose device streams what nobody asked for."""

    def __init__(self, daemon: Served, token: str, agent_id: str) -> None:
        self.pid = daemon.pid
        self._daemon = daemon
        self._token = token
        self._agent_id = agent_id

    @classmethod
    async def prepare(cls, daemon: Served) -> Daemon:
        """Pair the device and make the agent."""
        token = await daemon.pair()
        return cls(daemon, token, (await daemon.call("POST", "/api/v1/agents", AGENT))["id"])

    async def stream(self, files: bytes, size: int) -> tuple[float, float]:
        """CPU microseconds per MB while so many bytes are received, and page faults per MB."""
        device = await StreamingDevice.connect(
            self._daemon.url, capabilities=("manifest", "credit"), token=self._token
        )
        await device.expect("welcome")
        path = f"/api/v1/agents/{self._agent_id}/runs"
        run_id = (await self._daemon.call("POST", path))["run_id"]
        await device.expect("agent_run")
        device.send({"type": "agent_manifest", "run_id": run_id, "files": [], "last": True})
        await device.expect("agent_want")
        cpu, faults = cpu_seconds(self.pid), page_faults(self.pid)
        device.stream(run_id, files, size)
        last = await device.sent()
        await device.all_credited()
        spent = cpu_seconds(self.pid) - cpu
        faults = page_faults(self.pid) - faults
        device.send({"type": "agent_complete", "run_id": run_id, "last_seq": last})
        run = await self._daemon.finished(run_id)
        assert run["status"] == "success", run
        device.disconnect()
        megabytes = device.sent_bytes / MEGABYTE
        return spent / megabytes * 1e6, faults / megabytes


async def to_peer(pid: int, url: str, files: bytes, size: int) -> float:
    """CPU microseconds per MB of a peer that receives the same."""
    device = await StreamingDevice.connect(url)
    cpu = cpu_seconds(pid)
    device.stream("019aa0c4-5d7e-7c3a-9a51-1c2d3e4f5a6b", files, size)
    last = await device.sent()
    device.send({"type": "agent_complete", "last_seq": last})
    await device.expect("done")
    spent = cpu_seconds(pid) - cpu
    device.disconnect()
    return spent / device.sent_bytes * MEGABYTE * 1e6


async def one_round(size: int) -> tuple[dict[int, dict[str, float]], float, float]:
    """CPU microseconds per MB, by size of the frames and server; the daemon's growth in MB, and
    its most page faults per MB.
    """
    costs: dict[int, dict[str, float]] = {}
    most_faults = 0.0
    async with AsyncExitStack() as stack:
        daemon = await Daemon.prepare(await stack.enter_async_context(served()))
        peers = {}
        for name in PEERS:
            pid, pipe = stack.enter_context(in_process(run_peer, name))
            peers[name] = pid, f"http://{HOST}:{pipe.recv()}"
        reset_peak(daemon.pid)
        memory = rss_megabytes(daemon.pid)
        for frame_bytes in FRAME_BYTES:
            files = files_of(frame_bytes)
            for taken in (size // 5, size):  # the first stream warms up
                spent, faults = await daemon.stream(files, taken)
                cost = {"noond": spent}
                for name, (pid, url) in peers.items():
                    cost[name] = await to_peer(pid, url, files, taken)
            costs[frame_bytes] = cost
            most_faults = max(most_faults, faults)
        return costs, peak_megabytes(daemon.pid) - memory, most_faults


async def compare(size: int, rounds: int) -> list[Figure]:
    """CPU per MB of everybody, and the daemon's memory."""
    found: dict[tuple[int, str], list[float]] = defaultdict(list)
    grown: list[float] = []
    faulted: list[float] = []
    for number in range(rounds):
        say(f"streams: round {number + 1} of {rounds}")
        costs, growth, faults = await one_round(size)
        grown.append(growth)
        faulted.append(faults)
        for frame_bytes, cost in costs.items():
            for name, spent in cost.items():
                found[frame_bytes, name].append(spent)
    figures = [
        Figure(name=f"CPU, frames of {frame_bytes // 1024} KB, {name}",
               value=median_of(spent), unit="us/MB")
        for (frame_bytes, name), spent in found.items()
    ]  # fmt: skip
    for frame_bytes in FRAME_BYTES:
        for name in PEERS:
            ratio = ratio_of(found[frame_bytes, "noond"], found[frame_bytes, name])
            figures.append(
                Figure(name=f"  {frame_bytes // 1024} KB, noond / {name}", value=ratio, unit="x",
                       aim="<= 1.35" if name == "picows" else "")
            )  # fmt: skip
    return [
        *figures,
        Figure(name="daemon's page faults", value=median_of(faulted), unit="1/MB"),
        Figure(name="daemon's memory grew by at most", value=max(grown), unit="MB", aim=MEMORY_AIM),
    ]


async def calls(seconds: float, rounds: int) -> list[Figure]:
    """Calls to a device that is idle or streams, with and without credit."""
    files = files_of(FRAME_BYTES[0])
    at_once = Order(seconds=seconds, frame_seconds=0)
    slowly = Order(seconds=seconds, frame_seconds=0.005)
    spells = {
        "idle": (at_once, (), None),
        "credit, 5 ms a frame": (slowly, ("credit",), files),
        "credit, taken at once": (at_once, ("credit",), files),
        "TCP alone, 5 ms a frame": (slowly, (), files),
        "TCP alone, taken at once": (at_once, (), files),
    }
    found: dict[str, list[Calls]] = defaultdict(list)
    with calling_hub() as hub:
        for number in range(-1, rounds):  # the first round warms up
            say(f"calls during streams: round {number + 1} of {rounds}")
            for name, (order, capabilities, sent) in spells.items():
                spell = await hub.spell(order, capabilities=capabilities, files=sent)
                if number >= 0:
                    found[name].append(spell)
    figures = []
    for name, each in found.items():
        figures += [
            Figure(name=f"call p50, {name}", value=median_of([c.p50 for c in each]), unit="ms"),
            Figure(name="  p99", value=median_of([c.p99 for c in each]), unit="ms"),
        ]
        if name == "idle":
            continue
        ratio = ratio_of([c.p50 for c in each], [c.p50 for c in found["idle"]])
        credited = name.startswith("credit")
        figures += [
            Figure(name="  p50 / idle", value=ratio, unit="x", aim="<= 5" if credited else ""),
            Figure(name="  streamed", value=median_of([c.streamed for c in each]), unit="MB/s"),
            Figure(name="  memory grew by at most", value=max(c.grown for c in each), unit="MB",
                   aim=MEMORY_AIM if credited else ""),
        ]  # fmt: skip
    return figures


def parser() -> argparse.ArgumentParser:
    """The command line."""
    line = command_line(__doc__)
    line.add_argument("--megabytes", type=float, default=200, help="of one stream")
    line.add_argument("--seconds", type=float, default=2, help="of calls in one spell")
    line.add_argument("--rounds", type=int, default=7)
    return line


def main() -> None:
    """Measure and print."""
    options = parser().parse_args()

    async def measure() -> list[Figure]:
        figures = await compare(round(options.megabytes * MEGABYTE), options.rounds)
        return figures + await calls(options.seconds, options.rounds)

    title = f"Streams of {options.megabytes:g} MB; {options.rounds} rounds"
    report(title, uvloop.run(measure()), as_json=options.json)


if __name__ == "__main__":
    main()
