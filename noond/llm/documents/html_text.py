"""HTML to light Markdown, of what a person sees in a browser: inscriptis does the layout.

Left out besides scripts and styles: elements hidden by attribute, by their own style or by a rule
of the page's style sheet with a simple selector (`.a`, `#b`, `p`, `p.a`). White text counts as
hidden on a page that sets no background at all. Not noticed: what only outer style sheets, scripts,
combined selectors, backgrounds or overlapping boxes hide.
"""

from __future__ import annotations

import codecs
import re

from inscriptis.css_profiles import CSS_PROFILES
from inscriptis.html_engine import Inscriptis
from inscriptis.html_properties import Display, WhiteSpace
from inscriptis.model.config import ParserConfig
from inscriptis.model.html_element import HtmlElement as Layout
from inscriptis.model.tag import CustomHtmlTagHandlerMapping
from lxml import etree, html

from noond.llm.documents.markdown_table import markdown_table
from noond.llm.documents.refusal import DAMAGED, RefusedError
from noond.llm.documents.visibility import StyleSheet, is_hidden

# fmt: off
_UNSEEN = (
    "script", "style", "template", "noscript", "noframes", "iframe", "object", "embed", "applet",
    "audio", "video", "canvas", "svg", "datalist", "select", "head",
)
# Merged into their surroundings: they do not move text, and inscriptis takes quadratic time over
# many of them.
_INLINE = (
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em",
    "font", "i", "ins", "kbd", "label", "mark", "nobr", "output", "s", "samp", "small", "span",
    "strike", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr",
)
# fmt: on
_SPACE = re.compile(r"[ \t\r\n\f]+")
_CONTROLS = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f]")
_CHARSET = re.compile(
    rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([a-z0-9_:.-]{2,40})""", re.IGNORECASE
)
_XML_ENCODING = re.compile(
    rb"""\A\s*<\?xml[^>]{0,100}encoding\s*=\s*["']([a-z0-9_.-]{2,40})""", re.IGNORECASE
)
# Python also has codecs that no page uses and that take long or are no charsets at all.
_WEB_CODEC = re.compile(r"utf-8|cp\d+|iso8859|koi8|gb|big5|euc|shift_jis|iso2022|mac-|tis")
_CHARSET_WITHIN = 4096

_LAYOUT = {
    **CSS_PROFILES["strict"],
    "ul": Layout(display=Display.block, padding_inline=2),
    "ol": Layout(display=Display.block, padding_inline=3),
    "pre": Layout(
        display=Display.block, whitespace=WhiteSpace.pre, margin_before=1, margin_after=1
    ),
}
_CONFIG = ParserConfig(
    css=_LAYOUT,
    custom_html_tag_handler_mapping=CustomHtmlTagHandlerMapping(
        start_tag_mapping={"ul": lambda state, _: state.li_counter.append("- ")},
        end_tag_mapping={},
    ),
)


def html_text(raw: bytes) -> str:
    """The visible text of a page; headings, lists, check boxes and tables as in Markdown.

    Links are their text only. Raises RefusedError for a page that the parser gave up on.
    """
    return markup_text(decode_page(raw))


def decode_page(raw: bytes) -> str:
    """The characters of a page, by byte order mark, declaration, UTF-8, else windows-1252."""
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if raw.startswith(mark):
            return raw[len(mark) :].decode(encoding, "replace")
    head = raw[:_CHARSET_WITHIN]
    declared = _CHARSET.search(head) or _XML_ENCODING.search(head)
    if declared and (name := _web_codec(declared[1].decode("ascii"))):
        return raw.decode(name, "replace")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def markup_text(markup: str) -> str:
    """As `html_text`, of decoded HTML."""
    tree = _parse(_CONTROLS.sub("", markup))
    if tree is None:
        return ""
    style_sheet = StyleSheet.of(tree, markup)
    etree.strip_elements(tree, *_UNSEEN, with_tail=False)
    for element in list(tree.iter()):
        if element is not tree and is_hidden(element, style_sheet):
            element.drop_tree()
    _mark_up(tree)
    text = Inscriptis(tree, _CONFIG).get_text()
    return str(text).strip("\n")


def _web_codec(label: str) -> str | None:
    """Python's name of a page's charset; as browsers do, Latin-1 is read as windows-1252."""
    if label.lower().startswith("utf-16"):
        return "utf-8"  # The label was readable as ASCII, so it is not true.
    try:
        name = codecs.lookup(label).name
    except LookupError:
        return None
    if name in {"iso8859-1", "ascii"}:
        return "cp1252"
    return name if _WEB_CODEC.match(name) else None


def _parse(markup: str) -> html.HtmlElement | None:
    if not markup.strip():
        return None
    # Huge here means 2,048 levels instead of 256, and texts of more than 10 MB; this process's own
    # limits hold in any case.
    parser = html.HTMLParser(
        encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True, huge_tree=True
    )
    try:
        tree = html.document_fromstring(markup.encode("utf-8", "replace"), parser=parser)
    except etree.XMLSyntaxError as error:
        if error.code == etree.ErrorTypes.ERR_NO_MEMORY:
            raise MemoryError from error
        raise
    except etree.ParserError:
        tree = None
    for entry in parser.error_log:
        if entry.type == etree.ErrorTypes.ERR_NO_MEMORY:
            raise MemoryError
        if entry.level == etree.ErrorLevels.FATAL:
            raise RefusedError(DAMAGED)
    return tree


def _mark_up(tree: html.HtmlElement) -> None:
    """Write as Markdown what inscriptis has no form for: struck text, check boxes, headings …"""
    for element in list(tree.iter("s", "strike", "del")):
        if text := element.text_content().strip():
            _wrap(element, "~~", text)
    for element in list(tree.iter("input")):
        kind = (element.get("type") or "text").lower()
        if kind == "checkbox":
            mark = "[x] " if element.get("checked") is not None else "[ ] "
            element.tail = mark + (element.tail or "").lstrip()
        elif kind in {"text", "search", "email", "url", "tel", "number", "date"}:
            element.tail = (element.get("value") or "") + (element.tail or "")
        element.drop_tree()
    fenced = [pre for pre in tree.iter("pre") if pre.find(".//code") is not None]
    etree.strip_tags(tree, *_INLINE)
    for element in fenced:
        code = element.text_content().strip("\n")
        _replace_content(element, f"```\n{code}\n```")
    for element in tree.iter("h1", "h2", "h3", "h4", "h5", "h6"):
        if text := _SPACE.sub(" ", element.text_content()).strip():
            _replace_content(element, f"{'#' * int(element.tag[1])} {text}")
    for element in list(tree.iter("table")):
        if table := markdown_table(element):
            element.tag = "pre"
            _replace_content(element, table)


def _wrap(element: html.HtmlElement, sign: str, text: str) -> None:
    _replace_content(element, f"{sign}{_SPACE.sub(' ', text)}{sign}")


def _replace_content(element: html.HtmlElement, text: str) -> None:
    for child in list(element):
        element.remove(child)
    element.text = text
