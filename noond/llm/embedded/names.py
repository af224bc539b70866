"""Who is a person: by the document's own evidence, or by a common given name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cached_property

from noond.llm.embedded.evidence import named_entries, shown_people, told_people
from noond.llm.embedded.given_names import GIVEN_NAMES
from noond.llm.embedded.instructions import is_english_verb
from noond.llm.embedded.namewords import COMPANY, INITIALS, JOINT, LETTERS, NAME, TITLE
from noond.llm.embedded.topics import is_plural, is_topic

_SPLIT = re.compile(JOINT)
_NAME_ONLY = re.compile(NAME)
_COMPANY_ONLY = re.compile(COMPANY)
_TITLED = re.compile(rf"{TITLE}")
_WITH_INITIALS = re.compile(rf"{INITIALS}|{LETTERS}")
_CAPITALS = re.compile(r"[^\W\d_a-zà-öø-ÿ]{2,}")
_NO_INITIALS = frozenset(
    "TBD TBC TBA NB PS OK UK US USA EU TV PDF URL FYI API CI DNS CSV SQL SSL CV AGM VAT GPS USB "
    "FAQ ALL AND NOT NEW THE ASAP TODO".split()
)
_FIRST_END = re.compile(r"[\s-]")
# Given names that are words, months or modal verbs when they are written small.
_NAMES_AND_WORDS = frozenset(
    "can will mark may max rose bill joy grace sue rob pat jack frank grant august don per kim dan "
    "mai juli juni jan mar jun sun holly ivy iris heather olive pepe paz sol mar luz art dean drew "
    "gene guy hope faith june april dawn eve fern gale jade kit lee miles ray rich sandy shan star "
    "van victor violet wade will ali ben bo lin mei min ana lou long park rok ren ria rose tal tea "
    "tore trine ute ulf uli tim tom sam nick nuno dance daisy ruby pearl robin".split()
) - frozenset("ali ben bo lin mei min ana lou ria ute ulf uli tim tom sam nick nuno".split())
_INITIALS_LENGTH = 3
_SAMPLE = 100_000
_BEHIND_ARTICLE = re.compile(
    r"(?<![\w'’])(?:(?:[Tt]he|[Oo]ur|[Dd](?:er|ie|as|en|em|es)|[Ee]ine?[nmrs]?|[Uu]nsere?[nmrs]?"
    r"|[Ll](?:e|a|es|os|as)|[Uu]n[ea]?|[Dd]u|[Nn]otre|[Ee]l|[Nn]uestr[oa])\s|[ld]['’])([^\W\d_]{3,30})"
)
_GERMAN = re.compile(r"\b(?:der|die|das|und|ist|nicht|für|mit|bis|zum|wir|ein|eine)\b")
_NOT_GERMAN = re.compile(r"\b(?:the|and|of|to|is|for|le|les|et|du|el|los|y|del|para|por)\b")
_MENTION = re.compile(r"(?<![\w@./])@(?:\[\[)?([^\W\d_][\w-]{1,30})")
_ADDRESS = re.compile(r"<[^<>\n]{0,200}>|\([^()\n]{0,200}\)|\[[^\[\]\n]{0,200}\]\([^)\n]{0,200}\)")


def _plain(word: str) -> str:
    if word.isascii():
        return word.lower()
    decomposed = unicodedata.normalize("NFD", word.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


_GIVEN = frozenset(_plain(name) for name in GIVEN_NAMES)


def _parted(names: str) -> list[str]:
    if _COMPANY_ONLY.fullmatch(names.strip()):
        return [names.strip()]
    return [name.strip(" \t@*_") for name in _SPLIT.split(names.strip()) if name.strip()]


def _add(known: set[str], name: str) -> None:
    match = _NAME_ONLY.fullmatch(name.strip(" \t.;\"'*_@[]"))
    if match:
        name = _TITLED.sub("", match.group())
        known.add(_plain(name))
        known.add(_plain(name.split()[0]))


def _looks_personal(name: str) -> bool:
    """Whether a name by itself, without its document, is a person's: titled, or a common one."""
    if (_TITLED.match(name) and " " in name) or _WITH_INITIALS.fullmatch(name):
        return True
    if _COMPANY_ONLY.fullmatch(name):
        return True
    plain = _plain(name)
    return _first(plain) in _GIVEN or plain.split()[0] in _GIVEN


