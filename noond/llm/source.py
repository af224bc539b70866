"""From a file's raw bytes to the source text in which every record's quote must stand."""

from __future__ import annotations

import codecs
import re
import unicodedata

from noond.errors import BinaryFile, InvalidUTF8

_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_SAMPLE = 65_536


def decode(raw: bytes) -> str:
    """The text of a file: UTF-8 with or without a byte order mark, or UTF-16 with one.

    Nothing is guessed and nothing replaced. Raises BinaryFile for what holds NUL characters or is
    mostly control characters, InvalidUTF8 for any other bytes.
    """
    if raw.startswith(_UTF16_MARKS):
        return _decode_utf16(raw)
    if b"\x00" in raw:
        raise BinaryFile()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if _mostly_control(raw[:_SAMPLE].decode("latin-1")):
            raise BinaryFile() from None
        raise InvalidUTF8(
            f"not valid UTF-8 (byte {error.start + 1}); save the file as UTF-8, "
            "or as UTF-16 with a byte order mark"
        ) from None
    if _mostly_control(text[:_SAMPLE]):
        raise BinaryFile()
    return text


def normalise(text: str) -> str:
    """The source text: Unicode form NFC, lines ended by LF alone."""
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))


def _decode_utf16(raw: bytes) -> str:
    try:
        text = raw.decode("utf-16")
    except UnicodeDecodeError as error:
        raise InvalidUTF8(
            f"begins as UTF-16 but is not valid (byte {error.start + 1}); save the file as UTF-8"
        ) from None
    if "\x00" in text or _mostly_control(text[:_SAMPLE]):
        raise BinaryFile()
    return text


def _mostly_control(text: str) -> bool:
    """Whether more than a tenth are control characters that no text has (ESC is for colours)."""
    return len(_CONTROL.findall(text)) * 10 > len(text)
