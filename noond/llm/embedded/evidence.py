"""Where a document shows who its people are: lists of who is there, owners, who said, who shall."""

from __future__ import annotations

import re
from collections.abc import Iterator

from noond.llm.embedded.instructions import is_verb_after_to
from noond.llm.embedded.namewords import NAME, NAMES

_ROLL = (
    r"(?:attendees|attending|in\sattendance|participants|present|apologies|people|team|crew|cast"
    r"|members|volunteers|helpers|who(?:['’]s|\sis)\s(?:here|in)"
    r"|teilnehmer(?:innen)?|teilnehmende|anwesend(?:e)?|anw\.|entschuldigt|besetzung|mitwirkende|helfer"
    r"|mannschaft|dabei|(?:nicht\s)?da|here|absent|regrets|missing|absents?|absentes?"
    r"|présents?|présentes|excusé(?:e)?s|participant[·.(]?e?\)?s|équipe|bénévoles|distribution"
    r"|asistentes|participantes|presentes|equipo|reparto|voluntarios|excusan|asisten"
    r"|asistieron|faltan|faltaron|ausentes)"
)
_HEAD = (
    r"(?:from|to|cc|von|an|de|à|para|owner|assignee|author|verantwortlich|zuständig|responsable"
    r"|autor|auteur)"
)
_PRESENT = re.compile(
    rf"^[ \t]{{0,20}}(?:[-*+]\s|\#{{1,6}}\s)?[*_]{{0,2}}(?:{_ROLL}[*_]{{0,2}}\s?(?::|[–—-]\s)"
    rf"|{_HEAD}[*_]{{0,2}}\s?:)[*_]{{0,2}}\s*(\S.{{1,300}})$",
    re.IGNORECASE | re.MULTILINE,
)
_ROLL_LIST = re.compile(
    rf"^[*_\# \t]{{0,8}}{_ROLL}[*_]{{0,2}}\s?:?[*_]{{0,2}}[ \t]*\n\n?"
    r"((?:[ \t]*[-*+•]\s[^\n]{1,80}(?:\n|\Z)){1,30})",
    re.IGNORECASE | re.MULTILINE,
)
_BULLET = re.compile(r"^[ \t]*[-*+•]\s+(.+)$", re.MULTILINE)
_AFTER_NAME = re.compile(r"\s?[:–—(]|\s-\s")
_AFTER_MARKER = re.compile(
    rf"^[^\w\n]{{0,12}}(?:action(?:\sitem)?|todo|fixme|aufgabe|tâche|tarea"
    rf"|acción)\s?\(@?({NAME})\)",
    re.MULTILINE | re.IGNORECASE,
)
_SAID = re.compile(
    r"\s(?:says|said|asks|asked|reports|reported|thinks|thought|told|explained|suggests|suggested"
    r"|offers|offered|agreed|thanked|joked|wondered|volunteered|apologised"
    r"|sagt|sagte|meint|meinte|fragt|fragte|berichtet|berichtete|erzählt|erzählte|erklärt|erklärte"
    r"|glaubt|glaubte"
    r"|dit|propose|demande|explique|pense|rappelle|raconte|signale"
    r"|and\sI|und\sich|et\smoi|y\syo"
    r"|dice|dijo|cree|piensa|propone|pregunta|explica|comenta|recuerda)\b"
)
_BEFORE = re.compile(rf"(?:^|[\s(\"“„«])({NAME})$")
_THANKED = re.compile(
    rf"\b(?:[Tt]hank\syou|[Tt]hanks|[Dd]anke|[Dd]ank|[Mm]erci|[Gg]racias)\s(?:to|an|à|a)\s({NAMES})"
)
_DATED = re.compile(
    rf"[(\[](?=\w)({NAMES}),\s(?:(?:by|due|until|bis|avant|antes\sdel|le|el)\s)?\d{{1,2}}(?!\d)"
)
_HANDED = re.compile(rf"^\#{{1,6}}\s[^\n]{{0,60}}?({NAME})\s?(?:→|->)\s?({NAME})\s*$", re.MULTILINE)
_WHO = re.compile(
    r"[*_]*(?:who|owner|assignee|assigned(?:\sto)?|responsible|wer|zuständig|verantwortlich|qui"
    r"|responsable|quién|encargad[oa])\W{0,5}",
    re.IGNORECASE,
)
_OWNED_TABLE = re.compile(r"^[ \t]*\|.*\|[ \t]*\n[ \t]*\|[ \t:|-]+\|[ \t]*\n", re.MULTILINE)
_MOST_ROWS = 200
_OPENED = (
    r"^[ \t]{0,20}(?:[-*+•]|\d{1,2}[.)])[ \t]{1,3}(?:\[.\]\s)?[*_]{0,2}(" + NAMES + r")[*_]{0,2}"
)
_TOLD = re.compile(
    rf"{_OPENED}\s(?P<to>to|will|must|muss|müssen|soll|sollen|doit|doivent|va|vont|debe|deben"
    r"|tienen?\sque)\s(?=\S)(?!be\b|être\b|ser\b|estar\b|[^\n]{0,200}\b(?:werden|sein)\W*$)",
    re.MULTILINE,
)
_ENTRY = re.compile(rf"{_OPENED}\s?(?::|[–—]|-\s|→)", re.MULTILINE)


def shown_people(text: str) -> Iterator[str]:
    """Names, perhaps several with commas between, that stand where the document lists people."""
    for match in _PRESENT.finditer(text):
        yield match[1]
    for match in _ROLL_LIST.finditer(text):
        yield from (_AFTER_NAME.split(entry[1])[0] for entry in _BULLET.finditer(match[1]))
    for pattern in (_AFTER_MARKER, _THANKED, _DATED):
        for match in pattern.finditer(text):
            yield match[1]
    for match in _HANDED.finditer(text):
        yield from match.groups()
    for match in _SAID.finditer(text):
        before = _BEFORE.search(text[max(0, match.start() - 60) : match.start()])
        if before:
            yield before[1]
    yield from _owners(text)


def told_people(text: str) -> Iterator[str]:
    """Names that begin an entry as the subject of an obligation: `- Odhran / Fitz to move …`."""
    for match in _TOLD.finditer(text):
        if match["to"] != "to" or is_verb_after_to(text[match.end() : match.end() + 40]):
            yield match[1]


def named_entries(text: str) -> Iterator[str]:
    """What stands as a name before a colon or a dash at the start of entries."""
    for match in _ENTRY.finditer(text):
        yield match[1]


def _owners(text: str) -> Iterator[str]:
    """The cells of the columns of owners in Markdown tables."""
    head = _OWNED_TABLE.search(text)
    while head:
        titles = head.group().split("\n", 1)[0].strip().strip("|").split("|")
        columns = [number for number, title in enumerate(titles) if _WHO.fullmatch(title.strip())]
        start = head.end()
        for _ in range(_MOST_ROWS):
            end = text.find("\n", start)
            row = text[start : end if end >= 0 else len(text)]
            if "|" not in row:
                break
            cells = row.strip().strip("|").split("|")
            yield from (cells[number] for number in columns if number < len(cells))
            start = end + 1 if end >= 0 else len(text)
        head = _OWNED_TABLE.search(text, start)
