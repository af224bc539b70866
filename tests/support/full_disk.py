"""Ways to fill a disk that work where they are offered, and to make room again."""

from __future__ import annotations

import os
import resource
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_TMPFS_BYTES = 4 * 1024 * 1024


@contextmanager
def file_size_limit(byte_count: int) -> Iterator[None]:
    """No file of this process grows beyond this; SQLite sees the same refusal as over a quota."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (byte_count, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def small_disk() -> Iterator[Path]:
    """A file system of 4 MiB of its own; raises OSError where this process may not mount."""
    with tempfile.TemporaryDirectory(prefix="noond-small-disk-") as folder:
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={_TMPFS_BYTES},mode=700", "tmpfs", folder],
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            raise OSError(done.stderr)
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", "-l", folder], check=True)


def can_mount() -> bool:
    """Whether `small_disk` works here."""
    if os.geteuid() != 0:
        return False
    try:
        with small_disk():
            return True
    except OSError:
        return False


@contextmanager
def filled(folder: Path) -> Iterator[None]:
    """Take all the room of the disk that this folder is on, to the last byte."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for step in (65_536, 4096, 1):
            try:
                while file.write(b"x" * step):
                    pass
            except OSError:
                continue
    try:
        yield
    finally:
        ballast.unlink()
