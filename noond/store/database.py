"""The database: one writer thread with group commit, a few reading threads, nothing in the loop.

Every unit of work is a function of a connection and runs whole on that connection's thread. While
one transaction commits, the next batch of writes collects; there is no timer. An acknowledged
write is on the disk (`synchronous=FULL`). Only the writer checkpoints, because SQLite before
3.51.3 can reset the WAL wrongly when two connections write or checkpoint at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Self, TypeVar

import structlog

from noond.errors import (
    NoondError,
    StorageBusy,
    StorageDamaged,
    StorageError,
    StorageFull,
    StorageRefused,
)
from noond.store.rows import Connection, Transaction

T = TypeVar("T")

log = structlog.get_logger(__name__)

BATCH_LIMIT = 512
"""Units of work in one transaction at most."""

_BUSY_SECONDS = 5.0
_BUSY_CODES = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_DAMAGE_CODES = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def translate(error: sqlite3.Error) -> NoondError:
    """The error of our tree for an error of SQLite."""
    extended = getattr(error, "sqlite_errorcode", 0)
    code = extended & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return StorageFull()
    if extended == sqlite3.SQLITE_IOERR_WRITE:
        # What SQLite makes of every refusal but ENOSPC: EDQUOT, EFBIG, and EIO.
        return StorageFull(
            "The disk takes no more: over its quota, at the largest file size, or failing. "
            "Nothing was stored."
        )
    if code in _BUSY_CODES:
        return StorageBusy()
    if code in _DAMAGE_CODES:
        return StorageDamaged()
    if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError):
        return StorageRefused(f"the database refused: {error}")
    return StorageError(f"the database could not do this: {error}")


OnCommit = Callable[[int, float], None]
"""Told of a batch: units of work and seconds. Called on the writer's thread."""

_ALARMING = (StorageFull, StorageDamaged)


@dataclass(slots=True)
class _Write(Generic[T]):
    work: Callable[[Transaction], T]
    future: asyncio.Future[T]
    result: T | None = None
    error: BaseException | None = None


class _Stop:
    """Tells the writer thread to end after what was queued before."""


