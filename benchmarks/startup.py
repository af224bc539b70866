"""How soon the daemon is ready, and what it takes while nothing happens.

python -m benchmarks.startup [--rounds 5] [--idle 20] [--json]
"""

from __future__ import annotations

import argparse
import asyncio

from benchmarks.harness import Figure, cpu_seconds, median_of, report, rss_megabytes, served


async def _measure(options: argparse.Namespace) -> None:
    ready = []
    for _ in range(options.rounds):
        async with served() as daemon:
            ready.append(daemon.ready_seconds)
    async with served() as daemon:
        await asyncio.sleep(2)
        cpu = cpu_seconds(daemon.pid)
        await asyncio.sleep(options.idle)
        used = (cpu_seconds(daemon.pid) - cpu) / options.idle * 100
        memory = rss_megabytes(daemon.pid)
    figures = [
        Figure(name="ready after", value=median_of(ready), unit="s", aim="< 1"),
        Figure(name="resident memory, idle", value=memory, unit="MB", aim="< 80"),
        Figure(name="CPU, idle", value=used, unit="%", aim="< 0.5"),
    ]
    report("Start and idle", figures, as_json=options.json)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--idle", type=float, default=20)
    parser.add_argument("--json", action="store_true")
    asyncio.run(_measure(parser.parse_args()))
