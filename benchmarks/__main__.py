"""Run every benchmark and write their figures into docs/benchmarks.md."""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import operator
import os
import platform
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

from benchmarks.harness import say

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "benchmarks.md"
PROSE = Path(__file__).with_name("page.md")

BENCHMARKS: Final = {
    "startup": "--rounds 1 --idle 1",
    "runs": "--files 20 --rounds 1 --unchanged 50",
    "hub_calls": "--calls 500 --rounds 1",
    "hub_streams": "--megabytes 5 --seconds 0.2 --rounds 1",
    "hub_fanout": "--sockets 50 --events 5 --rounds 1",
    "event_fanout": "--apps 5 --rounds 1",
    "hub_idle": "--connections 50 --rounds 1",
    "api_requests": "--requests 200 --rounds 1",
    "invoke": "--messages 20 --rounds 1",
    "jobs": "--jobs 200 --rounds 1 --slots 16 --finished 10 --peer-jobs 50",
    "journal_writes": "--files 200 --rounds 1",
    "converter_isolation": "--seconds 1",
    "extraction_quality": "",
}
"""Each benchmark, and the arguments with which it is quick."""

PEERS: Final = ("aiohttp", "uvloop", "pydantic_core", "picows", "websockets")
BUSY: Final = (
    "**That is too much: other programs ran, so no time here means anything, and the ratios are "
    "rough. Run it again.**"
)
OPERATORS: Final = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def run(name: str, arguments: str) -> dict[str, Any]:
    """A benchmark's report. Raises CalledProcessError when the benchmark fails."""
    say(f"noond: python -m benchmarks.{name} {arguments}")
    command = [sys.executable, "-m", f"benchmarks.{name}", *arguments.split(), "--json"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def table(name: str, report: dict[str, Any]) -> str:
    """What was run, and its figures."""
    lines = [
        f"{report['title']}: `python -m benchmarks.{name}`",
        "",
        "| figure | value | aim | reached |",
        "|---|--:|--:|---|",
    ]
    for figure in report["figures"]:
        value, aim = figure["value"], figure["aim"]
        shown = f"{rounded(value)} {figure['unit']}".strip()
        lines.append(f"| {figure['name'].strip()} | {shown} | {aim} | {reached(value, aim)} |")
    return "\n".join(lines)


def rounded(value: float) -> str:
    """Three digits of what is below 100, whole numbers above."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def reached(value: float, aim: str) -> str:
    """Whether the value is what an aim like `<= 1.35` wants."""
    if not aim:
        return ""
    sign, limit = aim.split()
    return "yes" if OPERATORS[sign](value, float(limit)) else "**no**"


def machine(busiest: float) -> str:
    """What it ran on, and whether others used it: the most load that there was."""
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PEERS)
    cores = os.cpu_count() or 1
    told = (
        f"Measured on {cores} cores with {platform.system()}, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}; {versions}; "
        f"load before a benchmark at most {busiest:.1f}."
    )
    return f"{told} {BUSY}" if busiest > 1.5 * cores else told


def parser() -> argparse.ArgumentParser:
    """The command line."""
    line = argparse.ArgumentParser(prog="script/bench", description=__doc__)
    line.add_argument(
        "--quick", action="store_true", help="only show that all of them work; write no page"
    )
    return line


def main() -> None:
    """Run all of them, then write the page."""
    quick = parser().parse_args().quick
    begun = time.monotonic()
    tables, busiest = {}, 0.0
    for name, arguments in BENCHMARKS.items():
        busiest = max(busiest, os.getloadavg()[0])
        tables[name] = table(name, run(name, arguments if quick else ""))
    page = PROSE.read_text("utf-8").format(machine=machine(busiest), **tables)
    took = f"in {time.monotonic() - begun:.0f} s"
    if quick:
        say(f"noond: all benchmarks work, {took}")
    else:
        PAGE.write_text(page, "utf-8")
        say(f"noond: wrote docs/benchmarks.md, {took}")


if __name__ == "__main__":
    main()
