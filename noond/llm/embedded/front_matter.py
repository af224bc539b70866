"""The front matter of a note: `project`, `type`, `title`, `status`, `due` and their like.

Flat `key: value` pairs and lists are read; nested YAML is left alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_BLOCK = re.compile(r"\A\ufeff?---[ \t]*\n(.{0,20000}?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_PAIR = re.compile(r"([^\W\d_][\w -]{0,40}?)\s?:(?:[ \t]+(.*))?$")
_ENTRY = re.compile(r"[ \t]*-[ \t]+(.*)$")


@dataclass(slots=True)
class FrontMatter:
    """The pairs (keys lower case) and the place where the text itself begins."""

    values: dict[str, list[str]] = field(default_factory=dict)
    end: int = 0

    def first(self, *keys: str) -> str:
        """The first value of the first key that has one, else empty."""
        for key in keys:
            if self.values.get(key):
                return self.values[key][0]
        return ""


def read_front_matter(text: str) -> FrontMatter:
    """The front matter that the text begins with; empty when there is none."""
    block = _BLOCK.match(text)
    if not block:
        return FrontMatter()
    matter = FrontMatter(end=block.end())
    key = ""
    for line in block[1].split("\n"):
        entry = _ENTRY.match(line)
        if entry and key:
            matter.values[key].append(_plain(entry[1]))
            continue
        pair = _PAIR.match(line)
        if pair:
            key = pair[1].lower()
            value = (pair[2] or "").strip()
            listed = (
                value[1:-1].split(",")
                if value[:1] == "[" and value[-1:] == "]" and value[1:2] != "["
                else [value]
            )
            matter.values[key] = [plain for one in listed if (plain := _plain(one))]
    return matter


def _plain(value: str) -> str:
    value = re.sub(r"\s#.*$", "", value.strip()).strip().strip("\"'")
    link = re.fullmatch(r"\[\[(?:[^\[\]|]*\|)?([^\[\]]*)\]\]", value)
    return link[1] if link else value
