"""Commitments in running text: `NAME will … by DATE`, `Bis DATE muss NAME …`, `NAME doit …`.

A deadline is needed: without one a sentence with "will" tells more often than it commits. So is a
person (or "I"), and nothing may ask, suppose or deny.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from noond.llm.dates.words import MONTH
from noond.llm.embedded.judgement import is_negated, is_question, is_supposition
from noond.llm.embedded.names import NAMES
from noond.llm.embedded.outline import mask_code
from noond.llm.embedded.reading import Reading, assignee
from noond.llm.embedded.tasktext import find_deadline
from noond.llm.embedded.titles import clean_title, has_words
from noond.models.document import Candidate, Table

_SENTENCE_LIMIT = 600
_WRAP_LENGTH = 55
_ABBREVIATION = re.compile(
    r"(?:\b(?:Dr|Prof|Mr|Mrs|Ms|Mme|Sra?|Hr|Fr|St|Nr|No|ca|bzw|vgl|inkl|evtl|usw|etc|e\.g|i\.e|z\.\s?B|d\.\s?h"
    r"|p\.\s?ex|p\.\s?ej|approx|vs|Abs|Art|[a-z]\.m)|\b[A-Z])\.$",
)
_ORDINAL = re.compile(r"(?<!\d)\d{1,2}\.$")
_NEXT_MONTH = re.compile(rf"\s*{MONTH}", re.IGNORECASE)
_END = re.compile(
    r"[.!?…]+[\"”»’)\]]*(?=\s+[\"„“«(¿¡*_\[]*[^\W\d_a-zà-ÿ]|\s*$)|\n[ \t]*\n|\s*;\s"
    r"|\n(?=[ \t]*[^\sa-zà-ÿ])"
)

_MODAL = re.compile(
    r"(?<![\w'’-])(?:(?P<en>will|shall|must|should|(?:has|have|needs?|is|are)\sto|(?:is|are|am)\sgoing\sto)"
    r"|(?P<to>to)"
    r"|(?P<de>muss|müssen|soll|sollen|wird|werden|werde)"
    r"|(?P<fr>doit|doivent|devra|devront|va(?!\sa\s)|vont|dois|vais|devons|est\schargée?\sde|(?:a|ont)\sà)"
    r"|(?P<es>debe|deben|deberá|deberán|va\sa|van\sa|tiene\sque|tienen\sque|tendrá\sque|ha\sde|debo|debemos|voy\sa"
    r"|tengo\sque|tenemos\sque|se\sencarga\sde))(?=\s)"
    r"|(?<=\w)(?P<short>['’]ll)(?=\s)",
)
_SUBJECT_BEFORE = re.compile(rf"(?:(?<=^)|(?<=[\s(*_]))[*_]{{0,2}}({NAMES})[*_]{{0,2}}\s?$")
_FIRST_PERSON = re.compile(r"(?:^|[\s(,])(I|[Ii]ch|[Jj]e|[Yy]o)\s?$")
_WE = re.compile(r"(?:^|[\s(,])([Ww]e|[Ww]ir|[Nn]ous|[Nn]osotros)\s?$")
_OBLIGATIONS = frozenset("must müssen devons debemos".split())
_INVERTED = re.compile(rf"\s(?:(ich)|(wir)|({NAMES}))\s")
_PRO_DROP = frozenset("debo debemos".split())
_NOBODY = frozenset(
    "this that these those there it they he she you we everyone everybody nobody somebody all both each who what which"
    " dies das es sie er man alle niemand jeder wer was diese dieser ce cela ça il elle on ils elles tout personne qui"
    " esto eso ello él ella ellos ellas usted todo todos nadie quien se also then so and but".split()
)
_BEFORE_TO = frozenset(
    "need remember want have try plan how ready going aim hope like ask tell agree agreed decide decided remind reminder"
    " forget due next able time nothing something start continue request invitation intend happy where when reply"
    " respond write talk speak go move add switch migrate get listen subscribe refer return welcome thanks according"
    " contrary prior similar relative access proposal attempt ability failure offer offered promise promised".split()
)
_IDLE_VERB = re.compile(
    r"\s*(?:also\s|then\s|auch\s|dann\s|aussi\s|también\s)?(?:be|been|have|has|remain|stay|know|see|like|likely"
    r"|become|always|often|usually|probably|être|avoir|rester|pouvoir|devenir|estar|ser|haber|tener|poder)\b",
    re.IGNORECASE,
)
_IDLE_END = re.compile(r"(?:sein|haben|werden|worden|können|bleiben)\W*$", re.IGNORECASE)
_REQUEST = re.compile(
    r"(?:\W*(?:hi|hello|hallo|hey|dear|liebe[rs]?|bonjour|hola)\b[^,!.\n]{0,40}[,!]\s*)?\W*"
    r"(?:(?:can\syou\s)?please|pls|kindly|bitte|merci\sde|prière\sde|veuillez|por\sfavor,?|favor\sde)\s",
    re.IGNORECASE,
)
_FURTHER = re.compile(
    r"\s*[,;]\s(?:and\s|und\s|et\s|y\s)?(?:then|but|so|because|which|after\swhich|damit|sodass|weil|aber|danach|dann"
    r"|mais|puis|afin|pour\sque|parce|pero|luego|después|porque|para\sque)\b.*$",
    re.IGNORECASE | re.DOTALL,
)
_JOIN_END = re.compile(
    r"[\s,;]*(?:\b(?:and|und|et|y|while|während|tandis\sque|mientras)\s*)?$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Clause:
    """A subject and its modal verb; `start` is where the subject is, `rest` what is to be done."""

    start: int
    rest: int
    people: tuple[str, ...]
    german: bool


def sentence_spans(text: str) -> Iterator[tuple[int, int]]:
    """The sentences of a paragraph; a short line before a capital letter ends one too."""
    start = 0
    for end in _END.finditer(text):
        if _goes_on(text, start, end):
            continue
        yield start, end.end()
        start = end.end()
    if text[start:].strip():
        yield start, len(text)


def _goes_on(text: str, start: int, end: re.Match[str]) -> bool:
    """Whether what looks like a sentence's end is none: an abbreviation, `3. März`, a wrapped line."""
    if end.group() == "\n":
        line_start = max(start, text.rfind("\n", start, end.start()) + 1)
        return end.start() - line_start >= _WRAP_LENGTH
    if not end.group().startswith("."):
        return False
    before = text[max(0, end.start() - 8) : end.start() + 1]
    if _ORDINAL.search(before):
        return bool(_NEXT_MONTH.match(text, end.end()))
    return bool(_ABBREVIATION.search(before))


