"""How soon is the daemon ready, and what does it take while nothing happens?

Ready: from the start of `noond serve` on a new data directory to the line that names its address.
"""

from __future__ import annotations

import argparse
import asyncio

from benchmarks.harness import (
    Figure,
    command_line,
    cpu_seconds,
    median_of,
    report,
    rss_megabytes,
    say,
    served,
)


async def _measure(options: argparse.Namespace) -> None:
    ready = []
    for number in range(options.rounds):
        say(f"start: round {number + 1} of {options.rounds}")
        async with served() as daemon:
            ready.append(daemon.ready_seconds)
    say(f"start: {options.idle:g} s idle")
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


def parser() -> argparse.ArgumentParser:
    """The command line."""
    line = command_line(__doc__)
    line.add_argument("--rounds", type=int, default=7)
    line.add_argument("--idle", type=float, default=20, help="seconds")
    return line


if __name__ == "__main__":
    asyncio.run(_measure(parser().parse_args()))
