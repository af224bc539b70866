from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from noond.llm.chunks import Chunk, located, merge, split
from noond.models.document import Candidate

_PARAGRAPHS = re.compile(r".+?(?:\n\s*\n|\Z)", re.DOTALL)
_TEXT = st.lists(
    st.sampled_from(
        [
            "word ",
            "Sentence one. ",
            "line\n",
            "\n\n",
            "\n \n",
            "x" * 37,
            "日本。",
            "\t",
            "- [ ] a\n",
        ]
    ),
    max_size=120,
).map("".join)


@settings(deadline=None)
@given(_TEXT, st.integers(1, 400))
@example("x" * 1000, 16)
@example(" " * 1000, 16)
def test_chunks_leave_nothing_out(text: str, size: int) -> None:
    chunks = split(text, size=size)
    reached = 0
    for chunk in chunks:
        assert 0 < len(chunk.text) <= size
        assert text[chunk.start : chunk.end] == chunk.text
        assert chunk.start <= reached < chunk.end
        reached = chunk.end
    assert reached == len(text)


@settings(deadline=None)
@given(_TEXT, st.integers(40, 400))
def test_a_paragraph_that_fits_is_whole_in_one_chunk(text: str, size: int) -> None:
    chunks = split(text, size=size)
    for match in _PARAGRAPHS.finditer(text):
        paragraph = match[0].strip()
        if paragraph and len(match[0]) <= size:
            assert any(paragraph in chunk.text for chunk in chunks)


def test_a_short_text_is_one_chunk_and_an_empty_one_none() -> None:
    assert split("abc", size=3) == [Chunk(start=0, text="abc")]
    assert split("", size=3) == []


def test_the_end_of_a_chunk_is_repeated_at_a_paragraph() -> None:
    paragraphs = [f"Paragraph {number} " + "x" * 80 for number in range(30)]
    chunks = split("\n\n".join(paragraphs), size=1000)
    assert len(chunks) > 2
    for before, after in pairwise(chunks):
        assert after.start < before.end
        assert after.text.startswith("Paragraph")


def test_a_long_paragraph_is_cut_at_its_lines_and_sentences() -> None:
    lines = "\n".join(f"- line {number} of the list" for number in range(60))
    assert all(chunk.text.startswith("- line") for chunk in split(lines, size=300))
    sentences = " ".join(f"Sentence {number} ends here." for number in range(60))
    assert all(chunk.text.startswith("Sentence") for chunk in split(sentences, size=300))


_LINES = st.lists(
    st.one_of(
        st.integers(0, 30).map(lambda n: f"TODO item {n}"),
        st.just(""),
        st.integers(1, 60).map(lambda n: "prose " * n),
    ),
    max_size=80,
)


def _read(text: str) -> list[Candidate]:
    """A perfect extractor: each line that begins with TODO is a task."""
    return [
        Candidate(table="tasks", data={"title": line}, quote=line)
        for line in text.split("\n")
        if line.startswith("TODO")
    ]


@settings(deadline=None)
@given(_LINES, st.integers(400, 900))
def test_chunk_borders_lose_nothing_and_double_nothing(lines: list[str], size: int) -> None:
    text = "\n".join(lines)
    whole = [
        (match.start(), match[0]) for match in re.finditer(r"^TODO item \d+$", text, re.MULTILINE)
    ]
    chunks = split(text, size=size)
    merged = merge([located(chunk, _read(chunk.text)) for chunk in chunks])
    assert sorted((candidate.start, candidate.quote) for candidate in merged) == whole


def _found(start: int | None, quote: str, title: str) -> Candidate:
    return Candidate(table="tasks", data={"title": title}, quote=quote, start=start)


@pytest.mark.parametrize(
    ("first", "second", "left"),
    [
        # Worded otherwise by the second chunk: the same passage is the same record.
        ([_found(5, "Ana sends it", "Send it")], [_found(5, "Ana sends it", "Sends")], 1),
        # Two records stand in one passage; the second chunk found one or both of them.
        ([_found(5, "A and B", "A"), _found(5, "A and B", "B")], [_found(5, "A and B", "B")], 2),
        ([_found(5, "A and B", "A")], [_found(5, "A and B", "A"), _found(5, "A and B", "B")], 2),
        # Quoted at other lengths.
        ([_found(5, "Ana sends it", "Send")], [_found(9, "sends it", "send")], 1),
        ([_found(5, "Ana sends it", "Send")], [_found(9, "sends it", "Call")], 2),
        # The same words elsewhere are another record.
        ([_found(5, "call Bob", "Call Bob")], [_found(90, "call Bob", "Call Bob")], 2),
        # A quote that was not found is for the gate to refuse.
        ([_found(None, "?", "a")], [_found(None, "?", "a")], 2),
    ],
)
def test_what_two_chunks_found_is_taken_once(
    first: list[Candidate], second: list[Candidate], left: int
) -> None:
    assert len(merge([first, second])) == left


def test_equal_quotes_get_their_occurrences_in_order() -> None:
    chunk = Chunk(start=100, text="call Bob\ncall  Bob\nend")
    placed = located(chunk, [_found(None, "call Bob", str(number)) for number in range(3)])
    assert [candidate.start for candidate in placed] == [100, 109, 109]
    assert located(chunk, [_found(None, "call Eve", "x")])[0].start is None
