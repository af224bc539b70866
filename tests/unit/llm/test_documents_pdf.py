"""PDF becomes its pages' text."""

from __future__ import annotations

import io

import pytest
from pypdf import PdfReader, PdfWriter

from noond.llm.documents.pdf_text import pdf_text
from noond.llm.documents.refusal import RefusedError


def pdf(*pages: str) -> bytes:
    """A PDF with one line of text for each line of each page."""
    font = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"
    numbers = [4 + 2 * index for index in range(len(pages))]
    kids = b" ".join(b"%d 0 R" % number for number in numbers)
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, len(pages)),
        font,
    ]
    for number, page in zip(numbers, pages, strict=True):
        lines = [line.encode("cp1252") for line in page.splitlines()]
        drawn = b"BT /F1 12 Tf 72 720 Td 14 TL " + b"".join(b"(%s) Tj T* " % x for x in lines)
        objects += [
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents %d 0 R"
            b"/Resources<</Font<</F1 3 0 R>>>>>>" % (number + 1),
            b"<</Length %d>>stream\n%s\nendstream" % (len(drawn) + 3, drawn + b" ET"),
        ]
    out = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, content in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<</Size %d/Root 1 0 R>>\n" % (len(objects) + 1)
    return bytes(out + b"startxref\n%d\n%%%%EOF" % table)


def encrypted(raw: bytes, *, user: str, algorithm: str) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(raw)))
    writer.encrypt(user_password=user, owner_password="owner", algorithm=algorithm)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_pages_follow_each_other() -> None:
    raw = pdf("Plan\nCall Ada by Friday", "", "Café für Bob")

    assert pdf_text(raw) == "Plan\nCall Ada by Friday\n\nCafé für Bob"


def test_a_scan_says_that_it_has_no_text() -> None:
    with pytest.raises(RefusedError, match="document_has_no_text"):
        pdf_text(pdf("", ""))


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-128", "AES-256"])
def test_encrypted_files(algorithm: str) -> None:
    raw = pdf("Call Ada")

    assert pdf_text(encrypted(raw, user="", algorithm=algorithm)) == "Call Ada"
    with pytest.raises(RefusedError, match="document_encrypted"):
        pdf_text(encrypted(raw, user="secret", algorithm=algorithm))


def test_a_wrong_cross_reference_table_is_mended() -> None:
    assert pdf_text(pdf("Call Ada").replace(b"startxref\n", b"startxref\n9")) == "Call Ada"
