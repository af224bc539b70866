"""A text from which recognised parts are cut, while places in it stay countable."""

from __future__ import annotations

import re

_CUTS = re.compile(r"\s*\x00[\s\x00]*")


class Scratch:
    """Starts as a text; `cut` blanks a part, `left` is what nobody recognised."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._characters = list(text.replace("\x00", " "))
        self._left: str | None = None

    @property
    def left(self) -> str:
        """The text with the cut parts as NULs, character for character."""
        if self._left is None:
            self._left = "".join(self._characters)
        return self._left

    def cut(self, start: int, end: int) -> None:
        """Blank text[start:end]."""
        self._characters[start:end] = "\x00" * (min(end, len(self.text)) - start)
        self._left = None

    def cut_around(self, start: int, end: int, kept_start: int, kept_end: int) -> None:
        """Blank text[start:end] but for text[kept_start:kept_end]."""
        self.cut(start, kept_start)
        self.cut(kept_end, end)

    def is_cut(self, start: int, end: int) -> bool:
        """Whether any of text[start:end] is blanked."""
        return "\x00" in self._characters[start:end]

    def before(self, position: int) -> str:
        """What is left before a position, cut parts as spaces."""
        return self.left[:position].replace("\x00", " ")

    def after(self, position: int) -> str:
        """What is left after a position, cut parts as spaces."""
        return self.left[position:].replace("\x00", " ")

    def rest(self) -> str:
        """What is left, each cut part as one space."""
        return _CUTS.sub(" ", self.left)
