from __future__ import annotations

import sys
import unicodedata

import pytest

from noond.llm.plain import INVISIBLE, lines, one_line, without_invisible


def test_no_character_of_the_invisible_classes_is_missed() -> None:
    kept = {
        character
        for character in map(chr, range(sys.maxunicode + 1))
        if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"}
    } - INVISIBLE
    assert all(character.isspace() for character in kept)


@pytest.mark.parametrize(
    ("given", "seen"),
    [
        ("pay\u202etxt.exe", "paytxt.exe"),
        ("a\u200bb\u2060c\ufeffd", "abcd"),
        ("hid\U000e0041\U000e0042den", "hidden"),
        ("\x1b[31mred\x1b[0m", "[31mred[0m"),
        ("half \ud83d emoji", "half  emoji"),
        ("a\u2028b\x85c", "a\nb\nc"),
        ("blank\u3164\u2800", "blank"),
        ("heart\u2764\ufe0f", "heart\u2764"),
    ],
)
def test_what_is_not_seen_is_gone(given: str, seen: str) -> None:
    assert without_invisible(given) == seen


def test_one_line_collapses_and_cuts() -> None:
    assert one_line("  a\n\tb  c ", 10) == "a b c"
    assert one_line("abcdefghij", 5) == "abcd…"


def test_lines_are_kept() -> None:
    assert lines("a\r\n\r\n- b\n", 100) == "a\n\n- b"
