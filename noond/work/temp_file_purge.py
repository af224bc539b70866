"""The job that deletes what was left in the daemon's directory for temporary files."""

from __future__ import annotations

import asyncio
import contextlib
import os
import stat
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from noond.clock import Clock
from noond.config import JobSettings
from noond.jobs.context import JobContext
from noond.models.job import Job
from noond.work.cleanup import cleanup_policy, reported

_KEPT: Final = timedelta(hours=24)


class TempFilePurgeJob:
    """Whoever needs a temporary file removes it; this is for those that died before."""

    name: Final = "clean_up_temp_files"
    purpose: Final = "Deletes temporary files older than 24 hours."
    cron: Final = "0 3 * * *"

    def __init__(self, directory: Path, clock: Clock, settings: JobSettings) -> None:
        self._directory = directory
        self._clock = clock
        self.policy = cleanup_policy(settings)

    async def run(self, job: Job, context: JobContext) -> dict[str, Any]:  # noqa: ARG002
        """See JobType."""
        cutoff = self._clock.now() - _KEPT
        return await reported(
            self._clock, cutoff, asyncio.to_thread(delete_older, self._directory, cutoff)
        )


def delete_older(directory: Path, cutoff: datetime) -> dict[str, int]:
    """Delete what is below the directory and was last changed before the cut-off.

    Goes by open directories: a name that becomes a link meanwhile leads nowhere else. A link is
    deleted itself. Directories go once they are empty. Returns how much there was.
    """
    counts = {"files": 0, "directories": 0, "bytes": 0, "kept": 0}
    before = cutoff.timestamp()
    # From the bottom, so that a directory is empty before it is looked at.
    for _, directories, files, handle in os.fwalk(directory, topdown=False, follow_symlinks=False):
        for name in (*files, *directories):
            # It may be gone by now, or not empty.
            with contextlib.suppress(FileNotFoundError):
                found = os.stat(name, dir_fd=handle, follow_symlinks=False)
                if found.st_mtime >= before:
                    counts["kept"] += not stat.S_ISDIR(found.st_mode)
                elif stat.S_ISDIR(found.st_mode):
                    with contextlib.suppress(OSError):
                        os.rmdir(name, dir_fd=handle)
                        counts["directories"] += 1
                else:
                    os.unlink(name, dir_fd=handle)
                    counts["files"] += 1
                    counts["bytes"] += found.st_size
    return counts