def read_sentences(
    text: str, offset: int, reading: Reading, *, listed: bool = False
) -> list[Candidate]:
    """The commitments in a paragraph that stands at `offset` in the document.

    In a list's entry (`listed`), and where a sentence is a line of its own, the subject may be a
    capitalised word that nobody knows as a person.
    """
    made: list[Candidate] = []
    masked = mask_code(text)
    for start, end in sentence_spans(masked):
        sentence = masked[start:end]
        if len(sentence) > _SENTENCE_LIMIT or is_question(sentence) or is_supposition(sentence):
            continue
        alone = _is_line(masked, start, end)
        made += _commitments(sentence, offset + start, reading, listed=listed or alone)
    return made


def _is_line(text: str, start: int, end: int) -> bool:
    """Whether text[start:end] is exactly one line: notes are written so, articles are not."""
    before = text[:start].rstrip(" \t")
    begins = not before or before.endswith("\n") or text[start : start + 1] == "\n"
    return begins and "\n" not in text[start:end].strip() and text[end : end + 1] in ("", "\n")


def _commitments(
    sentence: str, offset: int, reading: Reading, *, listed: bool
) -> Iterator[Candidate]:
    clauses = list(_clauses(sentence, reading, listed=listed))
    if not clauses:
        request = _REQUEST.match(sentence)
        if request and not is_negated(sentence):
            clauses = [_Clause(start=0, rest=request.end(), people=(), german=False)]
    for number, clause in enumerate(clauses):
        begin = 0 if number == 0 else clause.start
        following = clauses[number + 1].start if number + 1 < len(clauses) else len(sentence)
        joint = _JOIN_END.search(sentence, clause.rest, following)
        finish = joint.start() if joint and number + 1 < len(clauses) else following
        candidate = _commitment(sentence, begin, finish, clause, offset, reading)
        if candidate:
            yield candidate


