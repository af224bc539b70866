"""Documents made to exhaust their reader: each is refused within the limits, and none is left."""

from __future__ import annotations

import io
import time
import zipfile
import zlib
from collections.abc import AsyncIterator, Callable

import pytest

from noond.errors import DocumentError
from noond.llm.documents.converter import ConversionLimits, DocumentConverter
from noond.llm.documents.refusal import DAMAGED, NO_TEXT, TOO_LARGE, TOO_SLOW

WORD = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


@pytest.fixture
async def converter() -> AsyncIterator[DocumentConverter]:
    converter = DocumentConverter()
    yield converter
    await converter.close()


def docx(document: bytes, *, times: int = 1, extra_parts: int = 0) -> bytes:
    """A package whose document part is `document` written `times` times."""
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{RELATIONS}"><Relationship Id="r1" '
            f'Type="{OFFICE}/officeDocument" Target="word/document.xml"/></Relationships>',
        )
        with archive.open("word/document.xml", "w", force_zip64=True) as part:
            for _ in range(times):
                part.write(document)
        for number in range(extra_parts):
            archive.writestr(zipfile.ZipInfo(f"word/{number}.xml"), b"<a/>")
    return package.getvalue()


def body(content: str) -> bytes:
    return f"<w:document {WORD}><w:body>{content}</w:body></w:document>".encode()


def pdf(*objects: bytes, trailer: bytes = b"") -> bytes:
    """A PDF of these objects, numbered from 1; the first is the catalog."""
    out = bytearray(b"%PDF-1.7\n")
    offsets = []
    for number, content in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<</Size %d /Root 1 0 R %s>>\n" % (len(objects) + 1, trailer)
    return bytes(out + b"startxref\n%d\n%%%%EOF" % table)


def stream(content: bytes, dictionary: bytes = b"") -> bytes:
    return b"<<%s/Length %d>>stream\n%s\nendstream" % (dictionary, len(content), content)


def one_page(content: bytes, *more: bytes, resources: bytes = b"") -> bytes:
    font = b"/Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>"
    page = b"<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<<%s%s>>>>" % (font, resources)
    catalog = b"<</Type/Catalog/Pages 2 0 R>>"
    return pdf(catalog, b"<</Type/Pages/Kids[3 0 R]/Count 1>>", page, content, *more)


