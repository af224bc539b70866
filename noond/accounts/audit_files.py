"""The archive of the audit log: one JSON object a line, a file a month, only ever appended to."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from noond.clock import from_ms
from noond.models.audit import COLUMNS

_TAIL_BYTES: Final = 65_536
"""More than the longest line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of the archive; `row` is None for what noond can't have written."""

    place: str
    row: dict[str, Any] | None


class ArchiveFiles:
    """The files `audit-YYYY-MM.jsonl` of a directory. Every method blocks; OSError is raised."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def append(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Put rows, in their order, behind those that are there; they are then on the disk.

        What an append that was killed has left is completed: half a line goes, rows that are
        there already are not written again. A row goes to its month's file, or to the last one
        when the clock was set back: the lines are in the order of the rows.
        """
        self._make_directory()
        files = self._files()
        newest = files[-1].name if files else ""
        if files:
            _cut_half_line(files[-1])
            rows = _behind(rows, _last_row(files[-1]))
        lines: dict[str, list[str]] = {}
        for row in rows:
            newest = max(newest, f"audit-{from_ms(row['at']):%Y-%m}.jsonl")
            lines.setdefault(newest, []).append(encode(row))
        for name, written in lines.items():
            _append(self._directory / name, "".join(written).encode())
        if lines:
            _sync(self._directory)

    def lines(self) -> Iterator[Line]:
        """Every line, in order."""
        for file in self._files():
            with file.open("rb") as content:
                for number, line in enumerate(content, 1):
                    yield Line(place=f"{file.name} line {number}", row=_decode(line))

    def _files(self) -> list[Path]:
        return sorted(self._directory.glob("audit-????-??.jsonl"))

    def _make_directory(self) -> None:
        if not self._directory.is_dir():
            self._directory.mkdir(mode=0o700)
            _sync(self._directory.parent)


def encode(row: Mapping[str, Any]) -> str:
    """The line of a row."""
    told = {name: row[name] for name in COLUMNS} | {"mac": row["mac"].hex()}
    return json.dumps(told, ensure_ascii=True, separators=(",", ":"), default=repr) + "\n"


def _decode(line: bytes) -> dict[str, Any] | None:
    """The row of a line; None unless it is just as `encode` writes it."""
    try:
        row = json.loads(line)
        row["mac"] = bytes.fromhex(row["mac"])
        return row if encode(row).encode() == line and isinstance(row["seq"], int) else None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _behind(
    rows: Sequence[Mapping[str, Any]], last: Mapping[str, Any] | None
) -> Sequence[Mapping[str, Any]]:
    """The rows that follow the last one of the archive; all, when it is none of them."""
    for place, row in enumerate(rows):
        if last is not None and (row["seq"], row["mac"]) == (last["seq"], last["mac"]):
            return rows[place + 1 :]
    return rows


def _last_row(file: Path) -> dict[str, Any] | None:
    lines = _tail(file).splitlines(keepends=True)
    return _decode(lines[-1]) if lines else None


def _tail(file: Path) -> bytes:
    with file.open("rb") as content:
        content.seek(max(0, content.seek(0, os.SEEK_END) - _TAIL_BYTES))
        return content.read()


def _cut_half_line(file: Path) -> None:
    half = len(_tail(file).rpartition(b"\n")[2])
    if half:
        with file.open("r+b") as content:
            content.truncate(content.seek(0, os.SEEK_END) - half)


def _append(file: Path, content: bytes) -> None:
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
    descriptor = os.open(file, flags, 0o600)
    try:
        while content:
            content = content[os.write(descriptor, content) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
