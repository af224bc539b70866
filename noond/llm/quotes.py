"""Finds a quote in its source: white space collapsed, typographic quotes and dashes mapped."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Final, NamedTuple

from noond.llm.plain import INVISIBLE

_SPACES: Final = "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + (
    "".join(map(chr, range(0x2000, 0x200B)))
)
_PLAIN = (
    dict.fromkeys(map(ord, INVISIBLE), "\x00")
    | dict.fromkeys(map(ord, _SPACES), " ")
    | dict.fromkeys(map(ord, "“”„‟«»‹›″"), '"')  # noqa: RUF001 - what is mapped
    | dict.fromkeys(map(ord, "‘’‚‛′`´"), "'")  # noqa: RUF001
    | dict.fromkeys(map(ord, "‐‑‒–—―−"), "-")  # noqa: RUF001
)
"""Each character stands for one, so that places in the text stay countable."""

_INNER_LIMIT = 1000
"""Occurrences within longer words that are passed over before the quote is taken as it comes."""

_RUN = re.compile(r"[ \x00]{2,}|\x00")


class Span(NamedTuple):
    """text[start:end], in characters."""

    start: int
    end: int


def normalise_quote(quote: str) -> str:
    """The form in which two quotes are compared."""
    return _RUN.sub(_collapse, quote.translate(_PLAIN)).strip()


def _collapse(run: re.Match[str]) -> str:
    return " " if " " in run[0] else ""


class QuoteIndex:
    """A source text prepared once, in which quotes are then found."""

    def __init__(self, text: str) -> None:
        mapped = text.translate(_PLAIN)
        pieces: list[str] = []
        # Where the i-th run of white space ends: in the text, and normalised.
        self._ends = [0]
        self._places = [0]
        length = end = 0
        for run in _RUN.finditer(mapped):
            kept = _collapse(run)
            pieces += (mapped[end : run.start()], kept)
            length += run.start() - end + len(kept)
            end = run.end()
            self._ends.append(end)
            self._places.append(length)
        pieces.append(mapped[end:])
        self._text = "".join(pieces)

    def find(self, quote: str, after: int = 0) -> Span | None:
        """The first span at or after the place `after` that reads as the normalised quote.

        Passages that are part of a longer word ("item 1" in "item 10") count only if the quote
        stands nowhere by itself.
        """
        if not quote:
            return None
        place = self._place_of(after)
        first = self._text.find(quote, place)
        if first < 0:
            return None
        start = self._by_itself(quote, first)
        if start >= 0:
            return self._span(quote, start)
        return self._span(quote, first) if self._by_itself(quote, 0) < 0 else None

    def at(self, quote: str, start: int) -> Span | None:
        """The span of the normalised quote if it starts at `start`, white space skipped."""
        place = self._place_of(start)
        while self._text.startswith(" ", place):
            place += 1
        if not quote or not self._text.startswith(quote, place):
            return None
        return self._span(quote, place)

    def _by_itself(self, quote: str, place: int) -> int:
        """Where the quote stands between the ends of words; -1 for nowhere."""
        start = self._text.find(quote, place)
        for _ in range(_INNER_LIMIT):
            if start < 0:
                break
            end = start + len(quote)
            if not (
                (quote[0].isalnum() and self._text[max(start - 1, 0) : start].isalnum())
                or (quote[-1].isalnum() and self._text[end : end + 1].isalnum())
            ):
                return start
            start = self._text.find(quote, start + 1)
        return -1

    def _span(self, quote: str, place: int) -> Span:
        return Span(self._source_of(place), self._source_of(place + len(quote) - 1) + 1)

    def _source_of(self, place: int) -> int:
        run = bisect_right(self._places, place) - 1
        return self._ends[run] + place - self._places[run]

    def _place_of(self, source: int) -> int:
        run = bisect_right(self._ends, max(source, 0)) - 1
        place = self._places[run] + max(source, 0) - self._ends[run]
        # A place inside the next run counts as that run's end.
        return min(place, self._places[run + 1]) if run + 1 < len(self._places) else place
