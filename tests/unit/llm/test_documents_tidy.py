"""Whatever a converter gives is brought into one form."""

from __future__ import annotations

import pytest

from noond.llm.documents.worker import tidy


@pytest.mark.parametrize(
    ("text", "tidied"),
    [
        ("e\u0301", "é"),
        ("a\r\nb\rc\u2028d\x0ce", "a\nb\nc\nd\ne"),
        ("a\x00\x07\x1b[31m\x9b\ufeff\xad\udc80b\tc", "a[31mb\tc"),
        ("a \t\n\n\n\n\n  b  ", "a\n\n  b"),
        (" " * 300_000 + "a", " " * 300_000 + "a"),
        ("\n\n", ""),
    ],
)
def test_text_is_tidied(text: str, tidied: str) -> None:
    assert tidy(text) == tidied
