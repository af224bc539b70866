"""Opening paths one component at a time from the root, so that no link is followed anywhere.

The kernel refuses a component that is a link (O_NOFOLLOW); nothing is checked first and opened
later, so there is no moment in which a swap could help. All functions block and raise OSError.
"""

from __future__ import annotations

import os
from typing import Final

_STEP: Final = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_LIST: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# O_NONBLOCK: opening a pipe must not wait for its other end.
_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def open_file(real_path: str) -> int:
    """A descriptor for reading; the caller checks that it is a regular file, and closes it."""
    return _open(real_path, _READ)


def _open(real_path: str, flags: int) -> int:
    """Walk from the root to the last component, and open that with `flags`."""
    parts = [part for part in real_path.split("/") if part]
    descriptor = os.open("/", _STEP if parts else flags)
    for position, part in enumerate(parts):
        last = position == len(parts) - 1
        try:
            inner = os.open(part, flags if last else _STEP, dir_fd=descriptor)
        finally:
            os.close(descriptor)
        descriptor = inner
    return descriptor


def status_of(real_path: str) -> os.stat_result:
    """The status of what is at the path itself."""
    folder, name = os.path.split(real_path)
    if not name:
        return os.stat("/")  # noqa: PTH116
    descriptor = _open(folder, _STEP)
    try:
        return os.stat(name, dir_fd=descriptor, follow_symlinks=False)
    finally:
        os.close(descriptor)


def list_folder(folder: str) -> list[tuple[str, os.stat_result]]:
    """Names with their own status, sorted; what vanished meanwhile is left out."""
    descriptor = _open(folder, _LIST)
    try:
        entries = []
        with os.scandir(descriptor) as found:
            for entry in found:
                try:
                    entries.append((entry.name, entry.stat(follow_symlinks=False)))
                except FileNotFoundError:
                    continue
    finally:
        os.close(descriptor)
    entries.sort(key=lambda entry: entry[0])
    return entries
