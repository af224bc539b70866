"""Who is a person: by the document's own evidence, or by a common given name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from noond.llm.embedded.given_names import GIVEN_NAMES

_PART = r"[^\W\d_a-zà-öø-ÿ][^\W\d_]*(?:['’-][^\W\d_]+)*"
_TITLE = r"(?:(?:Dr|Prof|Mr|Mrs|Ms|Mme|Mlle|Sra?|Dra|Herr|Frau|Hr|Fr|M)\.?\s)"
_WORDS = rf"{_PART}(?:\s(?:(?:de|von|van|del|da|la)\s)?{_PART}){{0,2}}(?:\s[^\W\d_]\.)?"
_INITIALS = rf"(?:[^\W\d_a-zà-öø-ÿ]\.\s?){{1,2}}{_PART}"
NAME = rf"(?:{_TITLE}{{1,2}}{_PART}(?:\s{_PART}){{0,2}}|{_INITIALS}|{_WORDS})"
"""A pattern for a name: one to three capitalised words, perhaps with a title (case-sensitive)."""

_JOINT = r"\s?(?:,|&|/|\+|\b(?:and|und|et|y|e)\b)\s?"
NAMES = rf"{NAME}(?:{_JOINT}{NAME}){{0,4}}"
_SPLIT = re.compile(_JOINT)
_NAME_ONLY = re.compile(NAME)
_TITLED = re.compile(rf"{_TITLE}")
_WITH_INITIALS = re.compile(_INITIALS)
_PRESENT = re.compile(
    r"^[ \t]{0,20}(?:[-*+]\s)?[*_]{0,2}(?:attendees|participants|present|people|team|members"
    r"|teilnehmer"
    r"(?:innen)?|teilnehmende|anwesend(?:e)?|présents?|participant[·.(]?e?\)?s|asistentes"
    r"|participantes|presentes|from|to|cc|von|an|de|à|para|owner|assignee|author|verantwortlich"
    r"|zuständig|responsable|autor|auteur)[*_]{0,2}\s?:[*_]{0,2}\s*(.{2,300})$",
    re.IGNORECASE | re.MULTILINE,
)
_AFTER_MARKER = re.compile(
    rf"^[^\w\n]{{0,12}}(?:action(?:\sitem)?|todo|fixme|aufgabe|tâche|tarea"
    rf"|acción)\s?\(@?({NAME})\)",
    re.MULTILINE | re.IGNORECASE,
)
_ENTRY = re.compile(
    rf"^[ \t]{{0,20}}(?:[-*+•]|\d{{1,2}}[.)])[ \t](?:\[.\]\s)?[*_]{{0,2}}({NAME})[*_]{{0,2}}"
    rf"(?:\s?(?::|\s[–—-])[*_]{{0,2}}|\s(?:to|will|must|muss|soll|doit|va|debe))\s",
    re.MULTILINE,
)
_MENTION = re.compile(r"(?<![\w@./])@(?:\[\[)?([^\W\d_][\w-]{1,30})")
_ADDRESS = re.compile(r"<[^<>\n]{0,200}>|\([^()\n]{0,200}\)|\[[^\[\]\n]{0,200}\]\([^)\n]{0,200}\)")


def _plain(word: str) -> str:
    decomposed = unicodedata.normalize("NFD", word.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


_GIVEN = frozenset(_plain(name) for name in GIVEN_NAMES)


class People:
    """The people of a document."""

    def __init__(self, text: str = "", others: Iterable[str] = ()) -> None:
        """`others` are names known from elsewhere: senders, owner columns."""
        self._known: set[str] = set()
        for match in _PRESENT.finditer(text):
            for name in _SPLIT.split(_ADDRESS.sub("", match[1])):
                self._add(name)
        for match in _MENTION.finditer(text):
            self._known.add(_plain(match[1]))
        for match in _AFTER_MARKER.finditer(text):
            self._add(match[1])
        for name in others:
            self._add(name)
        self._add_entries(text)

    def _add_entries(self, text: str) -> None:
        """Where most entries of lists begin with a person (`Ana: …`, `Ben to …`), all do."""
        names = {match[1] for match in _ENTRY.finditer(text)}
        people = {name for name in names if self.is_person(name)}
        if people and len(people) * 2 >= len(names):
            for name in names - people:
                self._add(name)

    def _add(self, name: str) -> None:
        match = _NAME_ONLY.fullmatch(name.strip(" \t.;\"'*_@[]"))
        if match:
            name = _TITLED.sub("", match.group())
            self._known.add(_plain(name))
            self._known.add(_plain(name.split()[0]))

    def is_person(self, name: str) -> bool:
        """Whether the capitalised words are known to be a person."""
        name = name.strip()
        match = _NAME_ONLY.fullmatch(name)
        if not match:
            return False
        if (_TITLED.match(name) and " " in name) or _WITH_INITIALS.fullmatch(name):
            return True
        plain = _plain(name)
        first = re.split(r"[\s-]", plain, maxsplit=1)[0]
        return (
            plain in self._known
            or first in self._known
            or first in _GIVEN
            or (plain.split()[0] in _GIVEN)
        )

    def listed(self, text: str) -> list[str]:
        """The people when the text names people and nothing else, else nothing."""
        names = [name.strip(" \t@*_") for name in _SPLIT.split(text.strip()) if name.strip()]
        if names and all(self.is_person(name) for name in names):
            return names
        return []
