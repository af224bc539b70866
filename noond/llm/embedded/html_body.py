"""The readable text of a mail's HTML body, as light Markdown.

Mail needs little: blocks, lists, tables with headers, links' text. Files that are HTML themselves
go through the document converters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:]{0,20})([^<>]{0,4000})>")
_ATTRIBUTE = re.compile(r"([a-zA-Z-]{1,30})\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))")
_BLOCKS = frozenset(
    "p div br tr table ul ol li h1 h2 h3 h4 h5 h6 hr blockquote pre section article header footer"
    " address center dl dt dd form fieldset tbody thead".split()
)
_PARAGRAPHS = frozenset("p ul ol table h1 h2 h3 h4 h5 h6 pre hr".split())
_VOID = frozenset("br hr img input meta link area base col wbr source".split())
_UNSEEN = frozenset("script style head title noscript template svg object iframe textarea".split())
_HISTORY = re.compile(
    r"gmail_quote|gmail_signature|yahoo_quoted|moz-cite-prefix|moz-signature|divRplyFwdMsg"
    r"|appendonsend"
    r"|protonmail_quote|protonmail_signature|mail-editor-reference|OutlookMessageHeader"
    r"|email-signature",
    re.IGNORECASE,
)
_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d]*[1-9])"
    r"|opacity\s*:\s*0(?![.\d]*[1-9])"
    r"|mso-hide\s*:\s*all",
    re.IGNORECASE,
)
_SPACES = re.compile(r"[ \t\r\n\f]+")
_STRUCK = frozenset({"s", "del", "strike"})


def html_to_text(markup: str) -> str:
    """The text that a reader of the mail sees, without what the mail answers to."""
    return _Renderer().render(markup)


def _pieces(markup: str) -> Iterator[tuple[str, re.Match[str] | None]]:
    """Text and tags in turn; comments left out. Linear: nothing is looked at twice."""
    position = 0
    no_comment_end = False
    while position < len(markup):
        opening = markup.find("<", position)
        if opening < 0:
            yield markup[position:], None
            return
        if opening > position:
            yield markup[position:opening], None
        if markup.startswith("<!--", opening) and not no_comment_end:
            end = markup.find("-->", opening + 4)
            no_comment_end = end < 0
            position = opening + 4 if end < 0 else end + 3
            continue
        tag = _TAG.match(markup, opening)
        if tag:
            yield "", tag
            position = tag.end()
        else:
            closing = (
                markup.find(">", opening, opening + 4000)
                if markup[opening + 1 : opening + 2] in ("!", "?")
                else -1
            )
            if closing < 0:
                yield "<", None
            position = (closing if closing > 0 else opening) + 1


class _Renderer:
    def __init__(self) -> None:
        self._out: list[str] = []
        self._skip_tag = ""
        self._skip_depth = 0
        self._lists: list[str] = []
        self._cells: int | None = None
        self._headers = 0

    def render(self, markup: str) -> str:
        for text, tag in _pieces(markup):
            if tag:
                name = tag[2].lower()
                if self._skip_tag:
                    self._skipped(name, closing=bool(tag[1]), alone=tag[3].endswith("/"))
                elif tag[1]:
                    self._close(name)
                else:
                    self._open(name, tag[3])
            elif not self._skip_tag:
                self._out.append(_SPACES.sub(" ", unescape(text).replace("\xa0", " ")))
        lines = [" ".join(line.split(" ")).strip(" ") for line in "".join(self._out).split("\n")]
        text = "\n".join(
            _SPACES.sub(" ", line) if not line.startswith("\t") else line for line in lines
        )
        return re.sub(r"\n{3,}", "\n\n", text).strip()

    def _skipped(self, name: str, *, closing: bool, alone: bool) -> None:
        """Count only tags of the name that began it: others may be left open in bad markup."""
        if name == self._skip_tag and not alone:
            self._skip_depth += -1 if closing else 1
            if self._skip_depth == 0:
                self._skip_tag = ""

    def _open(self, name: str, attributes: str) -> None:
        given = {m[1].lower(): m[2] or m[3] or m[4] or "" for m in _ATTRIBUTE.finditer(attributes)}
        history = _HISTORY.search(f"{given.get('class', '')} {given.get('id', '')}")
        hidden = _HIDDEN.search(given.get("style", "")) or re.search(r"\shidden\b", attributes)
        unseen = name in _UNSEEN or name == "blockquote" or history or hidden
        if unseen and name not in _VOID and not attributes.endswith("/"):
            self._skip_tag, self._skip_depth = name, 1
            return
        if name in _BLOCKS:
            self._break(paragraph=name in _PARAGRAPHS)
        match name:
            case "ul" | "ol":
                self._lists.append(name)
            case "li":
                ordered = bool(self._lists) and self._lists[-1] == "ol"
                self._out.append("1. " if ordered else "- ")
            case "h1" | "h2" | "h3" | "h4" | "h5" | "h6":
                self._out.append("#" * int(name[1]) + " ")
            case "tr":
                self._cells, self._headers = 0, 0
            case "td" | "th":
                self._cell(header=name == "th")
            case "input" if given.get("type", "").lower() == "checkbox":
                self._out.append("[x] " if re.search(r"\schecked\b", attributes) else "[ ] ")
            case "code":
                self._out.append("`")
            case _ if name in _STRUCK:
                self._out.append("~~")

    def _close(self, name: str) -> None:
        match name:
            case "ul" | "ol" if self._lists:
                self._lists.pop()
            case "tr" if self._headers and self._headers == self._cells:
                self._out.append("\n" + "|".join(["---"] * self._headers))
            case "code":
                self._out.append("`")
            case _ if name in _STRUCK:
                self._out.append("~~")
        if name in _BLOCKS and name != "br":
            self._break(paragraph=name in _PARAGRAPHS)

    def _cell(self, *, header: bool) -> None:
        if self._cells:
            self._out.append(" | ")
        self._cells = (self._cells or 0) + 1
        self._headers += header

    def _break(self, *, paragraph: bool) -> None:
        """End the line, and leave one empty after a paragraph; never more than that."""
        wanted = 2 if paragraph and not self._lists else 1
        while self._out and not self._out[-1].strip():
            wanted = max(wanted, self._out.pop().count("\n"))
        self._out.append("\n" * wanted)
