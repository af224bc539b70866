"""Whether the daemon can do its work: what readiness and the watchdog ask."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from pathlib import Path
from typing import Final

from noond.errors import StorageError
from noond.store import meta
from noond.store.database import Database

_FREE_BYTES: Final = 16 * 1024 * 1024
"""With less room than this on the disk the daemon is not ready."""


async def check_database(database: Database) -> str | None:
    """What is wrong with the database, or None."""
    if database.alarm is not None:
        # Space may be back while nobody writes.
        with contextlib.suppress(StorageError):
            await database.write(meta.touch)
    return database.alarm


async def check_disk(path: Path) -> str | None:
    """What is wrong with the disk that holds this, or None."""
    free = (await asyncio.to_thread(shutil.disk_usage, path)).free
    return None if free >= _FREE_BYTES else "the disk is full"


async def writer_alive(database: Database) -> bool:
    """Whether the writer still does something; it hangs when it does not."""
    return await database.write(lambda _: True)