class Database:
    """Open with `Database.open`; `await close()` flushes and gives the file back."""

    def __init__(
        self,
        path: Path,
        writer: sqlite3.Connection,
        *,
        readers: int,
        on_commit: OnCommit | None = None,
    ) -> None:
        self._path = path
        self._on_commit = on_commit
        self._writer = writer
        self._loop = asyncio.get_running_loop()
        self._queue: queue.SimpleQueue[_Write[Any] | _Stop] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write_all, name="noond-writer", daemon=True)
        self._local = threading.local()
        self._readers = ThreadPoolExecutor(readers, "noond-reader")
        self._reading: list[sqlite3.Connection] = []
        self._closed = False
        self.alarm: str | None = None
        """Why the database can't be written, until something was written: readiness shows it."""
        self._thread.start()

    @classmethod
    async def open(cls, path: Path, *, readers: int = 2, on_commit: OnCommit | None = None) -> Self:
        """Open a database that exists and has the present schema (see `store.opening`)."""
        writer = await asyncio.to_thread(connect_writer, path)
        return cls(path, writer, readers=readers, on_commit=on_commit)

    async def write(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in a transaction and return its result once that is on the disk.

        An exception from `work` undoes what it did, and nothing else, and is raised here.
        Raises StorageFull, StorageBusy or StorageDamaged when the transaction can't be committed.
        """
        if self._closed:
            raise StorageError("the database is closed")
        future: asyncio.Future[T] = self._loop.create_future()
        self._queue.put(_Write(work, future))
        return await future

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` on a read-only connection and return its result."""
        if self._closed:
            raise StorageError("the database is closed")
        return await self._loop.run_in_executor(self._readers, self._read, work)

    @property
    def writes_waiting(self) -> int:
        """Units of work that no transaction has taken yet."""
        return self._queue.qsize()

    def size_bytes(self) -> int:
        """The file and its log on the disk; asks the file system."""
        log_file = self._path.with_name(self._path.name + "-wal")
        return sum(file.stat().st_size for file in (self._path, log_file) if file.exists())

    async def close(self) -> None:
        """Commit what is queued, checkpoint, close every connection. Idempotent."""
        if self._closed:
            return
        self._closed = True
        # The readers go first: the last connection to close tidies the WAL away, and only the
        # writer may.
        await asyncio.to_thread(self._readers.shutdown)
        for connection in self._reading:
            connection.close()
        self._queue.put(_Stop())
        await asyncio.to_thread(self._thread.join)

    def _read(self, work: Callable[[Connection], T]) -> T:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        try:
            if connection is None:
                connection = connect_reader(self._path)
                self._local.connection = connection
                self._reading.append(connection)
            return work(connection)
        except sqlite3.Error as error:
            raise translate(error) from error

    def _write_all(self) -> None:
        stopping = False
        while not stopping:
            batch: list[_Write[Any]] = []
            item: _Write[Any] | _Stop = self._queue.get()
            while True:
                if isinstance(item, _Stop):
                    stopping = True
                    break
                batch.append(item)
                if len(batch) >= BATCH_LIMIT:
                    break
                try:
                    item = self._queue.get_nowait()
                except queue.Empty:
                    break
            if batch:
                started = time.perf_counter()
                self._commit(batch)
                if self._on_commit is not None:
                    self._on_commit(len(batch), time.perf_counter() - started)
                self._loop.call_soon_threadsafe(_resolve, batch)
        with contextlib.suppress(sqlite3.Error):
            # A checkpoint that fails loses nothing: the WAL is read again at the next start.
            self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._writer.close()

    def _commit(self, batch: list[_Write[Any]]) -> None:
        """Run the batch in one transaction; each item then holds its own result or error.

        When one of them takes the transaction down (SQLite does that when the disk is full), each
        is run in a transaction of its own.
        """
        error = self._try(batch)
        if error is None:
            return
        failure = translate(error)
        log.error("commit_failed", code=failure.code, error=str(error), writes=len(batch))
        if len(batch) > 1 and not isinstance(failure, StorageBusy):
            for item in batch:
                item.error = None
                self._try([item])

    def _try(self, batch: list[_Write[Any]]) -> sqlite3.Error | None:
        """Run the batch in one transaction; returns why it could not be committed."""
        writer = self._writer
        changes = writer.total_changes
        try:
            writer.execute("BEGIN IMMEDIATE")
            for item in batch:
                self._run_one(item)
            writer.execute("COMMIT")
        except sqlite3.Error as error:
            with contextlib.suppress(sqlite3.Error):
                # SQLite may have rolled back by itself, for example when the disk is full.
                writer.execute("ROLLBACK")
            self.alarm = translate(error).message
            for item in batch:
                item.error = item.error or translate(error)
            return error
        refused = [item.error for item in batch if isinstance(item.error, _ALARMING)]
        if refused:
            self.alarm = refused[0].message
        elif writer.total_changes > changes:
            self.alarm = None
        return None

    def _run_one(self, item: _Write[Any]) -> None:
        writer = self._writer
        writer.execute("SAVEPOINT one")
        try:
            item.result = item.work(writer)
        except BaseException as error:
            if not writer.in_transaction:
                # The statement took the whole transaction down: nobody's write is kept.
                raise error if isinstance(error, sqlite3.Error) else _lost(error) from error
            writer.execute("ROLLBACK TO one")
            item.error = _own(error)
        writer.execute("RELEASE one")


def _own(error: BaseException) -> BaseException:
    """What the caller of a unit of work that raised is told."""
    if isinstance(error, sqlite3.Error):
        return translate(error)
    if isinstance(error, StopIteration):
        # A future refuses this one; a coroutine would turn it into the same.
        return RuntimeError("the work raised StopIteration")
    return error


def _lost(error: BaseException) -> sqlite3.Error:
    return sqlite3.OperationalError(f"the transaction ended early: {error}")


def _resolve(batch: list[_Write[Any]]) -> None:
    for item in batch:
        if item.future.done():
            continue  # the caller was cancelled; the write stands
        if item.error is not None:
            item.future.set_exception(item.error)
        else:
            item.future.set_result(item.result)


def connect_writer(path: Path) -> sqlite3.Connection:
    """The writing connection: WAL, FULL, foreign keys, statements outside are autocommitted."""
    connection = sqlite3.connect(
        path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False,
        cached_statements=256,
    )  # fmt: skip
    return _set_up(
        connection,
        # fullfsync: on macOS only this one reaches the disk.
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA fullfsync=ON;"
        "PRAGMA foreign_keys=ON; PRAGMA wal_autocheckpoint=1000; PRAGMA temp_store=MEMORY;"
        "PRAGMA cache_size=-8000;",
    )


def connect_reader(path: Path) -> sqlite3.Connection:
    """A connection that can only read."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=_BUSY_SECONDS,
        isolation_level=None, check_same_thread=False,
    )  # fmt: skip
    return _set_up(connection, "PRAGMA query_only=ON; PRAGMA cache_size=-2000;")


def _set_up(connection: sqlite3.Connection, pragmas: str) -> sqlite3.Connection:
    connection.row_factory = sqlite3.Row
    try:
        connection.executescript(pragmas)
    except sqlite3.Error:
        connection.close()
        raise
    return connection
