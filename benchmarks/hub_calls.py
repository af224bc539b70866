"""What does one call to a device cost the daemon's processor?

Three servers, each in a process of its own, make the same calls to one client, 32 at a time: the
hub; a server on the `websockets` library; a bare uvloop protocol over TCP, a line of JSON each way.
All run on uvloop, make every call from its fields, await its answer as a future, and write and
parse JSON with pydantic_core. The client is one further process and answers at once. What counts
is the server process's own CPU time; the servers take turns, round by round.
"""

from __future__ import annotations

import argparse
from contextlib import ExitStack

from benchmarks.call_devices import run_client
from benchmarks.call_servers import SERVERS, WINDOW, run_server
from benchmarks.harness import (
    Figure,
    command_line,
    in_process,
    median_of,
    ratio_of,
    report,
    say,
)


def measure(calls: int, rounds: int) -> dict[str, list[float]]:
    """CPU microseconds per call of each server, by round."""
    spent: dict[str, list[float]] = {name: [] for name in SERVERS}
    with ExitStack() as stack:
        pipes = {name: stack.enter_context(in_process(run_server, name))[1] for name in SERVERS}
        ports = {name: pipe.recv() for name, pipe in pipes.items()}
        stack.enter_context(in_process(run_client, ports))
        for pipe in pipes.values():
            assert pipe.recv() == "ready"
        for number in range(-1, rounds):  # the first round warms up
            say(f"calls: round {number + 1} of {rounds}")
            for name, pipe in pipes.items():
                pipe.send(calls if number >= 0 else calls // 10)
                seconds = pipe.recv()
                if number >= 0:
                    spent[name].append(seconds / calls * 1e6)
    return spent


def parser() -> argparse.ArgumentParser:
    """The command line."""
    line = command_line(__doc__)
    line.add_argument("--calls", type=int, default=20_000, help="calls in a round")
    line.add_argument("--rounds", type=int, default=7)
    return line


def main() -> None:
    """Measure and print."""
    options = parser().parse_args()
    spent = measure(options.calls, options.rounds)
    raw, hub, other = (spent[name] for name in ("raw uvloop TCP", "noond hub", "websockets"))
    figures = [
        Figure(name=f"{name}, CPU per call", value=median_of(spent[name]), unit="us")
        for name in spent
    ]
    figures += [
        Figure(name="noond hub / raw", value=ratio_of(hub, raw), unit="x", aim="<= 1.6"),
        Figure(name="noond hub / websockets", value=ratio_of(hub, other), unit="x"),
    ]
    title = f"Calls to a device, {WINDOW} at a time; {options.rounds} rounds of {options.calls}"
    report(title, figures, as_json=options.json)


if __name__ == "__main__":
    main()