def _first(plain: str) -> str:
    return _FIRST_END.split(plain, maxsplit=1)[0]


def _is_person(name: str, known: set[str]) -> bool:
    if not _NAME_ONLY.fullmatch(name):
        return False
    plain = _plain(name)
    return _looks_personal(name) or plain in known or _first(plain) in known


class People:
    """The people of a document.

    A person is who has a common given name, a title, or whom the document shows to be one
    (evidence.py). Where the frame of a line asks for a person, `framed`, any name will do that is
    no common noun.
    """

    def __init__(self, text: str = "", others: Iterable[str] = ()) -> None:
        """`others` are names known from elsewhere: senders, owner columns."""
        self._text = text
        self._others = tuple(others)

    @cached_property
    def _known(self) -> set[str]:
        """The names that the document shows, whole and by their first word, without accents."""
        text = self._text
        known = {_plain(match[1]) for match in _MENTION.finditer(text)}
        for name in self._others:
            _add(known, name)
        for names in shown_people(text):
            for name in _SPLIT.split(_ADDRESS.sub("", names)):
                _add(known, name)
        told = [
            name
            for names in told_people(text)
            for name in _parted(names)
            if _is_person(name, known) or self._may_be(name)
        ]
        for name in told:
            _add(known, name)
        # Where most entries begin with a person, all do.
        named = {*named_entries(text), *told}
        people = {name for name in named if _is_person(name, known)}
        if people and len(people) * 2 >= len(named):
            for name in named - people:
                if self._may_be(name) and not is_plural(name):
                    _add(known, name)
        return known

    @property
    def shown(self) -> bool:
        """Whether the document shows anybody at all: a shopping list does not."""
        return bool(self._known)

    def is_person(self, name: str) -> bool:
        """Whether the capitalised words are known to be a person."""
        name = name.strip()
        if not _NAME_ONLY.fullmatch(name):
            return False
        return _looks_personal(name) or _is_person(name, self._known)

    def small(self, word: str, *, framed: bool = False) -> bool:
        """Whether a word in small letters, alone where a person is asked for, is a name.

        `framed`, any will do that the document has as a name elsewhere.
        """
        if not word.islower() or word in _NAMES_AND_WORDS or is_english_verb(word):
            return False
        plain, name = _plain(word), word.capitalize()
        if plain in _GIVEN or plain in self._known:
            return True
        return framed and name in self._text and self._may_be(name)

    def listed(self, text: str, *, framed: bool = False) -> list[str]:
        """The people when the text names people and nothing else, else nothing."""
        names = _parted(text)
        if names and all(self.is_person(name) or (framed and self._may_be(name)) for name in names):
            return names
        return []

    def _may_be(self, name: str) -> bool:
        """Whether the words can be a name: capitalised, and common nouns neither here nor ever."""
        if not _NAME_ONLY.fullmatch(name):
            return False
        if _CAPITALS.fullmatch(name):
            return len(name) <= _INITIALS_LENGTH and name not in _NO_INITIALS
        words = [word for word in name.split() if not word[0].islower()]
        if is_english_verb(words[0]) or any(map(_CAPITALS.fullmatch, words)):
            return False
        return not any(is_topic(word) or _plain(word) in self._nouns for word in words)

    @cached_property
    def _nouns(self) -> frozenset[str]:
        """Words that the document has behind an article: no names."""
        found = _BEHIND_ARTICLE.finditer(self._text[:_SAMPLE])
        return frozenset(_plain(match[1]) for match in found)

    @cached_property
    def german(self) -> bool:
        """Whether the document is in German, where every noun is written like a name."""
        sample = self._text[:_SAMPLE]
        return len(_GERMAN.findall(sample)) > len(_NOT_GERMAN.findall(sample))
