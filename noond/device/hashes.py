"""SHA-256 of files, remembered while size, times and inode stay: a manifest costs no reading."""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import aiosqlite

from noond.clock import to_ms
from noond.device.folders import AllowedFolders, FoundFile, Unreadable, explain
from noond.device.store import DeviceStore

_BATCH_FILES: Final = 500
_BATCH_SECONDS: Final = 0.5
_BATCH_BYTES: Final = 64 * 1024 * 1024
"""What one visit to a thread reads at most, plus one file: a stop waits for no more than that."""

_SETTLED_MS: Final = 2000
"""A file that changed more recently may change again without its times showing it."""

_USE_STEP_MS: Final = 7 * 24 * 3600 * 1000
"""How stale the note of a hash's last use may be, so that an unchanged folder writes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HashedFile:
    """A file with the SHA-256 (hex) of its bytes."""

    file: FoundFile
    sha256: str


async def iter_hashed(
    store: DeviceStore,
    folders: AllowedFolders,
    found: Iterator[FoundFile | Unreadable | None],
    *,
    file_bytes: int,
) -> AsyncIterator[list[HashedFile | Unreadable]]:
    """What `found` yields, with hashes, in that order and in batches; reads in a thread.

    Files over `file_bytes` and those that can't be read come as Unreadable.
    """
    ended = False
    while not ended:
        batch, ended = await asyncio.to_thread(_take, found)
        known = await _known(store, [item for item in batch if isinstance(item, FoundFile)])
        while batch:
            done, read = await asyncio.to_thread(_hash_some, folders, batch, known, file_bytes)
            await _remember(store, read)
            yield done
            batch = batch[len(done) :]


def _take(
    found: Iterator[FoundFile | Unreadable | None],
) -> tuple[list[FoundFile | Unreadable], bool]:
    """The next items, and whether they are the last."""
    batch: list[FoundFile | Unreadable] = []
    pause_at = time.monotonic() + _BATCH_SECONDS
    for item in found:
        if item is not None:
            batch.append(item)
        if len(batch) >= _BATCH_FILES or time.monotonic() >= pause_at:
            return batch, False
    return batch, True


def _hash_some(
    folders: AllowedFolders,
    batch: Sequence[FoundFile | Unreadable],
    known: dict[str, str],
    file_bytes: int,
) -> tuple[list[HashedFile | Unreadable], list[HashedFile]]:
    """The outcomes of the batch's first items, until enough was read; and which were read whole."""
    done: list[HashedFile | Unreadable] = []
    read: list[HashedFile] = []
    read_bytes = 0
    for item in batch:
        if read_bytes >= _BATCH_BYTES:
            break
        if isinstance(item, Unreadable):
            done.append(item)
        elif item.real_path in known:
            done.append(HashedFile(file=item, sha256=known[item.real_path]))
        else:
            try:
                file, content = folders.read(item, limit=file_bytes)
            except (OSError, ValueError) as error:
                done.append(Unreadable(label=item.label, error=explain(error)))
                continue
            read_bytes += len(content)
            hashed = HashedFile(file=file, sha256=hashlib.sha256(content).hexdigest())
            done.append(hashed)
            if len(content) == file.size:
                read.append(hashed)
    return done, read


async def _known(store: DeviceStore, files: Sequence[FoundFile]) -> dict[str, str]:
    """The hashes that still hold, by real path."""
    by_key = {os.fsencode(file.real_path): file for file in files}
    marks = ",".join("?" * len(by_key))
    rows = await store.read(
        "SELECT path, size, mtime_ns, ctime_ns, inode, sha256, used_at"  # noqa: S608 - only marks
        f" FROM file_hashes WHERE path IN ({marks})",
        tuple(by_key),
    )
    now_ms = to_ms(store.clock.now())
    known: dict[str, str] = {}
    stale: list[tuple[int, bytes]] = []
    for row in rows:
        file = by_key[row["path"]]
        kept = (row["size"], row["mtime_ns"], row["ctime_ns"], row["inode"])
        if kept == (file.size, file.mtime_ns, file.ctime_ns, file.inode):
            known[file.real_path] = row["sha256"].hex()
            if now_ms - row["used_at"] > _USE_STEP_MS:
                stale.append((now_ms, row["path"]))
    if stale:

        async def work(tx: aiosqlite.Connection) -> None:
            await tx.executemany("UPDATE file_hashes SET used_at = ? WHERE path = ?", stale)

        await store.write(work)
    return known


async def _remember(store: DeviceStore, read: Sequence[HashedFile]) -> None:
    """Keep the hashes of files that have been at rest."""
    now_ms = to_ms(store.clock.now())
    rows = [
        (
            os.fsencode(file.real_path), file.size, file.mtime_ns, file.ctime_ns, file.inode,
            bytes.fromhex(hashed.sha256), now_ms,
        )
        for hashed in read
        if now_ms - (file := hashed.file).ctime_ns // 1_000_000 > _SETTLED_MS
    ]  # fmt: skip
    if not rows:
        return

    async def work(tx: aiosqlite.Connection) -> None:
        await tx.executemany("INSERT OR REPLACE INTO file_hashes VALUES (?,?,?,?,?,?,?)", rows)

    await store.write(work)
