"""Word documents become what a person sees of them."""

from __future__ import annotations

import io
import zipfile

import pytest

from noond.llm.documents.docx_text import docx_text
from noond.llm.documents.refusal import RefusedError

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
W14 = "http://schemas.microsoft.com/office/word/2010/wordml"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def docx(body: str, *, styles: str = "", numbering: str = "", head: str = "") -> bytes:
    parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/'
        'content-types"><Default Extension="xml" ContentType="application/xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="r1" '
        f'Type="{OFFICE}/officeDocument" Target="word/document.xml"/></Relationships>',
        "word/document.xml": f'{head}<w:document xmlns:w="{W}" xmlns:w14="{W14}"><w:body>{body}'
        "</w:body></w:document>",
        "word/styles.xml": f'<w:styles xmlns:w="{W}">{styles}</w:styles>',
        "word/numbering.xml": f'<w:numbering xmlns:w="{W}">{numbering}</w:numbering>',
        "word/media/image1.png": "not a picture",
    }
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return package.getvalue()


def run(text: str, properties: str = "") -> str:
    return f"<w:r><w:rPr>{properties}</w:rPr><w:t xml:space='preserve'>{text}</w:t></w:r>"


def paragraph(content: str, properties: str = "") -> str:
    return f'<w:p w:rsidR="00A1"><w:pPr>{properties}</w:pPr>{content}</w:p>'


def test_paragraphs_headings_and_formatting() -> None:
    styles = '<w:style w:type="paragraph" w:styleId="H1"><w:name w:val="heading 1"/></w:style>'
    body = (
        paragraph(run("Plan"), '<w:pStyle w:val="H1"/>')
        + paragraph(run("Call ", "<w:b/><w:color w:val='FF0000'/>") + run("Ada", "<w:i/>"))
        + paragraph(run("Call Bob", "<w:strike/>"))
    )

    assert docx_text(docx(body, styles=styles)) == "# Plan\n\nCall Ada\n\n~~Call Bob~~"


def test_lists_keep_their_levels() -> None:
    levels = "".join(
        f'<w:lvl w:ilvl="{level}"><w:numFmt w:val="{kind}"/></w:lvl>'
        for level, kind in enumerate(["bullet", "decimal"])
    )
    numbering = (
        f'<w:abstractNum w:abstractNumId="1">{levels}</w:abstractNum>'
        '<w:num w:numId="7"><w:abstractNumId w:val="1"/></w:num>'
    )
    body = "".join(
        paragraph(run(text), f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="7"/></w:numPr>')
        for text, level in [("Ada", 0), ("call", 1), ("write", 1), ("Bob", 0)]
    )
    relations = docx(body, numbering=numbering)
    with zipfile.ZipFile(whole := io.BytesIO(relations), "a") as archive:
        archive.writestr(
            "word/_rels/document.xml.rels",
            f'<Relationships xmlns="{PACKAGE}"><Relationship Id="r1" Type="{OFFICE}/numbering" '
            'Target="numbering.xml"/></Relationships>',
        )

    lines = docx_text(whole.getvalue()).splitlines()

    assert [line.strip() for line in lines] == ["- Ada", "1. call", "2. write", "- Bob"]
    assert len(lines[1]) - len(lines[1].lstrip()) >= 2


def test_tables_are_markdown() -> None:
    def row(*cells: str) -> str:
        return "<w:tr>" + "".join(f"<w:tc>{paragraph(run(c))}</w:tc>" for c in cells) + "</w:tr>"

    table = f"<w:tbl>{row('Task', 'Owner')}{row('Call Ada', 'Bob')}</w:tbl>"

    assert docx_text(docx(table)) == "| Task | Owner |\n| --- | --- |\n| Call Ada | Bob |"


def test_check_boxes() -> None:
    def box(state: str, sign: str) -> str:
        return (
            f'<w:sdt><w:sdtPr><w14:checkbox><w14:checked w14:val="{state}"/></w14:checkbox>'
            f"</w:sdtPr><w:sdtContent>{run(sign)}</w:sdtContent></w:sdt>"
        )

    body = paragraph(box("1", "☒") + run(" Call Ada")) + paragraph(box("0", "☐") + run(" Ring Bob"))

    assert docx_text(docx(body)) == "[x] Call Ada\n\n[ ] Ring Bob"


@pytest.mark.parametrize(
    "hidden",
    [
        run("HIDDEN", "<w:vanish/>"),
        run("HIDDEN", '<w:vanish w:val="true"/>'),
        run("HIDDEN", '<w:rStyle w:val="Based"/>'),
        run("HIDDEN", '<w:color w:val="ffffff"/>'),
        run("HIDDEN", '<w:sz w:val="2"/>'),
        f"<w:del>{run('HIDDEN').replace('w:t', 'w:delText')}</w:del>",
    ],
)
def test_what_nobody_sees_is_left_out(hidden: str) -> None:
    styles = (
        '<w:style w:type="character" w:styleId="Ghost"><w:rPr><w:vanish/></w:rPr></w:style>'
        '<w:style w:type="character" w:styleId="Based"><w:basedOn w:val="Ghost"/></w:style>'
        '<w:style w:type="character" w:styleId="Loop"><w:basedOn w:val="Loop"/></w:style>'
    )

    text = docx_text(docx(paragraph(run("before ") + hidden + run("after")), styles=styles))

    assert text.split() == ["before", "after"]


@pytest.mark.parametrize(
    "seen",
    [
        run("SEEN", '<w:vanish w:val="0"/><w:rStyle w:val="Ghost"/>'),
        run("SEEN", '<w:color w:val="FFFFFF"/><w:highlight w:val="black"/>'),
        run("SEEN", '<w:sz w:val="20"/>'),
        f"<w:ins>{run('SEEN')}</w:ins>",
    ],
)
def test_what_a_person_sees_is_kept(seen: str) -> None:
    styles = '<w:style w:type="character" w:styleId="Ghost"><w:rPr><w:vanish/></w:rPr></w:style>'

    assert docx_text(docx(paragraph(seen), styles=styles)) == "SEEN"


def test_a_document_type_is_refused() -> None:
    raw = docx(paragraph(run("&e;")), head='<!DOCTYPE d [<!ENTITY e "ha">]>')

    with pytest.raises(RefusedError, match="document_damaged"):
        docx_text(raw)


def test_a_document_with_a_password_says_so() -> None:
    compound_file = bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 600

    with pytest.raises(RefusedError, match="document_encrypted"):
        docx_text(compound_file + "EncryptedPackage".encode("utf-16-le"))
    with pytest.raises(RefusedError, match="document_damaged"):
        docx_text(compound_file)
