"""Unchanged files are not read again; changed ones always are."""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from noond.device.folders import AllowedFolders, FoundFile, Unreadable
from noond.device.hashes import HashedFile, iter_hashed
from noond.device.store import DeviceStore


class CountingFolders(AllowedFolders):
    """Counts what is really read."""

    def __init__(self, folder: Path) -> None:
        super().__init__([folder])
        self.reads = 0

    def read(self, file: FoundFile, *, limit: int) -> tuple[FoundFile, bytes]:
        self.reads += 1
        return super().read(file, limit=limit)


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    folder = tmp_path / "notes"
    folder.mkdir()
    return folder


async def hashes(
    store: DeviceStore, folders: AllowedFolders, notes: Path, file_bytes: int = 1000
) -> dict[str, str]:
    found = folders.walk([folders.resolve(str(notes))], [".md"])
    outcomes: dict[str, str] = {}
    async for batch in iter_hashed(store, folders, found, file_bytes=file_bytes):
        for item in batch:
            if isinstance(item, HashedFile):
                outcomes[Path(item.file.label).name] = item.sha256
            elif isinstance(item, Unreadable):
                outcomes[Path(item.label).name] = item.error
    return outcomes


async def test_unchanged_files_are_not_read_again(
    store: DeviceStore, clock: Any, notes: Path
) -> None:
    clock.present = datetime.now(UTC) + timedelta(hours=1)
    for number in range(1200):
        (notes / f"{number}.md").write_text(str(number))
    folders = CountingFolders(notes)
    first = await hashes(store, folders, notes)
    assert first == {f"{n}.md": hashlib.sha256(str(n).encode()).hexdigest() for n in range(1200)}
    assert folders.reads == 1200
    assert await hashes(store, folders, notes) == first
    assert folders.reads == 1200


async def test_a_change_that_keeps_size_and_time_is_noticed(
    store: DeviceStore, clock: Any, notes: Path
) -> None:
    clock.present = datetime.now(UTC) + timedelta(hours=1)
    file = notes / "a.md"
    file.write_text("one")
    folders = CountingFolders(notes)
    await hashes(store, folders, notes)
    before = file.stat()
    file.write_text("two")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert await hashes(store, folders, notes) == {"a.md": hashlib.sha256(b"two").hexdigest()}


async def test_a_file_changed_just_now_is_not_remembered(
    store: DeviceStore, clock: Any, notes: Path
) -> None:
    clock.present = datetime.now(UTC)
    (notes / "a.md").write_text("one")
    folders = CountingFolders(notes)
    await hashes(store, folders, notes)
    await hashes(store, folders, notes)
    assert folders.reads == 2


async def test_what_is_too_large_or_gone_is_reported(store: DeviceStore, notes: Path) -> None:
    (notes / "big.md").write_bytes(b"x" * 1001)
    (notes / "fine.md").write_bytes(b"x" * 1000)
    outcomes = await hashes(store, CountingFolders(notes), notes)
    assert "larger than 1000 bytes" in outcomes["big.md"]
    assert outcomes["fine.md"] == hashlib.sha256(b"x" * 1000).hexdigest()
