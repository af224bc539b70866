from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noond.llm.quotes import QuoteIndex, Span, normalise_quote

SOURCE = "Notes\n\nAna  sends\n the “contract” — by Friday.\nBob’s reply: don’t wait."  # noqa: RUF001


@pytest.mark.parametrize(
    ("quote", "found"),
    [
        ("Ana sends the", "Ana  sends\n the"),
        ('the "contract" - by Friday', "the “contract” — by Friday"),
        ("Bob's reply: don't wait.", "Bob’s reply: don’t wait."),  # noqa: RUF001
        ("  Notes\tAna ", "Notes\n\nAna"),
    ],
)
def test_a_quote_is_found_in_spite_of_its_typography(quote: str, found: str) -> None:
    span = QuoteIndex(SOURCE).find(normalise_quote(quote))
    assert span is not None
    assert SOURCE[span.start : span.end] == found


@pytest.mark.parametrize("quote", ["ana sends", "Ana sends a", "Friday. Bob's replies", ""])
def test_other_words_are_not_found(quote: str) -> None:
    assert QuoteIndex(SOURCE).find(normalise_quote(quote)) is None


def test_invisible_characters_do_not_hide_a_quote() -> None:
    text = "Pay\u200b the\u202e bill\u00ad now"
    span = QuoteIndex(text).find("Pay the bill now")
    assert span == Span(0, len(text))


def test_occurrences_are_found_one_after_the_other() -> None:
    text = "call Bob\n\ncall   Bob\n\ncall Bob"
    index = QuoteIndex(text)
    starts = []
    after = 0
    while span := index.find("call Bob", after):
        starts.append(span.start)
        after = span.start + 1
    assert starts == [match.start() for match in re.finditer("call", text)]


def test_a_quote_is_not_looked_for_within_longer_words() -> None:
    text = "item 10, item 1, item 12"
    index = QuoteIndex(text)
    assert index.find("item 1") == Span(9, 15)
    assert index.find("item 1", 10) is None
    assert index.find("ite", 3) == Span(9, 12)


def test_a_place_is_checked_with_white_space_skipped() -> None:
    index = QuoteIndex("x  \n call Bob")
    assert index.at("call Bob", 1) == Span(5, 13)
    assert index.at("call Bob", 5) == Span(5, 13)
    assert index.at("call Bob", 6) is None


_TEXT = st.text(alphabet="ab \n\t\u200b\u00a0“”—", max_size=60)


@settings(deadline=None)
@given(_TEXT, st.data())
def test_every_passage_is_found(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    quote = normalise_quote(text[start:end])
    index = QuoteIndex(text)
    span = index.find(quote)
    if not quote:
        assert span is None
        return
    assert span is not None
    # Part of a longer word, it may be found later, where it stands by itself.
    assert span.start <= end or not text[span.start - 1].isalnum()
    assert normalise_quote(text[span.start : span.end]) == quote
    assert not text[span.start].isspace()
    at = index.at(quote, start)
    assert at is not None
    assert normalise_quote(text[at.start : at.end]) == quote


@settings(deadline=None)
@given(_TEXT)
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalise_quote(normalise_quote(text)) == normalise_quote(text)
