"""One writer with group commit: whose work is kept, whose is not, and what a reader may do."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from noond.errors import NotFound, StorageBusy, StorageError
from noond.store.database import BATCH_LIMIT, Database, connect_reader, connect_writer
from noond.store.rows import Connection, Transaction


def put(name: str, value: str = "x") -> Callable[[Transaction], str]:
    def work(tx: Transaction) -> str:
        tx.execute("INSERT INTO meta (name, value) VALUES (?, ?)", (name, value))
        return name

    return work


def names(connection: Connection) -> list[str]:
    rows = connection.execute("SELECT name FROM meta WHERE name LIKE 'n%' ORDER BY rowid")
    return [row[0] for row in rows]


@pytest.fixture
def other(path: Path) -> Iterator[sqlite3.Connection]:
    """A second connection: it sees what was committed, nothing else."""
    with contextlib.closing(connect_reader(path)) as connection:
        yield connection


@pytest.fixture
async def log(database: Database) -> Database:
    """The database with a table that keeps the order of its rows."""
    await database.write(lambda tx: tx.execute("DROP TABLE meta"))
    await database.write(
        lambda tx: tx.execute("CREATE TABLE meta (name TEXT UNIQUE, value TEXT NOT NULL)")
    )
    return database


class Gate:
    """Holds the writer thread, so that what is written meanwhile makes one batch."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._open = threading.Event()
        self._reached = threading.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Gate:
        def hold(_: Transaction) -> None:
            self._reached.set()
            self._open.wait()

        self._task = asyncio.create_task(self._database.write(hold))
        await asyncio.to_thread(self._reached.wait)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._open.set()
        assert self._task is not None
        await self._task


async def batch(
    database: Database, *works: Callable[[Transaction], object]
) -> list[object | BaseException]:
    """Write all of them in one transaction; each one's result or error."""
    async with Gate(database):
        tasks = [asyncio.create_task(database.write(work)) for work in works]
        await asyncio.sleep(0)
    return list(await asyncio.gather(*tasks, return_exceptions=True))


async def test_each_caller_gets_its_own_result(log: Database) -> None:
    works = [put(f"n{number}") for number in range(200)]
    assert await batch(log, *works) == [f"n{number}" for number in range(200)]


async def test_writes_are_made_in_the_order_they_came(log: Database) -> None:
    wanted = [f"n{number}" for number in range(BATCH_LIMIT + 100)]
    await batch(log, *[put(name) for name in wanted])
    assert await log.read(names) == wanted


async def test_many_writes_share_a_commit(log: Database) -> None:
    commits: list[str] = []

    def trace(tx: Transaction) -> None:
        tx.set_trace_callback(lambda sql: commits.append(sql) if sql == "COMMIT" else None)

    await log.write(trace)
    commits.clear()
    await batch(log, *[put(f"n{number}") for number in range(BATCH_LIMIT + 1)])
    # The gate's own, one full batch, and one for the write that did not fit.
    assert len(commits) == 3


async def test_a_failing_statement_undoes_only_its_own_work(log: Database) -> None:
    def twice(tx: Transaction) -> None:
        put("n-half")(tx)
        put("n1")(tx)

    results = await batch(log, put("n1"), twice, put("n2"))
    assert (results[0], results[2]) == ("n1", "n2")
    assert isinstance(results[1], StorageError)
    assert "UNIQUE" in str(results[1])
    assert await log.read(names) == ["n1", "n2"]


@pytest.mark.parametrize(
    "error",
    [NotFound("no such thing"), ValueError("bad"), KeyError("k"), asyncio.CancelledError()],
    ids=lambda error: type(error).__name__,
)
async def test_an_exception_is_the_callers_and_its_work_is_undone(
    log: Database, error: BaseException
) -> None:
    def work(tx: Transaction) -> None:
        put("n-half")(tx)
        raise error

    results = await batch(log, put("n1"), work, put("n2"))
    assert type(results[1]) is type(error)
    assert await log.read(names) == ["n1", "n2"]


async def test_an_exception_that_a_future_refuses_does_not_hang_the_batch(log: Database) -> None:
    def work(tx: Transaction) -> str:
        put("n-half")(tx)
        return next(iter([]))

    results = await batch(log, put("n1"), work, put("n2"))
    assert isinstance(results[1], RuntimeError)
    assert await log.read(names) == ["n1", "n2"]


