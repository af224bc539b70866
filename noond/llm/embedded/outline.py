"""Cuts a Markdown or plain text into lines that know what they are and where they stand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum, auto
from pathlib import PurePath
from typing import TypeGuard

from noond.llm.embedded.logs import is_logged

_MARKDOWN = frozenset({".md", ".markdown", ".mdown", ".mkd", ".mdx", ".qmd"})

LINE_LIMIT = 5_000
"""A longer line is no line that a person wrote as one: it is left out."""

_FENCE = re.compile(r"[ \t]*(?:[-*+]\s+|\d{1,3}[.)]\s+)?(`{3,}|~{3,})([^`]*)$")
_HEADING = re.compile(r"[ ]{0,3}(#{1,6})[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*$")
_UNDERLINE = re.compile(r"[ ]{0,3}(=+|-{3,})[ \t]*$")
_RULE = re.compile(r"[ \t]*(?:[-*_][ \t]*){3,}$")
_ITEM = re.compile(
    r"([ \t]*)(?:([-*+•◦▪‣·–—→►▸]|[-=]>|\d{1,3}[.)]|[a-zA-Z][.)])[ \t]+)?"
    r"(?:\[([^\[\]\n]?)\](?![(\[:])[ \t]+"
    r"|([☐☑☒✓✔✗✘])[ \t]*)?(.*)$"
)
_BARE_NUMBER = re.compile(
    r"([ \t]*)(\d{1,2})(?:[ \t]{2,}|\t)((?!))?((?!))?([^\W\d_](?!.*(?:\S {2,}|\t)\S).*)$"
)
_ONLY_BOX = re.compile(r"[ \t]*(?:[-*+]|\d{1,3}[.)])[ \t]+\[[^\[\]\n]?\][ \t]*$")
_QUOTED = re.compile(r"[ \t]{0,3}>")
_QUOTED_WORDS = re.compile(r"[ \t]{0,3}>[ \t]*[^\s>][^\n]")
_CALLOUT = re.compile(
    r"[ \t]{0,3}>[ \t]*\[!(todo|task|note|important|decision)\][-+]?[ \t]*(.*)$", re.IGNORECASE
)
_FORWARDED = re.compile(
    r"[ \t]*-{2,}\s?(?:original message|forwarded message|ursprüngliche nachricht"
    r"|original-nachricht|weitergeleitete nachricht"
    r"|message d'origine|message original|message transféré"
    r"|mensaje original|mensaje reenviado)\s?-{2,}[ \t]*$",
    re.IGNORECASE,
)
_CODE_SPAN = re.compile(r"(`+)(?!`)(.{1,400}?)(?<!`)\1(?!`)")
_BOXES = {"☐": " ", "☑": "x", "☒": "x", "✓": "x", "✔": "x", "✗": "-", "✘": "-"}


class Kind(Enum):
    """What a line is."""

    BLANK = auto()
    HEADING = auto()
    ITEM = auto()
    TEXT = auto()
    TABLE = auto()
    CODE = auto()
    QUOTE = auto()


@dataclass(frozen=True, slots=True, eq=False)
class Section:
    """A heading and the headings it stands under."""

    title: str
    level: int
    parent: Section | None

    def path(self) -> Iterator[Section]:
        """This section and those around it, the innermost first."""
        section: Section | None = self
        while section:
            yield section
            section = section.parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """text[start:end] of the document; `body` without indentation, bullet, box and hashes.

    `box` is the character in a checkbox. `section` is the innermost heading above (for a heading:
    itself).
    """

    start: int
    end: int
    kind: Kind
    indent: int
    body: str
    body_start: int
    bullet: str
    box: str | None
    section: Section | None

    @property
    def masked(self) -> str:
        """The body with code spans blanked: what stands in code is spoken about, not said."""
        return mask_code(self.body)


def is_markdown(path: str) -> bool:
    """Whether a file is Markdown, by its suffix: four spaces begin code there."""
    return PurePath(path.replace("\\", "/")).suffix.lower() in _MARKDOWN


def mask_code(text: str) -> str:
    """The text with inline code replaced by NULs, character for character."""
    if "`" not in text:
        return text
    return _CODE_SPAN.sub(lambda match: "\x00" * len(match.group()), text)


def split_lines(text: str, start: int = 0) -> Iterator[tuple[int, str]]:
    """The lines from `start` with their offsets, without their newlines."""
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        yield start, text[start:end]
        start = end + 1


def outline(text: str, start: int = 0, *, markdown: bool = True) -> list[Line]:
    """The lines of the text from `start`; without `markdown` indented lines are text, not code."""
    return list(_Outliner(markdown=markdown).read(text, start))


class _Outliner:
    def __init__(self, *, markdown: bool) -> None:
        self._markdown = markdown
        self._fence = ""
        self._section: Section | None = None
        self._in_list = False
        self._after_blank = True
        self._forwarded = False
        self._callout = False
        self._callout_indent: int | None = None
        self._in_code = False
        self._text = ""
        self._letter = "@"
        self._number = 0

    def read(self, text: str, start: int) -> Iterator[Line]:
        self._text = text
        previous: Line | None = None
        for offset, raw in split_lines(text, start):
            if previous and previous.kind is Kind.BLANK and not raw.strip():
                continue  # one empty line says as much as many
            line = self._line(offset, raw, previous)
            if previous:
                if line.kind is Kind.HEADING and line.body is previous.body:
                    previous = line
                    continue
                yield previous
            previous = line
        if previous:
            yield previous

    def _line(self, offset: int, raw: str, previous: Line | None) -> Line:
        if len(raw) > LINE_LIMIT or is_logged(raw):
            return self._make(Kind.CODE, offset, raw)
        fence = _FENCE.match(raw)
        if self._fence:
            if fence and fence[1].startswith(self._fence) and not fence[2].strip():
                self._fence = ""
            return self._make(Kind.CODE, offset, raw)
        if fence:
            self._fence = fence[1]
            return self._make(Kind.CODE, offset, raw)
        if not raw.strip():
            self._after_blank = True
            self._callout = False
            return self._make(Kind.BLANK, offset, raw)
        if self._forwarded or _FORWARDED.match(raw):
            self._forwarded = True
            return self._make(Kind.QUOTE, offset, raw)
        line = self._visible(offset, raw, previous)
        self._after_blank = False
        return line

    def _visible(self, offset: int, raw: str, previous: Line | None) -> Line:
        self._in_code = self._is_code(raw)
        if self._in_code:
            return self._make(Kind.CODE, offset, raw)
        first = raw.lstrip()[0]
        if first == "#" and (heading := _HEADING.match(raw)):
            return self._heading(offset, raw, heading[2], len(heading[1]))
        if first in "=-" and self._goes_below(previous) and _UNDERLINE.match(raw):
            return self._underlined(previous, first, offset + len(raw))
        if first in "-*_" and _RULE.match(raw):
            return self._make(Kind.BLANK, offset, raw)
        if first == ">" and _QUOTED.match(raw):
            return self._quoted(offset, raw)
        if first == "|":
            return self._make(Kind.TABLE, offset, raw)
        return self._item_or_text(offset, raw)

    def _goes_below(self, previous: Line | None) -> TypeGuard[Line]:
        """Whether the line stands directly below a line of text."""
        return previous is not None and previous.kind is Kind.TEXT and not self._after_blank

    def _is_code(self, raw: str) -> bool:
        """Whether the line is indented code: four spaces after a blank line, outside a list."""
        if not self._markdown or self._in_list or not raw.startswith(("    ", "\t", " \t", "  \t")):
            return False
        return self._after_blank or self._in_code

    def _quoted(self, offset: int, raw: str) -> Line:
        callout = _CALLOUT.match(raw)
        if callout:
            self._callout = callout[1].lower() in ("todo", "task")
            self._callout_indent = None
            if self._callout and callout[2].strip() and not self._has_body(offset + len(raw)):
                return self._make(Kind.ITEM, offset, raw, callout[2], bullet="-", box=" ")
        elif self._callout:
            return self._in_callout(offset, raw)
        return self._make(Kind.QUOTE, offset, raw)

    def _has_body(self, end: int) -> bool:
        """Whether a callout whose first line ends at `end` says more: then that is its heading."""
        return bool(_QUOTED_WORDS.match(self._text, end + 1))

    def _in_callout(self, offset: int, raw: str) -> Line:
        """A line of a task callout's body: a task without a box too, but for its details."""
        inner = raw.lstrip().removeprefix(">")
        line = self._item_or_text(offset + len(raw) - len(inner), inner)
        wrapped = line.kind is Kind.TEXT and line.body[:1].islower()
        if self._callout_indent is None and line.body:
            self._callout_indent = line.indent
        detail = line.indent > (self._callout_indent or 0) + 1
        if not line.body or wrapped or detail or line.box is not None:
            return line
        return replace(line, kind=Kind.ITEM, bullet=line.bullet or "-", box=" ")

    def _item_or_text(self, offset: int, raw: str) -> Line:
        match = _ITEM.match(raw) if raw.lstrip()[0] not in "0123456789" else self._numbered(raw)
        indent = len(raw.expandtabs(4)) - len(raw.expandtabs(4).lstrip())
        if _ONLY_BOX.match(raw):
            return self._make(Kind.ITEM, offset, raw, "", bullet="-", box=" ", indent=indent)
        if match and self._is_initial(match[2] or ""):
            match = None
        if match and (match[2] or match[3] is not None or match[4]):
            self._in_list = True
            box = match[3] if match[3] is not None else _BOXES.get(match[4] or "")
            return self._make(
                Kind.ITEM,
                offset,
                raw,
                match[5],
                bullet=match[2] or "",
                box=" " if box == "" else box,
                indent=indent,
            )
        if indent == 0 and self._after_blank:
            self._in_list = False
        return self._make(Kind.TEXT, offset, raw, raw.strip(), indent=indent)

    def _numbered(self, raw: str) -> re.Match[str] | None:
        """A line that begins with a number: without a dot it is a list's if it counts on from 1."""
        bare = _BARE_NUMBER.match(raw)
        if not bare:
            return _ITEM.match(raw)
        counts = int(bare[2]) == self._number + 1
        self._number = int(bare[2]) if counts or bare[2] == "1" else 0
        return bare if self._number else None

    def _is_initial(self, bullet: str) -> bool:
        """Whether `M.` begins a name: a list counts from A."""
        if not (bullet[:1].isupper() and bullet.endswith(".")):
            return False
        expected, self._letter = chr(ord(self._letter) + 1), bullet[0]
        return bullet[0] not in ("A", expected)

    def _heading(self, offset: int, raw: str, title: str, level: int) -> Line:
        self._in_list = False
        self._open_section(title, level)
        return self._make(Kind.HEADING, offset, raw, title)

    def _underlined(self, previous: Line, mark: str, end: int) -> Line:
        self._open_section(previous.body, 1 if mark == "=" else 2)
        return Line(
            start=previous.start,
            end=end,
            kind=Kind.HEADING,
            indent=0,
            body=previous.body,
            body_start=previous.body_start,
            bullet="",
            box=None,
            section=self._section,
        )

    def _open_section(self, title: str, level: int) -> None:
        parent = self._section
        while parent and parent.level >= level:
            parent = parent.parent
        self._section = Section(title, level, parent)

    def _make(
        self,
        kind: Kind,
        offset: int,
        raw: str,
        body: str | None = None,
        *,
        bullet: str = "",
        box: str | None = None,
        indent: int = 0,
    ) -> Line:
        body = (raw if body is None else body).strip()
        return Line(
            start=offset,
            end=offset + len(raw),
            kind=kind,
            indent=indent,
            body=body,
            body_start=offset + (raw.rfind(body) if body else len(raw)),
            bullet=bullet,
            box=box,
            section=self._section,
        )