def _commitment(
    sentence: str, begin: int, finish: int, clause: _Clause, offset: int, reading: Reading
) -> Candidate | None:
    text = sentence[begin:finish]
    deadline = find_deadline(text, reading.dates.find(text))
    if not deadline or is_negated(text):
        return None
    lead, date = deadline
    rest = clause.rest - begin
    if lead >= rest:
        action = text[rest:lead] + " " + _FURTHER.sub("", text[date.end :])
    else:
        action = text[rest:]
    if _IDLE_VERB.match(action) or (clause.german and _IDLE_END.search(action)):
        return None
    title = clean_title(action.replace("\x00", " "))
    if "\x00" in action:
        title = clean_title(reading.text[offset + begin + rest : offset + finish])
    if not has_words(title):
        return None
    data = {
        "title": title[:1].upper() + title[1:],
        "assignee": assignee(list(clause.people)),
        "dueDate": reading.ms(date),
        "projectId": reading.project_id,
    }
    return reading.candidate(Table.TASKS, data, offset + begin, offset + finish)


def _clauses(sentence: str, reading: Reading, *, listed: bool) -> Iterator[_Clause]:
    end = 0
    for modal in _MODAL.finditer(sentence):
        if modal.start() < end:
            continue
        clause = _clause(sentence, modal, end, reading, listed=listed)
        if clause:
            yield clause
            end = clause.rest


def _clause(
    sentence: str, modal: re.Match[str], earliest: int, reading: Reading, *, listed: bool
) -> _Clause | None:
    before = sentence[max(earliest, modal.start() - 80) : modal.start()]
    shift = modal.start() - len(before)
    german = modal["de"] is not None
    me: tuple[str, ...] = (reading.speaker,) if reading.speaker else ()
    if modal["to"] is None:
        if first := _FIRST_PERSON.search(before):
            return _Clause(start=shift + first.start(1), rest=modal.end(), people=me, german=german)
        we = _WE.search(before)
        if we and (modal.group() in _OBLIGATIONS or modal.group().endswith((" to", " que"))):
            return _Clause(start=shift + we.start(1), rest=modal.end(), people=(), german=german)
        if modal["es"] and re.match(r"debo|voy|tengo|debemos|tenemos", modal["es"]):
            people = () if modal["es"].endswith(("emos", "emos que")) else me
            return _Clause(start=modal.start(), rest=modal.end(), people=people, german=False)
    subject = _SUBJECT_BEFORE.search(before)
    if subject:
        found = _people_at_end(subject[1], reading)
        if found:
            words, people = found
            start = shift + subject.end(1) - len(words)
            if modal["to"] is not None and sentence[:start].strip(" *_-–—"):
                return None
            return _Clause(start=start, rest=modal.end(), people=people, german=german)
        name = subject[1].strip()
        whole = listed and not sentence[: shift + subject.start(1)].strip(" *_")
        taken = _NOBODY if modal["to"] is None else _NOBODY | _BEFORE_TO
        if whole and " " not in name and name.lower() not in taken:
            return _Clause(start=0, rest=modal.end(), people=(name,), german=german)
    if german:
        inverted = _INVERTED.match(sentence, modal.end())
        if inverted:
            people = me if inverted[1] else tuple(reading.people.listed(inverted[3] or ""))
            if people or inverted[1] or inverted[2]:
                return _Clause(start=modal.start(), rest=inverted.end(), people=people, german=True)
    return None


def _people_at_end(words: str, reading: Reading) -> tuple[str, tuple[str, ...]] | None:
    """The people that the capitalised words end with: `Tomorrow Ben` ends with Ben."""
    while words:
        people = reading.people.listed(words)
        if people:
            return words, tuple(people)
        _, _, words = words.partition(" ")
    return None