def deflated(size: int) -> bytes:
    press = zlib.compressobj(9)
    block = b" " * 1_000_000
    return b"".join(press.compress(block) for _ in range(size // len(block))) + press.flush()


def deep_page_tree() -> bytes:
    nodes = [b"<</Type/Pages/Kids[%d 0 R]/Count 1>>" % (number + 3) for number in range(20_000)]
    return pdf(b"<</Type/Catalog/Pages 2 0 R>>", *nodes, b"<</Type/Page>>")


def spreading_page_tree() -> bytes:
    nodes = [
        b"<</Type/Pages/Kids[%s]/Count 9>>" % (b"%d 0 R " % (number + 3) * 10)
        for number in range(12)
    ]
    return pdf(b"<</Type/Catalog/Pages 2 0 R>>", *nodes, b"<</Type/Page>>")


def page_tree_loop() -> bytes:
    return pdf(b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[2 0 R 2 0 R]/Count 2>>")


def form_loop() -> bytes:
    form = stream(b"/X Do /X Do", b"/Type/XObject/Subtype/Form/Resources<</XObject<</X 5 0 R>>>>")
    return one_page(stream(b"/X Do"), form, resources=b"/XObject<</X 5 0 R>>")


def length_loop() -> bytes:
    return one_page(b"<</Length 4 0 R>>stream\nBT (x) Tj ET\nendstream")


def flate_bomb() -> bytes:
    return one_page(stream(deflated(1_000_000_000), b"/Filter/FlateDecode"))


def double_flate_bomb() -> bytes:
    inner = zlib.compress(deflated(2_000_000_000), 9)
    return one_page(stream(inner, b"/Filter[/FlateDecode/FlateDecode]"))


def endless_operators() -> bytes:
    drawing = zlib.compress(b"BT /F1 9 Tf " + b"(a) Tj 1 0 0 1 0 0 Tm " * 3_000_000, 1)
    return one_page(stream(drawing, b"/Filter/FlateDecode"))


def laughs() -> bytes:
    entities = ['<!ENTITY l0 "ha">']
    entities += [f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12)]
    text = f"<!DOCTYPE d [{''.join(entities)}]><w:document {WORD}><w:body><w:p><w:r><w:t>&l11;"
    return docx(f"{text}</w:t></w:r></w:p></w:body></w:document>".encode())


def outer_entity() -> bytes:
    text = f'<!DOCTYPE d [<!ENTITY f SYSTEM "file:///etc/passwd">]><w:document {WORD}><w:body>'
    return docx(f"{text}<w:p><w:r><w:t>&f;</w:t></w:r></w:p></w:body></w:document>".encode())


def many_paragraphs() -> bytes:
    return docx(body("<w:p><w:r><w:t>Call Ada</w:t></w:r></w:p>" * 600_000))


BOMBS: dict[str, tuple[str, Callable[[], bytes], set[str]]] = {
    "docx: huge part": (".docx", lambda: docx(b" " * 4_000_000, times=250), {TOO_LARGE}),
    "docx: many parts": (".docx", lambda: docx(body(""), extra_parts=20_000), {TOO_LARGE}),
    "docx: many paragraphs": (".docx", many_paragraphs, {TOO_LARGE}),
    "docx: entities within entities": (".docx", laughs, {DAMAGED}),
    "docx: a file as an entity": (".docx", outer_entity, {DAMAGED}),
    "docx: deep": (".docx", lambda: docx(body("<w:p>" * 500_000)), {DAMAGED}),
    "pdf: flate": (".pdf", flate_bomb, {TOO_LARGE}),
    "pdf: flate twice": (".pdf", double_flate_bomb, {TOO_LARGE}),
    "pdf: deep page tree": (".pdf", deep_page_tree, {TOO_LARGE, DAMAGED}),
    "pdf: page tree of 10^12 leaves": (".pdf", spreading_page_tree, {TOO_LARGE, TOO_SLOW}),
    "pdf: page tree in a loop": (".pdf", page_tree_loop, {DAMAGED, NO_TEXT}),
    "pdf: form that draws itself": (".pdf", form_loop, {TOO_LARGE, NO_TEXT}),
    "pdf: stream as its own length": (".pdf", length_loop, {TOO_LARGE, DAMAGED}),
    "pdf: endless operators": (".pdf", endless_operators, {TOO_LARGE, TOO_SLOW}),
    "html: deep": (".html", lambda: b"<div>" * 1_000_000, {DAMAGED}),
    "html: deep inline": (".htm", lambda: b"<b>" * 1_000_000 + b"x", {DAMAGED}),
    "html: endless text": (".html", lambda: b"<p>" + b"Call Ada. " * 1_600_000, {TOO_LARGE}),
    "html: many elements": (".html", lambda: b"<p>a" * 4_000_000, {TOO_LARGE, TOO_SLOW}),
    "html: many cells": (".html", lambda: b"<table>" + b"<tr><td><hr>" * 900_000, {TOO_LARGE}),
}


async def test_harmless_documents_built_the_same_way_are_read(converter: DocumentConverter) -> None:
    document = docx(body("<w:p><w:r><w:t>Call Ada</w:t></w:r></w:p>"), extra_parts=3)
    drawing = zlib.compress(b"BT /F1 9 Tf (Call Ada) Tj ET")
    file = one_page(stream(drawing, b"/Filter/FlateDecode"))

    assert await converter.text(document, path="plan.docx") == "Call Ada"
    assert await converter.text(file, path="plan.pdf") == "Call Ada"


@pytest.mark.parametrize("name", BOMBS)
async def test_a_bomb_is_refused_within_its_limits(converter: DocumentConverter, name: str) -> None:
    extension, build, codes = BOMBS[name]
    raw = build()
    assert len(raw) <= 16_777_216
    begun = time.monotonic()

    with pytest.raises(DocumentError) as refusal:
        await converter.text(raw, path="bomb" + extension)

    assert refusal.value.code in codes
    assert time.monotonic() - begun < 11


async def test_a_document_that_takes_too_long_is_given_up() -> None:
    converter = DocumentConverter(limits=ConversionLimits(seconds=1))
    attributes = b" ".join(b"a%d=1" % number for number in range(300_000))

    with pytest.raises(DocumentError) as refusal:
        await converter.text(b"<p " + attributes + b">Call Ada</p>", path="slow.html")

    assert refusal.value.code == TOO_SLOW
    await converter.close()


async def test_a_huge_attribute_does_no_harm(converter: DocumentConverter) -> None:
    page = b'<p title="' + b"x" * 9_000_000 + b'">Call Ada</p>'

    assert await converter.text(page, path="page.html") == "Call Ada"
