"""Text of several lines from elsewhere, made inert; on a terminal wrapped as it comes."""

from __future__ import annotations

import re
import shutil
from typing import Final

import click

from noond.inert import inert

_PARTS: Final = re.compile(r"\n|[ \t]+|[^ \t\n]+")
_WIDEST: Final = 100


def inert_lines(text: str) -> str:
    """The text with its line breaks, and everything else that is harmful spelled out."""
    return "\n".join(inert(line) for line in text.replace("\r\n", "\n").split("\n"))


def terminal_width() -> int:
    """The columns that text is wrapped to."""
    return min(shutil.get_terminal_size().columns, _WIDEST)


class FlowingText:
    """Prints pieces of a text on a terminal, wrapped at words.

    The last word of a piece waits until it is known to be whole.
    """

    def __init__(self) -> None:
        self._width = terminal_width()
        self._column = 0
        self._gap = ""
        self._word = ""
        self._swallows = True

    def write(self, text: str) -> None:
        """The next piece."""
        for part in _PARTS.findall(text):
            if part == "\n":
                self._end_line()
            elif part[0] in " \t":
                self._print_word()
                self._gap += part.expandtabs(4)
            else:
                self._word += part
                if len(self._word) >= self._width:
                    self._print_word()

    def fresh_line(self) -> None:
        """Print what waits, and begin a line; empty ones that follow are left out."""
        self._print_word()
        if self._column:
            click.echo()
        self._column, self._gap, self._swallows = 0, "", True

    def _end_line(self) -> None:
        self._word = self._word.removesuffix("\r")
        self._print_word()
        if self._column or not self._swallows:
            click.echo()
        self._column, self._gap = 0, ""

    def _print_word(self) -> None:
        if not self._word:
            return
        from rich.cells import cell_len

        word = inert(self._word)
        needed = cell_len(word)
        if self._column and self._column + len(self._gap) + needed > self._width:
            click.echo()
            self._column, self._gap = 0, ""
        click.echo(self._gap + word, nl=False)
        self._column += len(self._gap) + needed
        self._gap = self._word = ""
        self._swallows = False
