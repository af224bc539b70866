"""DOCX to light Markdown: mammoth reads the document, `html_text` lays it out.

Before mammoth sees it the package is rebuilt: only XML parts, without DTDs, pictures, formatting
(most of the size) and text that a person can't see (hidden, white on white, or tiny).
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator

import mammoth
from lxml import etree

from noond.llm.documents.html_text import markup_text
from noond.llm.documents.refusal import DAMAGED, ENCRYPTED, TOO_LARGE, RefusedError

_MOST_PARTS = 2000
_MOST_XML_BYTES = 32 * 1024 * 1024
_UNUSED_FOLDERS = ("docProps/", "customXml/", "word/theme/", "word/glossary/")
_COMPOUND_FILE = bytes.fromhex("d0cf11e0a1b11ae1")
_UNUSED = frozenset(
    {"proofErr", "bookmarkStart", "bookmarkEnd", "lastRenderedPageBreak", "sectPr", "rsids"}
    | {"drawing", "object", "latentStyles", "tblPr", "tblGrid"}
)
_UNUSED_ATTRIBUTES = ("rsid", "paraId", "textId")
_KEPT_OF_RUN = frozenset({"strike", "dstrike"})
_OFF = frozenset({"0", "false", "off"})
_TINY_HALF_POINTS = 2


def docx_text(raw: bytes) -> str:
    """The text of a Word document; headings, lists, check boxes and tables as in Markdown.

    Deleted text of tracked changes and comments are left out. Raises RefusedError.
    """
    if raw.startswith(_COMPOUND_FILE):
        # Word wraps a document with a password in a compound file, [MS-OFFCRYPTO] 2.3.4.4.
        encrypted = "EncryptedPackage".encode("utf-16-le") in raw
        raise RefusedError(ENCRYPTED if encrypted else DAMAGED)
    package = _rebuilt(raw)
    return markup_text(mammoth.convert_to_html(package, include_embedded_style_map=False).value)


def _rebuilt(raw: bytes) -> io.BytesIO:
    parts = dict(_xml_parts(raw))
    hidden_styles = _hidden_styles(parts)
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        for name, root in parts.items():
            _slim(root, hidden_styles)
            archive.writestr(name, etree.tostring(root))
            root.clear()
    package.seek(0)
    return package


def _xml_parts(raw: bytes) -> Iterator[tuple[str, etree._Element]]:
    budget = _MOST_XML_BYTES
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        names = set(archive.namelist())
        if len(names) > _MOST_PARTS:
            raise RefusedError(TOO_LARGE)
        for name in sorted(names):
            if not name.endswith((".xml", ".rels")) or name.startswith(_UNUSED_FOLDERS):
                continue
            if archive.getinfo(name).flag_bits & 1:
                raise RefusedError(ENCRYPTED)
            with archive.open(name) as part:
                content = part.read(budget + 1)
            budget -= len(content)
            if budget < 0:
                raise RefusedError(TOO_LARGE)
            yield name, _parsed(content)


def _parsed(content: bytes) -> etree._Element:
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        if error.code == etree.ErrorTypes.ERR_NO_MEMORY:
            raise MemoryError from error
        raise
    if root.getroottree().docinfo.internalDTD is not None:
        raise RefusedError(DAMAGED)  # Open Packaging forbids DTDs: they are for attacks only.
    return root


def _hidden_styles(parts: dict[str, etree._Element]) -> frozenset[str]:
    """Ids of the styles whose text is hidden, by themselves or by the style they are based on."""
    based_on: dict[str, str] = {}
    hidden: dict[str, bool] = {}
    for name, root in parts.items():
        if not name.endswith("styles.xml"):
            continue
        for style in _children(root, "style"):
            style_id = _attribute(style, "styleId")
            for base in _children(style, "basedOn"):
                based_on[style_id] = _attribute(base, "val")
            for format_ in _children(style, "rPr"):
                if (vanish := _vanish(format_)) is not None:
                    hidden[style_id] = vanish
    found = set()
    for style_id in {*based_on, *hidden}:
        seen: set[str] = set()
        current: str | None = style_id
        while current is not None and current not in hidden and current not in seen:
            seen.add(current)
            current = based_on.get(current)
        if current is not None and hidden.get(current):
            found.add(style_id)
    return frozenset(found)


def _slim(root: etree._Element, hidden_styles: frozenset[str]) -> None:
    for element in list(root.iter(etree.Element)):
        name = etree.QName(element).localname
        if name in _UNUSED or (name == "r" and _is_hidden(element, hidden_styles)):
            _drop(element)
            continue
        for key in list(element.attrib):
            if etree.QName(key).localname.startswith(_UNUSED_ATTRIBUTES):
                del element.attrib[key]
    for format_ in list(root.iter("{*}rPr")):
        for child in list(format_):
            if etree.QName(child).localname not in _KEPT_OF_RUN:
                format_.remove(child)
        if not len(format_):
            _drop(format_)


def _is_hidden(run: etree._Element, hidden_styles: frozenset[str]) -> bool:
    style_ids = []
    for format_ in _children(run, "rPr"):
        if (vanish := _vanish(format_)) is not None:
            return vanish
        sizes = [_attribute(size, "val") for size in _children(format_, "sz")]
        if any(size.isdigit() and int(size[:4]) <= _TINY_HALF_POINTS for size in sizes):
            return True
        colors = [_attribute(color, "val").upper() for color in _children(format_, "color")]
        if "FFFFFF" in colors and not _is_shaded(run):
            return True
        style_ids += [_attribute(style, "val") for style in _children(format_, "rStyle")]
    paragraph = next(run.iterancestors("{*}p"), None)
    if hidden_styles and paragraph is not None:
        for format_ in _children(paragraph, "pPr"):
            style_ids += [_attribute(style, "val") for style in _children(format_, "pStyle")]
    return not hidden_styles.isdisjoint(style_ids)


def _is_shaded(run: etree._Element) -> bool:
    """Whether anything, of the run up to its table or text box, may set a darker ground."""
    for element in (run, *run.iterancestors()):
        if etree.QName(element).localname in {"tbl", "txbxContent"}:
            return True
        for format_ in _children(element, "rPr", "pPr"):
            if next(_children(format_, "shd", "highlight", "pStyle", "rStyle"), None) is not None:
                return True
    return False


def _vanish(format_: etree._Element) -> bool | None:
    for vanish in _children(format_, "vanish"):
        return _attribute(vanish, "val").lower() not in _OFF
    return None


def _children(element: etree._Element, *names: str) -> Iterator[etree._Element]:
    yield from element.iterchildren(*(f"{{*}}{name}" for name in names))


def _attribute(element: etree._Element, name: str) -> str:
    """The attribute in the element's own namespace, which two editions of the format differ in."""
    namespace = etree.QName(element).namespace
    return str(element.get(f"{{{namespace}}}{name}") or "")


def _drop(element: etree._Element) -> None:
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)
