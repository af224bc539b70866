"""Text from elsewhere is inert on a terminal."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noond.inert import inert

ACTING = st.characters(categories=["Cc", "Cs", "Zl", "Zp"]) | st.sampled_from(
    "\x1b\x07\x9b\r\n\u202e\u2066\u200f\u061c\u200b\ufeff\ufff9\U000e0041"
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\tText — 👨\u200d👩\u200d👧 क\u200cष", None),
        ("a\r\nb", "a\\x0d\\x0ab"),
        ("\x1b]0;x\x07\x9b2J", "\\x1b]0;x\\x07\\x9b2J"),
        ("\u202egpj.exe\u2069", "\\u202egpj.exe\\u2069"),
        ("half \ud83d, tag \U000e0041", "half \\ud83d, tag \\U000e0041"),
    ],
)
def test_harmful_characters_are_spelled_out(text: str, shown: str | None) -> None:
    assert inert(text) == (text if shown is None else shown)


@given(st.text(ACTING | st.sampled_from("ab \t")))
def test_inert_text_is_one_printable_line(text: str) -> None:
    made = inert(text)
    assert len(made.splitlines()) <= 1
    assert not {"Cc", "Cs", "Zl", "Zp"} & {unicodedata.category(c) for c in made if c != "\t"}
    assert inert(made) == made
    made.encode()
