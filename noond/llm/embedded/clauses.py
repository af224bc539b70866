"""Who is to do something: a subject with its modal verb, found in a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from noond.llm.embedded.futures import FUTURE, infinitive
from noond.llm.embedded.namewords import NAMES
from noond.llm.embedded.reading import Reading

_MODAL = re.compile(
    r"(?<![\w'’-])(?:(?P<en>will|shall|must|should|(?:has|have|needs?|is|are)\sto|(?:is|are"
    r"|am)\sgoing\sto)"
    r"|(?P<to>to)"
    r"|(?P<de>muss|müssen|soll|sollen|wird|werden|werde)"
    r"|(?P<fr>doit|doivent|devra|devront|va(?!\sa\s)|vont|dois|vais|devons|est\schargée?\sde|(?:a"
    r"|ont)\sà)"
    r"|(?P<es>debe|deben|deberá|deberán|va\sa|van\sa|tiene\sque|tienen\sque|tendrá\sque|ha\sde"
    r"|[Dd]ebo|[Dd]ebemos|[Vv]oy\sa"
    r"|[Tt]engo\sque|[Tt]enemos\sque|se\sencarga\sde))(?=\s)"
    rf"|(?<=\s)(?P<future>{FUTURE})(?=\s)"
    r"|(?<=\w)(?P<short>['’]ll)(?=\s)",
)
_SUBJECT_BEFORE = re.compile(rf"(?:(?<=^)|(?<=[\s(*_]))[*_]{{0,2}}({NAMES})[*_]{{0,2}}\s?$")
_FIRST_PERSON = re.compile(r"(?:^|[\s(,])(I|[Ii]ch|[Jj]e|[Yy]o)\s?$")
_WE = re.compile(r"(?:^|[\s(,])([Ww]e|[Ww]ir|[Nn]ous|[Nn]osotros)\s?$")
_OBLIGATIONS = frozenset("must müssen devons debemos".split())
_INVERTED = re.compile(rf"\s(?:(ich)|(wir)|({NAMES}))\s")
_PRO_DROP = re.compile(r"(?:debo|voy|tengo|(?P<we>debemos|tenemos))\b", re.IGNORECASE)
_NOBODY = frozenset(
    "this that these those there it they he she you we everyone everybody nobody somebody all "
    "both each who what which"
    " dies das es sie er man alle niemand jeder wer was diese dieser ce cela ça il elle on ils "
    "elles tout personne qui"
    " esto eso ello él ella ellos ellas usted todo todos nadie quien se also then so and "
    "but".split()
)
_BEFORE_TO = frozenset(
    "need remember want have try plan how ready going aim hope like ask tell agree agreed decide "
    "decided remind reminder"
    " forget due next able time nothing something start continue request invitation intend happy "
    "where when reply"
    " respond write talk speak go move add switch migrate get listen subscribe refer return "
    "welcome thanks according"
    " contrary prior similar relative access proposal attempt ability failure offer offered "
    "promise promised".split()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """A subject and its modal verb; `start` is where the subject is, `rest` what is to be done.

    `verb` is the infinitive that belongs before the rest where the modal was a future tense.
    """

    start: int
    rest: int
    people: tuple[str, ...]
    german: bool = False
    verb: str = ""


def find_clauses(sentence: str, reading: Reading, *, listed: bool) -> Iterator[Clause]:
    """The clauses of a sentence; `listed` allows a subject that nobody knows as a person."""
    end = 0
    for modal in _MODAL.finditer(sentence):
        if modal.start() < end:
            continue
        before = sentence[max(end, modal.start() - 80) : modal.start()]
        clause = _Finder(sentence, modal, before, reading).find(listed=listed)
        if clause:
            yield clause
            end = clause.rest


class _Finder:
    """Looks for the subject of one modal verb; `before` is what may hold it."""

    def __init__(self, sentence: str, modal: re.Match[str], before: str, reading: Reading) -> None:
        self._sentence = sentence
        self._modal = modal
        self._before = before
        self._shift = modal.start() - len(before)
        self._reading = reading
        self._german = modal["de"] is not None
        self._me: tuple[str, ...] = (reading.speaker,) if reading.speaker else ()

    def find(self, *, listed: bool) -> Clause | None:
        verb = infinitive(self._modal["future"]) if self._modal["future"] else ""
        if verb is None:
            return None
        if verb:
            return self._named(verb)
        if self._modal["to"] is not None:
            return self._named("") or (self._stranger() if listed else None)
        return (
            self._first_person()
            or self._named("")
            or (self._stranger() if listed else None)
            or (self._inverted() if self._german else None)
        )

    def _clause(self, start: int, people: tuple[str, ...], verb: str = "") -> Clause:
        end = self._modal.end()
        return Clause(start=start, rest=end, people=people, german=self._german, verb=verb)

    def _first_person(self) -> Clause | None:
        modal = self._modal
        if first := _FIRST_PERSON.search(self._before):
            return self._clause(self._shift + first.start(1), self._me)
        we = _WE.search(self._before)
        if we and (modal.group() in _OBLIGATIONS or modal.group().endswith((" to", " que"))):
            return self._clause(self._shift + we.start(1), ())
        dropped = _PRO_DROP.match(modal["es"]) if modal["es"] else None
        if dropped:
            return self._clause(modal.start(), () if dropped["we"] else self._me)
        return None

    def _named(self, verb: str) -> Clause | None:
        subject = _SUBJECT_BEFORE.search(self._before)
        words = subject[1] if subject else ""
        while subject and words:  # "Tomorrow Ben" ends with Ben
            people = self._reading.people.listed(words)
            start = self._shift + subject.end(1) - len(words)
            if people:
                # "Ana to send it" is a commitment only as a sentence of its own.
                inside = bool(self._sentence[:start].strip(" *_-–—\n"))
                if inside and self._modal["to"] is not None:
                    return None
                return self._clause(start, tuple(people), verb)
            _, _, words = words.partition(" ")
        return None

    def _stranger(self) -> Clause | None:
        """A capitalised word that begins the sentence."""
        subject = _SUBJECT_BEFORE.search(self._before)
        if not subject or self._sentence[: self._shift + subject.start(1)].strip(" *_\n"):
            return None
        name = subject[1].strip()
        taken = _NOBODY if self._modal["to"] is None else _NOBODY | _BEFORE_TO
        if " " in name or name.lower() in taken:
            return None
        return self._clause(0, (name,))

    def _inverted(self) -> Clause | None:
        """`Bis Freitag muss Ben …`"""
        match = _INVERTED.match(self._sentence, self._modal.end())
        if not match:
            return None
        people = self._me if match[1] else tuple(self._reading.people.listed(match[3] or ""))
        if not (people or match[1] or match[2]):
            return None
        return Clause(start=self._modal.start(), rest=match.end(), people=people, german=True)
