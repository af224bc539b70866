"""The device's database: one connection, one transaction at a time, safe beside a second process.

While the device runs, `noond device review` may write to the same file from another process.
SQLite before 3.51.3 can reset the WAL wrongly when two connections write or checkpoint at once, so
each transaction holds a lock file that all of them respect.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, TypeVar

import aiosqlite

from noond.clock import Clock, to_ms
from noond.device.errors import StoreLocked, StoreMissing
from noond.device.locks import FileLock
from noond.device.options import device_id_from_host
from noond.device.schema import prepare, translate
from noond.errors import StorageError

T = TypeVar("T")

_WRITE_LOCK_SECONDS: Final = 10.0
_PRAGMAS: Final = (
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA temp_store=MEMORY",
)


class DeviceStore:
    """Open with `DeviceStore.open`; `await close()` gives the file back."""

    def __init__(
        self, path: Path, connection: aiosqlite.Connection, lock: FileLock, clock: Clock
    ) -> None:
        self.path = path
        self.clock = clock
        self._connection = connection
        self._file_lock = lock
        self._turn = asyncio.Lock()
        self._writes = 0

    @classmethod
    async def open(cls, path: Path, *, clock: Clock, create: bool = True) -> DeviceStore:
        """Open the store, made (with a first pair of projects) when missing and `create` is set.

        Raises StoreMissing, SchemaTooNew, StorageDamaged, StorageBusy or StorageError.
        """
        lock = await asyncio.to_thread(_prepare, path, to_ms(clock.now()), create)
        try:
            connection = await _connect(path)
        except BaseException:
            lock.close()
            raise
        return cls(path, connection, lock, clock)

    async def close(self) -> None:
        """Wait for what is being written, then give the file back."""
        async with self._turn:
            # The last connection's close checkpoints, which counts as writing.
            try:
                await self._lock_file()
            finally:
                await self._connection.close()
                self._file_lock.close()

    async def read(self, sql: str, parameters: Sequence[object] = ()) -> list[sqlite3.Row]:
        """The rows of a query; it sees committed data only."""
        async with self._turn:
            try:
                return list(await self._connection.execute_fetchall(sql, parameters))
            except sqlite3.Error as error:
                raise translate(error, self.path) from error

    async def write(self, work: Callable[[aiosqlite.Connection], Awaitable[T]]) -> T:
        """Run `work` in a transaction; its result is returned once that is on the disk.

        An exception undoes all of it. A transaction that began runs to its end even when the
        caller is cancelled.
        """
        return await asyncio.shield(asyncio.create_task(self._transact(work)))

    async def change_stamp(self) -> tuple[int, int]:
        """A value that differs after any change of the data, also by another process."""
        rows = await self.read("PRAGMA data_version")
        return int(rows[0][0]), self._writes

    async def find_setting(self, name: str) -> str | None:
        """The value kept under this name."""
        rows = await self.read("SELECT value FROM meta WHERE name = ?", (name,))
        return str(rows[0][0]) if rows else None

    async def keep_setting(self, name: str, value: str) -> None:
        """Keep a value under this name in place of an earlier one."""

        async def work(tx: aiosqlite.Connection) -> None:
            await tx.execute(
                "INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", (name, value)
            )

        await self.write(work)

    async def settle_device_id(self, wanted: str | None) -> str:
        """The id of this device: `wanted`, else the one in the store, else made from the host.

        It is kept in the store, so that it stays when the host is renamed.
        """
        kept = await self.find_setting("device_id")
        device_id = wanted or kept or device_id_from_host()
        if device_id != kept:
            await self.keep_setting("device_id", device_id)
        return device_id

    async def _transact(self, work: Callable[[aiosqlite.Connection], Awaitable[T]]) -> T:
        async with self._turn:
            await self._lock_file()
            try:
                await self._connection.execute("BEGIN IMMEDIATE")
                result = await work(self._connection)
                await self._connection.execute("COMMIT")
            except BaseException as error:
                with contextlib.suppress(sqlite3.Error):
                    # SQLite may have rolled back by itself, for example when the disk is full.
                    await self._connection.execute("ROLLBACK")
                if isinstance(error, sqlite3.Error):
                    raise translate(error, self.path) from error
                raise
            finally:
                self._file_lock.release()
            self._writes += 1
            return result

    async def _lock_file(self) -> None:
        if not self._file_lock.try_acquire():
            await asyncio.to_thread(self._file_lock.acquire, seconds=_WRITE_LOCK_SECONDS)


def _prepare(path: Path, now_ms: int, create: bool) -> FileLock:
    if not create and not path.exists():
        raise StoreMissing(f"there is no device store at {path}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = FileLock(path.with_name(path.name + ".writing"))
    except OSError as error:
        raise StorageError(f"the device store {path} can't be made: {error.strerror}") from error
    try:
        lock.acquire(seconds=_WRITE_LOCK_SECONDS)
        prepare(path, now_ms)
        lock.release()
    except OSError as error:
        lock.close()
        raise StorageError(f"the device store {path} can't be made: {error.strerror}") from error
    except BaseException:
        lock.close()
        raise
    return lock


async def _connect(path: Path) -> aiosqlite.Connection:
    connection = await aiosqlite.connect(path, timeout=5.0, isolation_level=None)
    try:
        connection.row_factory = sqlite3.Row
        for pragma in _PRAGMAS:
            await connection.execute(pragma)
    except BaseException:
        await connection.close()
        raise
    return connection


@contextlib.asynccontextmanager
async def open_store(
    path: Path, *, clock: Clock, create: bool = True
) -> AsyncIterator[DeviceStore]:
    """The store while the block runs; see `DeviceStore.open`."""
    store = await DeviceStore.open(path, clock=clock, create=create)
    try:
        yield store
    finally:
        await store.close()


@contextlib.contextmanager
def hold_device(path: Path) -> Iterator[None]:
    """Be the only device process of this store while the block runs; raises StoreLocked."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = FileLock(path.with_name(path.name + ".lock"))
    except OSError as error:
        raise StorageError(f"the device store {path} can't be made: {error.strerror}") from error
    try:
        if not lock.try_acquire():
            raise StoreLocked(
                f"another device process uses {path}; stop it, or give this one another --store"
            )
        yield
    finally:
        lock.close()
