"""Splits a long text into overlapping chunks, and merges what was found in the overlaps."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from noond.llm.fields import NAMING_FIELD
from noond.llm.quotes import QuoteIndex, normalise_quote
from noond.models.document import Candidate

_OVERLAP = 8
"""A chunk repeats at most this part (1/8) of its size from the end of the one before."""

# Each splits a text completely: what ends a piece belongs to it. All are linear.
_PARAGRAPH_END = re.compile(r"\n(?:[^\S\n]*\n)+")
_LINE_END = re.compile(r"\n")
_SENTENCE_END = re.compile(r"[.!?。！？][\"')\]»”]*\s+|[。！？]")  # noqa: RUF001
_WORD_END = re.compile(r"\s+")
_ENDS = (_PARAGRAPH_END, _LINE_END, _SENTENCE_END, _WORD_END)

_NAMING = {str(table): field for table, field in NAMING_FIELD.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """text[start:start + len(chunk.text)] of the whole."""

    start: int
    text: str

    @property
    def end(self) -> int:
        """The place in the whole text just behind the chunk."""
        return self.start + len(self.text)


def split(text: str, *, size: int = 8000) -> list[Chunk]:
    """The text in chunks of at most `size` characters that leave nothing out.

    Chunks end where paragraphs end; a longer paragraph is cut at lines, a longer line at
    sentences, a longer sentence at words. What ends one chunk is repeated at the start of the
    next as far as it fits into an eighth of the size.
    """
    if len(text) <= size:
        return [Chunk(start=0, text=text)] if text else []
    ends = list(_unit_ends(text, size))
    starts = [0, *ends[:-1]]
    overlap = size // _OVERLAP
    chunks: list[Chunk] = []
    first = last = 0
    while True:
        while last < len(ends) and ends[last] - starts[first] <= size:
            last += 1
        chunks.append(Chunk(start=starts[first], text=text[starts[first] : ends[last - 1]]))
        if last == len(ends):
            return chunks
        room = min(overlap, size - (ends[last] - starts[last]))
        following = last
        while following - 1 > first and starts[last] - starts[following - 1] <= room:
            following -= 1
        first = following


def _unit_ends(text: str, size: int) -> Iterator[int]:
    """Where the units end that a chunk takes whole; each is at most `size` long."""

    def cut(start: int, end: int, level: int) -> Iterator[int]:
        if end - start <= size:
            yield end
        elif level == len(_ENDS):
            # No white space: small pieces, so that neighbouring chunks can share some.
            step = max(size // _OVERLAP, 1)
            yield from range(start + step, end, step)
            yield end
        else:
            begin = start
            for match in _ENDS[level].finditer(text, start, end):
                yield from cut(begin, match.end(), level + 1)
                begin = match.end()
            if begin < end:
                yield from cut(begin, end, level + 1)

    # Paragraphs are the units of the whole text, however short they are.
    begin = 0
    for match in _PARAGRAPH_END.finditer(text):
        yield from cut(begin, match.end(), 1)
        begin = match.end()
    if begin < len(text):
        yield from cut(begin, len(text), 1)


def located(chunk: Chunk, candidates: Sequence[Candidate]) -> list[Candidate]:
    """The candidates of a chunk with the places of their quotes in the whole text.

    The n-th candidate with one quote gets its n-th occurrence in the chunk, the last of them if
    there are fewer. A quote that is not there leaves `start` None.
    """
    index = QuoteIndex(chunk.text)
    sought: dict[str, int] = {}
    placed = []
    for candidate in candidates:
        quote = normalise_quote(candidate.quote)
        last = sought.get(quote, -1)
        span = index.find(quote, last + 1)
        if span is not None:
            last = sought[quote] = span.start
        placed.append(replace(candidate, start=chunk.start + last if last >= 0 else None))
    return placed


def merge(found: Sequence[Sequence[Candidate]]) -> list[Candidate]:
    """The located candidates of successive chunks, those that two chunks found taken once.

    Candidates of two chunks are the same when they have table and quote in common at one place
    (each chunk may have found several such: the larger number stays), or table and title while
    their quotes overlap.
    """
    merged: list[Candidate] = []
    taken: Counter[tuple[str, int, str]] = Counter()
    titled: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for candidates in found:
        here: Counter[tuple[str, int, str]] = Counter()
        new: list[tuple[tuple[str, str], tuple[int, int]]] = []
        for candidate in candidates:
            if candidate.start is None:
                merged.append(candidate)
                continue
            key = (candidate.table, candidate.start, normalise_quote(candidate.quote))
            span = (candidate.start, candidate.start + len(candidate.quote))
            title = (candidate.table, _title(candidate))
            here[key] += 1
            if here[key] <= taken[key]:
                continue
            if title[1] and any(
                start < span[1] and span[0] < end for start, end in titled.get(title, ())
            ):
                continue
            taken[key] += 1
            new.append((title, span))
            merged.append(candidate)
        # Only now: within one chunk nothing is taken for a repetition.
        for title, span in new:
            titled.setdefault(title, []).append(span)
    return merged


def _title(candidate: Candidate) -> str:
    value = candidate.data.get(_NAMING.get(candidate.table, ""))
    return normalise_quote(value).casefold() if isinstance(value, str) else ""
