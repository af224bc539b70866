"""Makes a title of a line: Markdown taken off, loose ends trimmed."""

from __future__ import annotations

import re

_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"<!--.*?-->"), " "),
    (re.compile(r"!?\[([^\[\]\n]{1,300})\]\([^()\s]{0,1000}(?:\s\"[^\"]{0,200}\")?\)"), r"\1"),
    (re.compile(r"\[\[[^\[\]\n]{1,500}\]\[([^\[\]\n]{1,200})\]\]"), r"\1"),
    (re.compile(r"!?\[\[[^\[\]|\n]{1,200}\|([^\[\]\n]{1,200})\]\]"), r"\1"),
    (re.compile(r"!?\[\[([^\[\]\n]{1,200})\]\]"), r"\1"),
    (re.compile(r"\[([^\[\]\n]{1,300})\]\[[^\[\]\n]{0,100}\]"), r"\1"),
    (re.compile(r"\[\^[^\]\s]{1,40}\]"), ""),
    (re.compile(r"</?[a-zA-Z][^<>\n]{0,200}>"), ""),
    (re.compile(r"(?<!\S)\^[\w-]{1,40}$"), ""),
    (re.compile(r"(\*\*|__)(?=\S)(.{1,500}?)(?<=\S)\1"), r"\2"),
    (re.compile(r"(?<![\w*])\*(?=[^\s*])([^*\n]{1,500}?)(?<=\S)\*(?![\w*])"), r"\1"),
    (re.compile(r"(?<![\w_])_(?=[^\s_])([^_\n]{1,500}?)(?<=\S)_(?![\w_])"), r"\1"),
    (re.compile(r"==(?=\S)([^=\n]{1,500}?)=="), r"\1"),
    (re.compile(r"(`+)(?!`)(.{1,400}?)(?<!`)\1(?!`)"), r"\2"),
    (re.compile(r"\\([\\`*_{}\[\]()#+.!|<>~-])"), r"\1"),
)
_EMPTY_PAIRS = re.compile(
    r"<\s*>|\(\s*[,;:/|&–—-]*\s*\)|\[\s*[,;:/|&–—-]*\s*\]|\*{2,4}(?=\s|$)"
    r"|_{4}"
)
_PAREN_EDGES = re.compile(r"\(\s*[,;:|–—-]+\s*|\s*[,;:|–—-]+\s*\)")
_SPACE_BEFORE_MARK = re.compile(r"\s+([,;.!?)\]])")
_TRAILING = " \t,;:–—-−·|/→>=+&(["
_LEADING = " \t,;:.–—-−·|/→>=)]"
_TITLE_LIMIT = 300
_LONE_EMPHASIS = re.compile(
    r"^[*_]{1,3}(?=[^*_]*$)|^[*_]{1,3}(?=[^*_]*[\s:]+[*_]{1,3}$)|[\s:]+[*_]{1,3}$"
)
_MARKUP = re.compile(r"[`\[*_<\\=^]")
_STRIKE = re.compile(r"~~(?=\S).{1,1000}?~~")
_STRUCK_FIRST = re.compile(r"\s*~~(?=\S).{1,1000}?~~(?=\s)")


def clean_title(text: str) -> str:
    """The text as a title: one line, no Markdown, no brackets left empty, no full stop."""
    if _MARKUP.search(text):
        text = _without_markdown(text)
    for _ in range(2):
        text = _EMPTY_PAIRS.sub(" ", text)
        text = _PAREN_EDGES.sub(lambda m: "(" if m.group().lstrip().startswith("(") else ")", text)
    text = " ".join(text.split())
    text = _SPACE_BEFORE_MARK.sub(r"\1", text)
    text = text.strip().lstrip(_LEADING).rstrip(_TRAILING)
    text = _LONE_EMPHASIS.sub("", text)
    if text.endswith("!!"):
        text = text.rstrip("! ")
    if text.endswith(".") and not text.endswith(("..", "etc.")):
        text = text[:-1].rstrip(_TRAILING)
    return text[:_TITLE_LIMIT].rstrip()


def _without_markdown(text: str) -> str:
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text


def is_struck(text: str) -> bool:
    """Whether the text, or all of it that matters, is struck through: a remark may follow."""
    left = _STRIKE.sub("", text)
    if _STRUCK_FIRST.match(text):
        return True
    return left != text and not any(c.isalpha() for c in left.split("(")[0])


def has_words(text: str) -> bool:
    """Whether there is anything to read in it."""
    return sum(map(str.isalpha, text)) >= 2
