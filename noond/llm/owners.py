"""Whether a person whom a record names is named by its source."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from functools import cache

from noond.llm.plain import without_invisible

_WORD = re.compile(r"[^\W_]+")
_STEM = 3
_ENDING = 3
"""Names are inflected: "Anas" is Ana, "Анне" is Анна."""


class Owners:
    """The words of one source text, as far as they can be names."""

    def __init__(self, text: str) -> None:
        self._text = _plain(text)
        self._by_start: defaultdict[str, set[str]] = defaultdict(set)
        for word in _WORD.findall(self._text):
            self._by_start[word[:_STEM]].add(word)
        self._named = cache(self._is_named)

    def names(self, name: str) -> bool:
        """Whether every word of the name stands in the text, in one of its forms."""
        words = _WORD.findall(_plain(name))
        return bool(words) and all(map(self._named, words))

    def _is_named(self, word: str) -> bool:
        if word.upper() == word.lower():  # a writing that does not set words apart
            return word in self._text
        stem = word[: max(_STEM, len(word) - 2)]
        return any(
            found.startswith(stem) and abs(len(found) - len(word)) <= _ENDING
            for found in self._by_start[word[:_STEM]]
        )


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", without_invisible(text)).casefold()
