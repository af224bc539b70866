"""Files into data frames: as text or base64, in parts where needed, each frame under its limit."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, TypeVar

from pydantic_core import to_json

from noond.errors import Invalid
from noond.hub.frames import AgentData, AgentManifest, Frame, ListedFile, SentFile

MOST_PARTS: Final = 10_000
_SMALLEST_PART: Final = 64
_CONVERTED: Final = (".pdf", ".docx", ".html", ".htm", ".xhtml")
"""Documents that the daemon converts from their bytes, also when those are UTF-8."""

_Entry = TypeVar("_Entry", SentFile, ListedFile)


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """A data frame ready to send, and its number."""

    message: bytes
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FileContent:
    """A file that was read: its label, bytes, SHA-256 (hex) and change time in milliseconds."""

    label: str
    content: bytes
    sha256: str
    modified_at: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileError:
    """A file that can't be read, and why."""

    label: str
    error: str


def encoded(frame: Frame) -> bytes:
    """The frame as it goes over the wire."""
    return frame.encode().encode()


def data_frame_bytes(*, frame_bytes: int, credit_bytes: int) -> int:
    """How large data frames may be: several within the credit, and no call waits long behind one.

    `credit_bytes` of 0 means that every byte has to be granted.
    """
    hard = min(frame_bytes, credit_bytes or frame_bytes)
    return min(hard, max(16_384, min(credit_bytes // 4, 262_144)))


def pack_manifest(run_id: str, files: Iterable[ListedFile], limit: int) -> Iterator[bytes]:
    """Manifest frames of at most `limit` bytes; the one that says `last` comes after them."""
    empty = len(encoded(AgentManifest(run_id=run_id, files=[], last=False)))
    for group in _groups(files, limit - empty):
        yield encoded(AgentManifest(run_id=run_id, files=group, last=False))


def pack_files(
    run_id: str, files: Iterable[FileContent | FileError], limit: int
) -> Iterator[Packed]:
    """Data frames of at most `limit` bytes, `seq` from 1; small files share a frame.

    Takes a file only when the frames before it were taken, so that one file is in memory at a
    time. Raises Invalid when the limit has no room for a file's name.
    """
    empty = len(encoded(AgentData(run_id=run_id, seq=2**53, files=[])))
    entries = (entry for file in files for entry in _entries(file, limit - empty))
    for number, group in enumerate(_groups(entries, limit - empty), start=1):
        yield Packed(message=encoded(AgentData(run_id=run_id, seq=number, files=group)), seq=number)


def _groups(entries: Iterable[_Entry], room: int) -> Iterator[list[_Entry]]:
    """The entries in order, as many together as `room` bytes hold with commas between."""
    group: list[_Entry] = []
    left = room
    for entry in entries:
        size = _size(entry) + 1
        if size > room:
            raise Invalid(f"a frame of this size has no room for {entry.path[:100]!r}")
        if group and size > left:
            yield group
            group, left = [], room
        group.append(entry)
        left -= size
    if group:
        yield group


def _size(entry: SentFile | ListedFile) -> int:
    return len(entry.model_dump_json(exclude_none=True).encode())


def _entries(file: FileContent | FileError, room: int) -> Iterator[SentFile]:
    """The file as one entry, or as parts that fill a frame each."""
    if isinstance(file, FileError):
        yield SentFile(path=file.label, error=file.error)
        return
    text = _as_text(file)
    head = SentFile(
        path=file.label, content="", sha256=file.sha256, modified_at=file.modified_at,
        encoding="base64" if text is None else None,
    )  # fmt: skip
    whole = _whole(file.content, text, room - _size(head) - 1)
    if whole is not None:
        yield head.model_copy(update={"content": whole})
        return
    numbered = head.model_copy(update={"part": MOST_PARTS, "parts": MOST_PARTS})
    part_room = room - _size(numbered) - 1
    if part_room < _SMALLEST_PART:
        raise Invalid(f"a frame of this size has no room for {file.label[:100]!r}")
    pieces = list(
        _cut_bytes(file.content, part_room) if text is None else _cut_text(text, part_room)
    )
    if len(pieces) > MOST_PARTS:
        yield SentFile(path=file.label, error=f"it would need more than {MOST_PARTS} parts")
        return
    for number, piece in enumerate(pieces, start=1):
        yield head.model_copy(update={"content": piece, "part": number, "parts": len(pieces)})


def _as_text(file: FileContent) -> str | None:
    """The content when it travels as text; None for what the daemon converts or must decode."""
    content = file.content
    if file.label.lower().endswith(_CONVERTED) or content.startswith(b"%PDF-") or b"\0" in content:
        return None
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None


def _whole(content: bytes, text: str | None, room: int) -> str | None:
    """The content as it travels, None when that is more than `room` bytes of JSON."""
    if text is None:
        return base64.b64encode(content).decode() if len(content) * 4 // 3 + 4 <= room else None
    return text if len(text) <= room and _json_bytes(text) <= room else None


def _json_bytes(text: str) -> int:
    return len(to_json(text)) - 2  # the quotes


def _cut_bytes(content: bytes, room: int) -> Iterator[str]:
    """Base64 pieces; all but the last are of whole triples, so they also join as base64."""
    step = room // 4 * 3
    for start in range(0, len(content), step):
        yield base64.b64encode(content[start : start + step]).decode()


def _cut_text(text: str, room: int) -> Iterator[str]:
    """Pieces of at most `room` bytes of JSON: how many characters that is depends on them."""
    start, width = 0, room
    while start < len(text):
        piece = text[start : start + width]
        while (size := _json_bytes(piece)) > room:
            # A little less than in proportion, to be done in a few steps.
            width = max(1, min(len(piece) - 1, len(piece) * room * 15 // (size * 16)))
            piece = piece[:width]
        yield piece
        start += len(piece)
        width = min(room, max(1, len(piece) * room // size))
