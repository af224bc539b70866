"""Who is to do something: a subject with its modal verb, found in a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from noond.llm.dates.words import MONTH
from noond.llm.embedded.futures import FUTURE, infinitive
from noond.llm.embedded.namewords import NAMES
from noond.llm.embedded.reading import Reading
from noond.llm.embedded.roles import ARTICLE, ROLE
from noond.llm.embedded.topics import is_plural

_MODAL = re.compile(
    r"(?<![\w'’-])(?:(?P<en>will|shall|must|should|(?:has|have|needs?|is|are)\sto|(?:is|are"
    r"|am)\sgoing\sto|takes\scare\sof"
    r"|(?:has\s|have\s)?agreed\sto|(?:has|have)\s(?:volunteered|promised|offered)\sto)"
    r"|(?P<to>to)"
    r"|(?P<de>muss|müssen|soll|sollen|wird|werden|werde|kümmer(?:t|n)\ssich"
    r"|kümmere\smich|übernimmt|übernehme|übernehmen)"
    r"|(?P<fr>doit|doivent|devra|devront|va(?!\sa\s)|vont|dois|vais|devons|(?:est|sont)\schargée?s?\sde|(?:a"
    r"|ont)\sà|s['’]occupe(?:nt)?\sde|s['’]engage(?:nt)?\sà|se\scharge(?:nt)?\sde)"
    r"|(?P<es>(?:(?:l[aoe]s?|se)\s)?(?:debe|deben|deberá|deberán|va\sa|van\sa|tiene\sque|tienen\sque|tendrá\sque|ha\sde)"
    r"|[Dd]ebo|[Dd]ebemos|[Vv]oy\sa"
    r"|[Tt]engo\sque|[Tt]enemos\sque|se\sencargan?\sde|se\scompromete[n]?\sa))(?=\s)"
    rf"|(?<=\s)(?P<future>{FUTURE})(?=\s)"
    r"|(?<=\w)(?P<short>['’]ll)(?=\s)",
)
_SUBJECT_BEFORE = re.compile(rf"(?:(?<=^)|(?<=[\s(*_]))[*_]{{0,2}}({NAMES})[*_]{{0,2}}\s?$")
_FIRST_PERSON = re.compile(
    rf"(?:^|[\s(,])(?P<whole>(?:(?P<others>{NAMES})\s(?:and|und|et|y)\s)?(?:I|[Ii]ch|[Jj]e|[Mm]oi|[Yy]o))\s?$"
)
_ROLE_BEFORE = re.compile(
    rf"(?:^|[\s,(\"“„«])(?P<role>(?:{ARTICLE})(?:[^\W\d_]+\s)?{ROLE})\s?$", re.IGNORECASE
)
_WE = re.compile(r"(?:^|[\s(,])([Ww]e|[Ww]ir|[Nn]ous|[Nn]osotros)\s?$")
_OBLIGATIONS = frozenset("must müssen devons debemos".split())
_INVERTED = re.compile(
    rf"\s(?:(ich)|(wir)|({NAMES})|(?i:(?P<role>(?:der|die|unsere?)\s(?:[^\W\d_]+\s)?{ROLE})))\s"
)
_AFTER_SUBJECT = re.compile(
    r"(?:den|die|das|dem|der|ein\w*|alle|sein\w*|ihr\w*|unser\w*|noch|auch|mit|für|zu[mr]?|im|in|bei|beim"
    r"|an|am|\d)\b"
)
_COMMANDS = frozenset("muss müssen soll sollen".split())
_SEVERAL = frozenset("müssen sollen werden".split())
_JOINED = re.compile(r"\s(?:and|und|et|y|&)\s|/")
_BEHIND_CLAUSE = re.compile(r"(?:,|\b(?:and|und|et|y|while|während|tandis\sque|mientras))\s*$")
_MONTH_NAMED = re.compile(
    rf"(\b(?:[Ii]n|[Ii]m|[Bb]y|[Bb]is|[Ee]n|[Ss]eit|[Ss]ince|[Aa]b)\s)((?i:{MONTH}))"
)
_SUBJECT_WINDOW = 100
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


def has_modal(sentence: str) -> bool:
    """Whether the sentence has a verb that a clause could have: a cheap look before judging it."""
    return bool(_MODAL.search(sentence))


def find_clauses(sentence: str, reading: Reading, *, listed: bool) -> Iterator[Clause]:
    """The clauses of a sentence; `listed` allows a subject that nobody knows as a person."""
    modals = list(_MODAL.finditer(sentence))
    if not modals:
        return
    plain = _without_days(sentence, reading)
    end = 0
    found = False
    for modal in modals:
        if modal.start() < end:
            continue
        before = plain[max(end, modal.start() - _SUBJECT_WINDOW) : modal.start()]
        clause = _Finder(plain, modal, before, reading, goes_on=found).find(listed=listed)
        if clause:
            yield clause
            end = clause.rest
            found = True


def _without_days(sentence: str, reading: Reading) -> str:
    """The sentence with its dates blanked, so that April is not taken for somebody."""
    blanked = sentence
    for date in reading.dates.find(sentence):
        day = "\x01" * (date.end - date.start)
        blanked = blanked[: date.start] + day + blanked[date.end :]
    return _MONTH_NAMED.sub(lambda match: match[1] + "\x01" * len(match[2]), blanked)


class _Finder:
    """Looks for the subject of one modal verb; `before` is what may hold it.

    `goes_on` where a clause of the sentence has been found before.
    """

    def __init__(
        self,
        sentence: str,
        modal: re.Match[str],
        before: str,
        reading: Reading,
        *,
        goes_on: bool,
    ) -> None:
        self._goes_on = goes_on
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
            return self._named(verb) or self._role(verb)
        if self._modal["to"] is not None:
            return self._named("") or (self._stranger() if listed else None)
        return (
            self._first_person()
            or self._named("")
            or self._role("")
            or (self._stranger() if listed else None)
            or (self._inverted() if self._german else None)
        )

    def _clause(self, start: int, people: tuple[str, ...], verb: str = "") -> Clause:
        end = self._modal.end()
        return Clause(start=start, rest=end, people=people, german=self._german, verb=verb)

    def _first_person(self) -> Clause | None:
        modal = self._modal
        if first := _FIRST_PERSON.search(self._before):
            others = self._reading.people.listed(first["others"] or "", framed=True)
            start = first.start("whole") if others else self._before.rstrip().rfind(" ") + 1
            return self._clause(self._shift + start, (*others, *self._me))
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
            people = self._reading.people.listed(words) or self._joined(words)
            start = self._shift + subject.end(1) - len(words)
            if people:
                # "Ana to send it" is a commitment only as a sentence of its own.
                inside = bool(self._sentence[:start].strip(" *_-–—\n"))
                if inside and self._modal["to"] is not None:
                    return None
                return self._clause(start, tuple(people), verb)
            _, _, words = words.partition(" ")
        return None

    def _joined(self, words: str) -> list[str]:
        """Coordinated subjects of whom one is known: `Uta und Gernot müssen …`."""
        first, *others = _JOINED.split(words)
        if "," in words or not others or (self._german and self._modal.group() not in _SEVERAL):
            return []
        people = self._reading.people
        known = any(people.is_person(name) for name in (first, *others))
        return people.listed(words, framed=True) if known else []

    def _role(self, verb: str) -> Clause | None:
        """An office with its article: `The treasurer will …`; nobody by name."""
        role = _ROLE_BEFORE.search(self._before)
        return self._clause(self._shift + role.start("role"), (), verb) if role else None

    def _stranger(self) -> Clause | None:
        """A name that nobody knows, where it begins the sentence or a further clause."""
        subject = _SUBJECT_BEFORE.search(self._before)
        if not subject:
            return None
        start = self._shift + subject.start(1)
        ahead = self._sentence[:start]
        further = self._goes_on and _BEHIND_CLAUSE.search(ahead)
        if ahead.strip(" *_\n") and not further:
            return None
        name = subject[1].strip()
        taken = _NOBODY if self._modal["to"] is None else _NOBODY | _BEFORE_TO
        if name.split()[0].lower() in taken or is_plural(name):
            return None
        people = self._reading.people.listed(name, framed=True)
        return self._clause(start if further else 0, tuple(people)) if people else None

    def _inverted(self) -> Clause | None:
        """`Bis Freitag muss Ben …`, `Bis Freitag soll der Kassenwart …`"""
        match = _INVERTED.match(self._sentence, self._modal.end())
        if not match:
            return None
        people = self._me if match[1] else tuple(self._reading.people.listed(match[3] or ""))
        told = match[3] and self._modal.group() in _COMMANDS
        if not people and told and _AFTER_SUBJECT.match(self._sentence, match.end()):
            people = tuple(self._reading.people.listed(match[3], framed=True))
        if not (people or match[1] or match[2] or match["role"]):
            return None
        return Clause(start=self._modal.start(), rest=match.end(), people=people, german=True)
