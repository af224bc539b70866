from __future__ import annotations

import codecs
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noond.errors import BinaryFile, DocumentError, InvalidUTF8
from noond.llm.source import decode, normalise


@pytest.mark.parametrize(
    "raw",
    [
        "Grüße, Ana".encode(),
        codecs.BOM_UTF8 + "Grüße, Ana".encode(),
        codecs.BOM_UTF16_LE + "Grüße, Ana".encode("utf-16-le"),
        codecs.BOM_UTF16_BE + "Grüße, Ana".encode("utf-16-be"),
    ],
)
def test_each_encoding_gives_the_same_text(raw: bytes) -> None:
    assert decode(raw) == "Grüße, Ana"


def test_an_empty_file_is_an_empty_text() -> None:
    assert decode(b"") == ""


@pytest.mark.parametrize(
    "raw",
    [
        b"%PDF-1.7\n\x00\x01\x02",
        b"\x89PNG\r\n\x1a\n\x00\x00",
        bytes([1, 2, 3, 4, 5]) * 10,
        bytes([0xFF, 1, 2, 3, 4, 5]) * 10,
        codecs.BOM_UTF16_LE + "a\x00b".encode("utf-16-le"),
    ],
)
def test_binary_is_refused_with_advice(raw: bytes) -> None:
    with pytest.raises(BinaryFile, match=r"is binary.*extensions") as caught:
        decode(raw)
    assert caught.value.code == "binary_file"


@pytest.mark.parametrize(
    "raw",
    ["Grüße".encode("latin-1"), b"ok \xc3", codecs.BOM_UTF16_LE + b"a"],
)
def test_no_encoding_is_guessed(raw: bytes) -> None:
    with pytest.raises(InvalidUTF8, match=r"save the file as UTF-8") as caught:
        decode(raw)
    assert caught.value.code == "invalid_utf8"


def test_colours_of_a_terminal_do_not_make_a_file_binary() -> None:
    assert "\x1b[31m" in decode(b"\x1b[31mred\x1b[0m and more")


def test_normal_form_is_composed_with_lf() -> None:
    assert normalise("Cafe\u0301\r\nx\ry\n") == "Café\nx\ny\n"


@settings(deadline=None)
@given(st.binary())
def test_any_bytes_become_text_or_a_document_error(raw: bytes) -> None:
    with suppress(DocumentError):
        text = normalise(decode(raw))
        assert "\x00" not in text
        assert "\r" not in text
        assert normalise(text) == text
