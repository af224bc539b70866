"""How many files a second can be journaled, against bare sqlite3 doing the same?

A file's transaction is its ledger entry, three records, their deliveries and the run's counters.
noond takes them from 64 producers at once through its one writer (group commit, each producer
with its own result); the bare side executes the very same statements, recorded before with their
values, as many files in a transaction as noond had on average. Both sync every commit
(WAL, synchronous=FULL), each round on fresh files; the two take turns.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sqlite3
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, cast

import structlog

from benchmarks.harness import Figure, command_line, median_of, ratio_of, report, say
from noond.clock import from_ms
from noond.models.document import Record, Table
from noond.models.run import Run
from noond.runners.journaling import journal_new
from noond.store import journal, ledger, opening, run_errors, runs
from noond.store.database import Database, connect_writer
from noond.store.rows import Transaction

PRODUCERS = 64
NOW = from_ms(1_800_000_000_000)
EXTRACTOR = "e" * 64
SETUP = """
    INSERT INTO users (id, name, created_at) VALUES ('u', 'Ana', 0);
    INSERT INTO devices (user_id, id, name, created_at) VALUES ('u', 'laptop', 'laptop', 0);
    INSERT INTO agents (id, user_id, kind, name, device_id, directory_paths, file_extensions,
        prompt_template, data_types, timezone, missed, max_age_hours, enabled, created_at,
        updated_at)
        VALUES ('a', 'u', 'local', 'inbox', 'laptop', '[]', '[]', '', '[]', 'UTC', 'latest', 24,
        1, 0, 0);
    INSERT INTO runs (id, user_id, agent_id, device_id, trigger, status, created_at)
        VALUES ('r', 'u', 'a', 'laptop', 'manual', 'running', 0);
"""


def journal_file(tx: Transaction, run: Run, number: int) -> None:
    """A file's transaction, as the pipeline makes it."""
    path = f"notes/2026/{number:06}.md"
    before = ledger.find(tx, run.user_id, run.agent_id, [path]).get(path)
    origin = before.origin_path if before is not None else path
    entry = ledger.KnownFile(
        sha256=f"{number:064}", extractor=EXTRACTOR, origin_path=origin, run_id=run.id
    )
    records = [
        Record(
            table=Table.TASKS,
            data={"title": f"Send contract {number} to the notary", "dueDate": "2026-11-27"},
            quote=f"Ana sends contract {number} to the notary by Friday, item {item}",
            start=item * 80,
            end=item * 80 + 64,
        )
        for item in range(3)
    ]
    journal_new(tx, run, path, entry, records, now=NOW)
    ledger.put(tx, run.user_id, run.agent_id, path, entry, now=NOW)
    runs.count_read(tx, run.user_id, run.id, dropped={})
    run_errors.clear_file(tx, run.user_id, run.id, path)


@dataclass
class Recorder:
    """Stands for a connection, and keeps what is executed on it."""

    connection: sqlite3.Connection
    statements: list[tuple[str, Any]] = field(default_factory=list)

    def execute(self, sql: str, values: Any = ()) -> sqlite3.Cursor:
        """Execute and remember."""
        self.statements.append((sql, values))
        return self.connection.execute(sql, values)


class CountingDatabase(Database):
    """Counts its transactions."""

    transactions = 0

    def _commit(self, batch: list[Any]) -> None:
        self.transactions += 1
        super()._commit(batch)


def new_file(folder: str, name: str) -> Path:
    """A database with a run."""
    path = Path(folder) / name
    opening.prepare(path)
    connection = connect_writer(path)
    connection.executescript(SETUP)
    connection.close()
    return path


def recorded(folder: str, files: int) -> list[list[tuple[str, Any]]]:
    """The statements of each file."""
    connection = connect_writer(new_file(folder, "recorded.db"))
    run = runs.get(connection, "u", "r")
    made = []
    connection.execute("BEGIN")
    for number in range(files):
        recorder = Recorder(connection)
        journal_file(cast("Transaction", recorder), run, number)
        made.append(recorder.statements)
    connection.execute("COMMIT")
    connection.close()
    return made


async def through_noond(path: Path, files: int) -> tuple[float, float]:
    """Files a second, and files in a transaction on average."""
    database = await CountingDatabase.open(path)
    run = await database.read(lambda c: runs.get(c, "u", "r"))
    numbers = iter(range(files))

    async def produce() -> None:
        for number in numbers:
            await database.write(partial(journal_file, run=run, number=number))

    begun = time.perf_counter()
    await asyncio.gather(*(produce() for _ in range(PRODUCERS)))
    seconds = time.perf_counter() - begun
    group = files / database.transactions
    stored = await database.read(lambda c: journal.count_pending(c, "u", "laptop"))
    assert stored == 3 * files
    await database.close()
    return files / seconds, group


def bare(path: Path, statements: Sequence[Sequence[tuple[str, Any]]], group: int) -> float:
    """Files a second of sqlite3 alone."""
    connection = connect_writer(path)
    begun = time.perf_counter()
    for start in range(0, len(statements), group):
        connection.execute("BEGIN IMMEDIATE")
        for file in statements[start : start + group]:
            for sql, values in file:
                connection.execute(sql, values).fetchall()
        connection.execute("COMMIT")
    seconds = time.perf_counter() - begun
    connection.close()
    return len(statements) / seconds


def measure(files: int, rounds: int) -> dict[str, list[float]]:
    """Files a second by side, and noond's files in a transaction, of each round."""
    found: dict[str, list[float]] = {"noond": [], "bare sqlite3": [], "group": []}
    with tempfile.TemporaryDirectory() as folder:
        statements = recorded(folder, files)
        for number in range(rounds + 1):
            say(f"journal: round {number} of {rounds}")
            rate, group = asyncio.run(through_noond(new_file(folder, f"noond-{number}.db"), files))
            raw = bare(new_file(folder, f"bare-{number}.db"), statements, round(group))
            if number:  # the first round warms up
                found["noond"].append(rate)
                found["bare sqlite3"].append(raw)
                found["group"].append(group)
    return found


def parser() -> argparse.ArgumentParser:
    """The command line."""
    line = command_line(__doc__)
    line.add_argument("--files", type=int, default=5000, help="files in a round")
    line.add_argument("--rounds", type=int, default=5)
    return line


def main() -> None:
    """Measure and print."""
    options = parser().parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    found = measure(options.files, options.rounds)
    noond, raw = found["noond"], found["bare sqlite3"]
    figures = [
        Figure(name="noond, files a second", value=median_of(noond), unit="1/s"),
        Figure(name="bare sqlite3, files a second", value=median_of(raw), unit="1/s"),
        Figure(name="noond / bare sqlite3", value=ratio_of(noond, raw), unit="x"),
        Figure(name="files in a transaction", value=median_of(found["group"]), unit=""),
    ]
    title = f"Journal, {PRODUCERS} at a time; {options.rounds} rounds of {options.files} files"
    report(title, figures, as_json=options.json)


if __name__ == "__main__":
    main()