async def test_work_that_ends_the_transaction_takes_no_other_with_it(log: Database) -> None:
    def rude(tx: Transaction) -> None:
        tx.execute("ROLLBACK")
        raise ValueError("too late")

    results = await batch(log, put("n1"), rude, put("n2"))
    assert (results[0], results[2]) == ("n1", "n2")
    assert isinstance(results[1], StorageError)
    assert await log.read(names) == ["n1", "n2"]
    assert log.alarm is None


async def test_nothing_is_acknowledged_before_it_is_committed(
    log: Database, other: sqlite3.Connection
) -> None:
    async with Gate(log):
        task = asyncio.create_task(log.write(put("n1")))
        await asyncio.sleep(0)
        assert not task.done()
        assert names(other) == []
    await task
    assert names(other) == ["n1"]


async def test_every_acknowledged_write_is_seen_by_others_at_once(
    log: Database, other: sqlite3.Connection
) -> None:
    async def one(number: int) -> None:
        name = await log.write(put(f"n{number}"))
        assert name in names(other)

    await asyncio.gather(*(one(number) for number in range(100)))


async def test_a_cancelled_caller_breaks_nobody_and_its_write_stands(log: Database) -> None:
    async with Gate(log):
        first, second, third = (asyncio.create_task(log.write(put(f"n{n}"))) for n in range(3))
        await asyncio.sleep(0)
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
    assert (await first, await third) == ("n0", "n2")
    assert await log.read(names) == ["n0", "n1", "n2"]


async def test_close_writes_what_was_queued(log: Database, path: Path) -> None:
    tasks = [asyncio.create_task(log.write(put(f"n{number}"))) for number in range(700)]
    await asyncio.sleep(0)
    await log.close()
    await log.close()
    assert len(await asyncio.gather(*tasks)) == 700
    assert not path.with_name("noond.db-wal").exists()
    with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?immutable=1", uri=True)) as after:
        assert len(names(after)) == 700
    with pytest.raises(StorageError, match="closed"):
        await log.write(put("n-late"))
    with pytest.raises(StorageError, match="closed"):
        await log.read(names)


async def test_a_reader_can_not_write(database: Database) -> None:
    with pytest.raises(StorageError, match="readonly"):
        await database.read(put("n1"))
    with pytest.raises(StorageError, match="readonly"):
        await database.read(lambda c: c.execute("PRAGMA user_version=9"))
    # A `mode=ro` connection stays one even when it is told otherwise.
    with pytest.raises(StorageError, match="readonly"):
        await database.read(
            lambda c: (c.execute("PRAGMA query_only=OFF"), put("n1")(c), c.execute("COMMIT"))
        )


async def test_a_reader_never_checkpoints(database: Database, path: Path) -> None:
    await database.write(put("n1"))
    wal = path.with_name("noond.db-wal")
    before = (path.read_bytes(), wal.read_bytes())
    with contextlib.suppress(StorageError):
        await database.read(lambda c: c.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall())
    assert (path.read_bytes(), wal.read_bytes()) == before


async def test_readers_read_while_a_transaction_is_open(log: Database) -> None:
    async with Gate(log):
        assert await log.read(names) == []


async def test_the_writer_syncs_each_commit_and_minds_references(database: Database) -> None:
    def settings(tx: Transaction) -> dict[str, object]:
        names_ = ("journal_mode", "synchronous", "fullfsync", "foreign_keys")
        return {name: tx.execute(f"PRAGMA {name}").fetchone()[0] for name in names_}

    assert await database.write(settings) == {
        "journal_mode": "wal", "synchronous": 2, "fullfsync": 1, "foreign_keys": 1,
    }  # fmt: skip
    with pytest.raises(StorageError, match="FOREIGN KEY"):
        await database.write(
            lambda tx: tx.execute("INSERT INTO job_turns (user_id, turn) VALUES ('nobody', 1)")
        )


async def test_a_database_that_another_program_holds_is_busy_and_then_well(
    log: Database, path: Path
) -> None:
    await log.write(lambda tx: tx.execute("PRAGMA busy_timeout=50"))
    with contextlib.closing(connect_writer(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageBusy):
            await log.write(put("n1"))
        assert log.alarm is not None
        assert await log.read(names) == []
        other.execute("ROLLBACK")
    assert await log.write(put("n2")) == "n2"
    assert log.alarm is None
