"""Locks between processes, by flock: they end with the process, however it ends."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from noond.errors import StorageBusy

_POLL_SECONDS = 0.01


class FileLock:
    """An exclusive lock on a file of its own. Not for two tasks of one process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def try_acquire(self) -> bool:
        """Take the lock if nobody has it."""
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def acquire(self, *, seconds: float) -> None:
        """Take the lock, waiting in this thread; raises StorageBusy when it takes too long."""
        give_up_at = time.monotonic() + seconds
        while not self.try_acquire():
            if time.monotonic() >= give_up_at:
                raise StorageBusy(f"another program holds {self._path}; try again")
            time.sleep(_POLL_SECONDS)

    def release(self) -> None:
        """Give the lock back."""
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Give the lock back and close the file. Idempotent."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
