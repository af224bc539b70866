"""Archives an audit log's old rows, and dies on the way: python crashing_archiver.py DIR NOW N

Killed (kill -9) at the N-th step, which are: before and after each write to a file, each fsync
and each transaction; a write that is the N-th step is done by half.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from movable_clock import MovableClock

from noond.accounts import audit as audit_module
from noond.accounts.audit import AuditLog
from noond.accounts.vault import Vault
from noond.store.database import Database
from noond.store.rows import Transaction

T = TypeVar("T")

AT_ONCE = 4
"""Rows of one step of archiving."""


class Steps:
    """Counts down to the kill."""

    def __init__(self, left: int) -> None:
        self._left = left

    def passed(self) -> bool:
        """Whether this is the step to die at."""
        self._left -= 1
        return self._left == 0

    def step(self) -> None:
        """Pass a step, or die at it."""
        if self.passed():
            os.kill(os.getpid(), signal.SIGKILL)


def wrap(steps: Steps) -> None:
    """Put the steps around what changes the disk."""
    write, fsync = os.write, os.fsync

    def killed_write(descriptor: int, content: bytes) -> int:
        if steps.passed():
            write(descriptor, content[: len(content) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        written = write(descriptor, content)
        steps.step()
        return written

    def killed_fsync(descriptor: int) -> None:
        steps.step()
        fsync(descriptor)
        steps.step()

    os.write, os.fsync = killed_write, killed_fsync  # type: ignore[assignment]


class KilledDatabase(Database):
    """A database with a step before and after each transaction."""

    steps: Steps

    async def write(self, work: Callable[[Transaction], T]) -> T:
        """See Database."""
        self.steps.step()
        result = await super().write(work)
        self.steps.step()
        return result


async def archive(directory: Path, now: datetime, steps: Steps) -> None:
    """Move what is older than 90 days."""
    database = await KilledDatabase.open(directory / "noond.db")
    database.steps = steps
    audit = AuditLog(
        database,
        Vault(bytes(32)),
        clock=MovableClock(now),
        archive=directory / "archive",
        keep_days=90,
    )
    await audit.archive_old(audit.oldest_kept())
    await database.close()


if __name__ == "__main__":
    audit_module._AT_ONCE = AT_ONCE  # type: ignore[misc]
    countdown = Steps(int(sys.argv[3]))
    wrap(countdown)
    asyncio.run(archive(Path(sys.argv[1]), datetime.fromisoformat(sys.argv[2]), countdown))
