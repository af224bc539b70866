"""Text that is what it looks like: nothing invisible, nothing that turns the writing around."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

_ALSO_INVISIBLE = (
    *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0),  # joiners, fillers, blanks
    *(*range(0x180B, 0x1810), *range(0xFE00, 0xFE10)),  # variations
    *(0x2065, *range(0xFFF0, 0xFFF9), *range(0xE0000, 0xE1000)),  # tags, and reserved to be unseen
)
# Unicode's characters of these classes lie in these blocks; walking all planes takes 0.2 s.
_BLOCKS = (
    range(0x3000),
    range(0xD800, 0xE000),
    range(0xFE00, 0x10000),
    range(0x11000, 0x11100),
    range(0x13400, 0x13500),
    range(0x1BC00, 0x1BD00),
    range(0x1D100, 0x1D200),
)
_CLASSES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_KEPT = frozenset("\t\n\r\x0b\x0c\x1c\x1d\x1e\x1f\x85\u2028\u2029")
"""White space among them: it becomes a space or a line's end."""

INVISIBLE: frozenset[str] = frozenset(
    character
    for block in _BLOCKS
    for character in map(chr, block)
    if unicodedata.category(character) in _CLASSES and character not in _KEPT
) | frozenset(map(chr, _ALSO_INVISIBLE))
"""Control, zero-width, direction, tag and variation characters, and halves of surrogate pairs."""

_REMOVED = dict.fromkeys(map(ord, INVISIBLE)) | {0x1F: " "}
_LINE_END = re.compile(r"\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_SPACE = re.compile(r"\s+")
_GAP = re.compile(r"\n(?:[ \t]*\n){3,}")
_MARKS_KEPT = 6
"""No writing puts more marks on a letter; a flood of them covers the lines around it."""


def without_invisible(text: str) -> str:
    """The text as it is read: invisible characters gone, every line ended by LF.

    Of the marks on one letter the first six are kept.
    """
    if text.isascii() and text.isprintable():
        return text
    return without_marks(_LINE_END.sub("\n", text.translate(_REMOVED)), kept=_MARKS_KEPT)


def without_marks(text: str, *, kept: int) -> str:
    """The text with at most so many combining marks in a row."""
    return text if text.isascii() else _marks_beyond(kept).sub(r"\1", text)


@cache
def _marks_beyond(kept: int) -> re.Pattern[str]:
    # Those of the basic plane: with others the pattern is a hundred times slower, and few fonts
    # draw them.
    marks = "".join(
        character
        for character in map(chr, range(0x300, 0x10000))
        if unicodedata.category(character).startswith("M")
    )
    return re.compile(f"([{marks}]{{{kept}}})[{marks}]+")


def one_line(text: str, limit: int) -> str:
    """Visible text on one line, white space collapsed, at most `limit` characters."""
    return shorten(_SPACE.sub(" ", without_invisible(text)).strip(), limit)


def lines(text: str, limit: int) -> str:
    """Visible text whose lines are kept, at most two empty ones in a row and `limit` characters."""
    return shorten(_GAP.sub("\n\n\n", without_invisible(text)).strip(), limit)


def shorten(text: str, limit: int) -> str:
    """The text, or as much of it as fits with an ellipsis."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
