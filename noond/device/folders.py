"""The folders this device may read: found, listed and opened without ever following a link.

A requested path is resolved once and must lie below an allowed folder. What is opened afterwards
is opened without links (`device.nofollow`), so that a folder or file which is swapped for a link
between the check and the opening leads nowhere else.
"""

from __future__ import annotations

import errno
import os
import shlex
import stat
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from noond.device.errors import FolderRefused
from noond.device.nofollow import list_folder, open_file, status_of

_LONGEST_LABEL: Final = 4096
_LONGEST_ERROR: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFile:
    """A file below an allowed folder, as it was when it was listed.

    `label` names it to the daemon; `real_path` holds no link and is what is opened.
    """

    label: str
    real_path: str
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int

    @property
    def modified_at(self) -> int | None:
        """Milliseconds since 1970-01-01 UTC, None when the wire can't say it."""
        milliseconds = self.mtime_ns // 1_000_000
        return milliseconds if 0 <= milliseconds <= 253_402_300_799_999 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A file, folder or requested path that can't be read, and why."""

    label: str
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedPath:
    """A requested path that may be read: its label's beginning and where it really is."""

    label: str
    real_path: str


class AllowedFolders:
    """What `--allow` names. Thread-safe: it holds nothing that changes."""

    def __init__(self, allow: Sequence[str | Path]) -> None:
        """Resolve the folders; raises FolderRefused for one that is not there."""
        if not allow:
            raise FolderRefused("name at least one folder to read: --allow DIR")
        self._roots = tuple(self._root(Path(folder)) for folder in allow)

    @staticmethod
    def _root(folder: Path) -> str:
        try:
            real = folder.expanduser().resolve(strict=True)
        except (OSError, RuntimeError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise FolderRefused(f"--allow {folder}: {reason}") from None
        if not real.is_dir():
            raise FolderRefused(f"--allow {folder}: this is not a folder")
        return str(real)

    def contains(self, real_path: str) -> bool:
        """Whether a path without links is an allowed folder or lies below one."""
        return any(
            real_path == root or real_path.startswith(root.rstrip("/") + "/")
            for root in self._roots
        )

    def resolve(self, requested: str) -> RequestedPath:
        """Where a requested path really is; raises FolderRefused that says how to allow it.

        `~` is expanded; a relative path is taken from the directory the device was started in.
        """
        try:
            real = os.path.realpath(Path(requested).expanduser())
        except (OSError, RuntimeError, ValueError) as error:
            raise FolderRefused(f"this is not a path: {_reason(error)}") from None
        if not requested or not self.contains(real):
            raise FolderRefused(
                "outside the folders this device may read; to allow it, start the device with "
                f"--allow {_quoted(requested)}"
            )
        return RequestedPath(
            label=requested.rstrip("/") if requested != "/" else "", real_path=real
        )

    def walk(
        self, requested: Sequence[RequestedPath], extensions: Sequence[str]
    ) -> Iterator[FoundFile | Unreadable | None]:
        """Every file below the paths with one of the extensions, in a settled order.

        Extensions compare without case; none means every file. Folders whose name begins with a
        dot are left out unless requested themselves, special files always. Links are not
        followed; one that leaves the allowed folders is reported. A path that was requested as a
        file is taken whatever its extension. Blocking: iterate in a thread; a None comes after
        each folder, so that the caller can pause where nothing is found for long.
        """
        endings = tuple(f".{extension.removeprefix('.')}".casefold() for extension in extensions)
        seen: set[str] = set()
        labels: set[str] = set()
        for path in requested:
            for found in self._walk_one(path, endings, seen):
                if found is None:
                    yield None
                    continue
                label = _unused(found.label, labels)
                labels.add(label)
                if isinstance(found, Unreadable):
                    yield Unreadable(label=label[:_LONGEST_LABEL], error=found.error)
                elif len(label) > _LONGEST_LABEL:
                    yield Unreadable(label=label[:_LONGEST_LABEL], error="the path is too long")
                else:
                    yield replace(found, label=label)

    def _walk_one(
        self, requested: RequestedPath, endings: tuple[str, ...], seen: set[str]
    ) -> Iterator[FoundFile | Unreadable | None]:
        try:
            status = status_of(requested.real_path)
        except OSError as error:
            yield Unreadable(label=label_of(requested.label or "/"), error=_reason(error))
            return
        if not stat.S_ISDIR(status.st_mode):
            if stat.S_ISREG(status.st_mode) and requested.real_path not in seen:
                seen.add(requested.real_path)
                yield _found(label_of(requested.label), requested.real_path, status)
            return
        waiting = [(requested.label, requested.real_path)]
        while waiting:
            label, folder = waiting.pop()
            if folder in seen:
                continue
            seen.add(folder)
            below: list[tuple[str, str]] = []
            try:
                entries = list_folder(folder)
            except OSError as error:
                yield Unreadable(label=label_of(label or "/"), error=_reason(error))
                continue
            for name, entry in entries:
                inner_label = f"{label}/{name}"
                inner_path = os.path.join(folder, name)  # noqa: PTH118 - hot
                if stat.S_ISDIR(entry.st_mode):
                    if not name.startswith("."):
                        below.append((inner_label, inner_path))
                elif inner_path not in seen:
                    seen.add(inner_path)
                    found = self._judge(inner_label, inner_path, entry, endings)
                    if found is not None:
                        yield found
            waiting.extend(reversed(below))
            yield None

    def _judge(
        self, label: str, path: str, status: os.stat_result, endings: tuple[str, ...]
    ) -> FoundFile | Unreadable | None:
        """What to do with an entry of a folder that is no folder itself."""
        wanted = not endings or path.casefold().endswith(endings)
        if stat.S_ISREG(status.st_mode):
            return _found(label_of(label), path, status) if wanted else None
        if not stat.S_ISLNK(status.st_mode):
            return None
        target = os.path.realpath(path)
        # What an inner link names is read in its own place.
        if self.contains(target) or not (wanted or Path(target).is_dir()):
            return None
        return Unreadable(
            label=label_of(label),
            error="this is a link out of the allowed folders; it is not followed",
        )

    def read(self, file: FoundFile, *, limit: int) -> tuple[FoundFile, bytes]:
        """The file as it is at this moment, and its bytes.

        Blocking. Raises OSError, or ValueError when it is larger than `limit` bytes or is no
        regular file any more.
        """
        descriptor = open_file(file.real_path)
        with open(descriptor, "rb", buffering=0) as opened:  # noqa: PTH123 - a descriptor
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise ValueError("it is no regular file any more")
            content = bytearray()
            while block := opened.read(min(1 << 20, limit + 1 - len(content))):
                content += block
                if len(content) > limit:
                    raise ValueError(f"larger than {limit} bytes, the most the daemon takes")
        return _found(file.label, file.real_path, status), bytes(content)


def explain(error: OSError | ValueError) -> str:
    """Why a file can't be read, for the daemon; names no path."""
    return _reason(error)


def _found(label: str, real_path: str, status: os.stat_result) -> FoundFile:
    return FoundFile(
        label=label, real_path=real_path, size=status.st_size, inode=status.st_ino,
        mtime_ns=status.st_mtime_ns, ctime_ns=status.st_ctime_ns,
    )  # fmt: skip


def _quoted(path: str) -> str:
    """The path for a shell, a leading `~/` left to be expanded by it."""
    home, slash, rest = path.partition("/")
    return f"{home}/{shlex.quote(rest)}" if home == "~" and slash else shlex.quote(path)


def label_of(path: str) -> str:
    """The path as text that JSON can carry, NFC; bytes that are no UTF-8 are spelled out."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return unicodedata.normalize("NFC", text)


def _unused(label: str, labels: set[str]) -> str:
    """The label, or one told apart: two names can be the same in NFC."""
    candidate, count = label, 1
    while candidate in labels:
        count += 1
        candidate = f"{label} ({count})"
    return candidate


def _reason(error: Exception) -> str:
    match error:
        case FileNotFoundError():
            text = "it is not there"
        case PermissionError():
            text = "permission denied"
        case OSError(strerror=str(reason)):
            text = f"it changed while it was read ({reason})" if _is_swap(error) else reason
        case _:
            text = str(error)
    return text[:_LONGEST_ERROR]


def _is_swap(error: OSError) -> bool:
    return error.errno in (errno.ELOOP, errno.ENOTDIR)
