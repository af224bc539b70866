"""How fast is the job engine against sqlite3 alone and other queues, and does it stay so?

No-op jobs go through the engine as through a daemon: queued one by one from 64 producers, each
told its id when it is on the disk; run with limits, a hard time limit and a progress report each.
The bare side does what cannot be left out, on the same schema with the same values and the same
settings (WAL, synchronous=FULL), 64 to a transaction: insert the rows; then claim 64 by the same
index and complete the 64 before. The other queues run fewer of the same jobs, so that the slowest
is through in seconds; their figures are for each job. The sides take turns, each round on fresh
files.
"""

from __future__ import annotations

import argparse
import logging
import statistics
import tempfile
from collections.abc import Mapping
from pathlib import Path

import structlog

from benchmarks.harness import Figure, command_line, report, say
from benchmarks.job_files import new_file, through_bare
from benchmarks.job_peers import ON_REDIS, PEERS, through_peer
from benchmarks.job_rounds import through_engine
from benchmarks.redis_server import MISSING, is_installed

PRODUCERS = 64
Round = dict[str, dict[str, float]]
"""The figures of each side, by its name."""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    line = command_line(__doc__)
    line.add_argument("--jobs", type=int, default=10_000, help="jobs in a round")
    line.add_argument("--rounds", type=int, default=3)
    line.add_argument("--slots", type=int, default=128, help="jobs.concurrent")
    line.add_argument("--finished", type=int, nargs="*", default=[10, 10_000, 500_000])
    line.add_argument("--peers", nargs="*", choices=PEERS, default=list(PEERS))
    line.add_argument("--peer-jobs", type=int, default=1000, help="jobs in a round of a peer")
    return line


def main() -> None:
    """Measure and print."""
    options = parser().parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    peers = list(options.peers)
    if not is_installed() and any(name in ON_REDIS for name in peers):
        say(MISSING)
        peers = [name for name in peers if name not in ON_REDIS]
    rounds, flat = [], {}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(options.rounds + 1):
            say(f"jobs: round {number} of {options.rounds}")
            sides = one_round(Path(folder) / str(number), options, peers if number else [])
            if number:  # the first round warms up
                rounds.append(sides)
        for finished in options.finished:
            say(f"jobs: with {finished:,} ended ones")
            path = new_file(folder, f"history-{finished}.db", finished=finished)
            flat[finished] = through_engine(path, options.jobs, options.slots, PRODUCERS)["drain"]
    figures = [*of_engine(rounds), *of_peers(rounds, peers)]
    figures += [
        Figure(name=f"drain with {finished:,} finished", value=rate, unit="/s")
        for finished, rate in flat.items()
    ]
    report("The job engine", figures, as_json=options.json)


def one_round(folder: Path, options: argparse.Namespace, peers: list[str]) -> Round:
    """Each side once."""
    folder.mkdir()
    engine = new_file(str(folder), "engine.db")
    sides = {
        "noond": through_engine(engine, options.jobs, options.slots, PRODUCERS),
        "bare": through_bare(new_file(str(folder), "bare.db"), options.jobs),
    }
    for name in peers:
        say(f"jobs: {name}")
        sides[name] = through_peer(name, folder, options.peer_jobs, PRODUCERS)
    return sides


def middle(rounds: list[Round], side: str, name: str) -> float:
    """The median of the rounds."""
    return statistics.median(each[side][name] for each in rounds)


def ratio(rounds: list[Round], name: str, other: str = "bare") -> float:
    """The median of the rounds' ratios of noond to the other side."""
    return statistics.median(each["noond"][name] / each[other][name] for each in rounds)


def of_engine(rounds: list[Round]) -> list[Figure]:
    """noond's figures, and those of bare sqlite3."""
    ours: Mapping[str, float] = {name: middle(rounds, "noond", name) for name in rounds[0]["noond"]}
    bare: Mapping[str, float] = {name: middle(rounds, "bare", name) for name in rounds[0]["bare"]}
    start, alone = "start of a job when idle", "lag of the same loop with nothing to do"
    of_raw = "of raw sqlite3"
    enqueue, drain = ratio(rounds, "enqueue"), ratio(rounds, "drain")
    return [
        Figure(name=f"CPU, {of_raw}", value=ratio(rounds, "cpu"), unit="times"),
        Figure(name="enqueue, 64 producers", value=ours["enqueue"], unit="/s"),
        Figure(name=f"enqueue, {of_raw}", value=enqueue, unit="of it", aim=">= 0.5"),
        Figure(name="drain", value=ours["drain"], unit="/s"),
        Figure(name=f"drain, {of_raw}", value=drain, unit="of it", aim=">= 0.25"),
        Figure(name="CPU per 1,000 jobs, both", value=ours["cpu"], unit="s", aim="<= 0.05"),
        Figure(name="loop lag, p99", value=ours["lag"], unit="ms", aim="<= 5"),
        Figure(name=alone, value=ours["lag alone"], unit="ms"),
        Figure(name=f"{start}, p99", value=ours["start"], unit="ms", aim="<= 2"),
        Figure(name=f"{start}, median", value=ours["start median"], unit="ms"),
        Figure(name="raw sqlite3, enqueue", value=bare["enqueue"], unit="/s"),
        Figure(name="raw sqlite3, drain", value=bare["drain"], unit="/s"),
        Figure(name="raw sqlite3, one row and its commit, p99", value=bare["commit"], unit="ms"),
        Figure(name="raw sqlite3, CPU per 1,000 jobs", value=bare["cpu"], unit="s"),
    ]


def of_peers(rounds: list[Round], peers: list[str]) -> list[Figure]:
    """What other queues do, and how noond's rates stand to the fastest of them."""
    figures = []
    for name in peers:
        figures += [
            Figure(name=f"{name}, enqueue", value=middle(rounds, name, "enqueue"), unit="/s"),
            Figure(name=f"{name}, drain", value=middle(rounds, name, "drain"), unit="/s"),
            Figure(name=f"{name}, CPU per 1,000 jobs", value=middle(rounds, name, "cpu"), unit="s"),
        ]
    for what, aim in (("enqueue", ""), ("drain", ">= 3")):
        if peers:
            least = min(ratio(rounds, what, name) for name in peers)
            name = f"{what}, of the fastest other queue"
            figures.append(Figure(name=name, value=least, unit="x", aim=aim))
    return figures


if __name__ == "__main__":
    main()
