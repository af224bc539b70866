"""A full disk: refused whole, read on, well again by itself when there is room."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from full_disk import can_mount, file_size_limit, filled, small_disk

from noond.errors import StorageFull
from noond.store import meta, opening
from noond.store.database import Database
from noond.store.rows import Transaction

Full = Callable[[Path], AbstractContextManager[None]]


@contextmanager
def over_quota(_folder: Path) -> Iterator[None]:
    # Below the first frame of a WAL.
    with file_size_limit(4096):
        yield


_WAYS: dict[str, Full] = {"quota": over_quota}
if can_mount():
    _WAYS["small disk"] = filled


@pytest.fixture(params=sorted(_WAYS))
def full(request: pytest.FixtureRequest) -> Full:
    """A way to fill the disk of a folder. Mounting a small disk takes root, a quota nothing."""
    return _WAYS[request.param]


@pytest.fixture
def folder(full: Full) -> Iterator[Path]:
    """Where the database goes."""
    if full is filled:
        with small_disk() as disk:
            yield disk
    else:
        with tempfile.TemporaryDirectory() as plain:
            yield Path(plain)


@pytest.fixture
async def database(folder: Path) -> AsyncIterator[Database]:
    opening.prepare(folder / "noond.db")
    database = await Database.open(folder / "noond.db")
    yield database
    await database.close()


def put(name: str) -> Callable[[Transaction], None]:
    return lambda tx: meta.put(tx, name, "x" * 20_000)


async def known(database: Database) -> set[str]:
    rows = await database.read(lambda c: c.execute("SELECT name FROM meta").fetchall())
    return {row[0] for row in rows}


def alarmed(database: Database) -> bool:
    return database.alarm is not None


async def test_full_is_said_and_nothing_is_half_stored(
    database: Database, folder: Path, full: Full
) -> None:
    await database.write(put("before"))
    with full(folder):
        results = await asyncio.gather(
            *(database.write(put(f"during-{number}")) for number in range(20)),
            return_exceptions=True,
        )
        assert {type(result) for result in results} == {StorageFull}
        assert await known(database) == {"before"}
        assert alarmed(database)
        # An empty transaction reaches no disk, so it proves nothing.
        assert await database.write(lambda _: True)
        assert alarmed(database)
        with pytest.raises(StorageFull):
            await database.write(meta.touch)
    await database.write(meta.touch)
    assert not alarmed(database)
    await database.write(put("after"))
    assert await known(database) == {"before", "after"}


async def test_what_was_acknowledged_before_a_full_disk_is_there_after_it(
    database: Database, folder: Path, full: Full
) -> None:
    stored = set()
    with full(folder):
        for number in range(100):
            try:
                await database.write(put(f"{number}"))
            except StorageFull:
                break
            stored.add(f"{number}")
        else:
            pytest.fail("the disk never got full")
    await database.close()
    opening.prepare(folder / "noond.db")
    again = await Database.open(folder / "noond.db")
    try:
        assert await known(again) == stored
    finally:
        await again.close()


async def test_one_write_that_does_not_fit_takes_no_other_with_it(
    database: Database, full: Full
) -> None:
    """SQLITE_FULL within a statement makes SQLite roll the whole batch back."""
    await database.write(lambda tx: tx.execute("PRAGMA max_page_count=1"))
    results = await asyncio.gather(
        database.write(lambda tx: meta.put(tx, "small", "x")),
        database.write(put("large")),
        database.write(lambda tx: meta.put(tx, "tiny", "x")),
        return_exceptions=True,
    )
    assert [type(result) for result in results] == [type(None), StorageFull, type(None)]
    assert await known(database) == {"small", "tiny"}
    await database.write(lambda tx: tx.execute("PRAGMA max_page_count=1000000"))
    await database.write(put("large"))
    assert not alarmed(database)
