"""Lines that say themselves what they are: `TODO: …`, `Action item (Ana): …`, `Beschluss: …`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from noond.llm.embedded.instructions import is_english_verb, is_instruction
from noond.llm.embedded.names import People
from noond.llm.embedded.vocabulary import (
    MILESTONE_MARKERS,
    NOTE_MARKERS,
    PROJECT_MARKERS,
    TASK_MARKERS,
    alternatives,
)

MarkerKind = Literal["task", "milestone", "note", "project"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """A marker, `who` it names, where in the body it stands and where what it marks begins.

    `bracket` is the bracket before the marker: what is marked ends at the closing one.
    """

    kind: MarkerKind
    word: str
    who: str
    start: int
    rest_start: int
    bracket: str = ""

    def rest_end(self, text: str) -> int:
        """Where in the text (the body, or longer) what is marked ends."""
        if not self.bracket:
            return len(text)
        depth = 1
        for place in range(self.rest_start, len(text)):
            depth += {self.bracket: 1, _CLOSING[self.bracket]: -1}.get(text[place], 0)
            if not depth:
                return place
        return len(text)


_CLOSING = {"(": ")", "[": "]"}


_WORDS: tuple[tuple[MarkerKind, tuple[str, ...]], ...] = (
    ("task", TASK_MARKERS),
    ("milestone", MILESTONE_MARKERS),
    ("note", NOTE_MARKERS),
    ("project", PROJECT_MARKERS),
)
_KIND_OF = {word: kind for kind, words in _WORDS for word in words}
_ANY = alternatives(tuple(_KIND_OF))
_COMMENT = r"(?:(?:<!--|//+|/\*+|\#+|;+|--|%+|REM\b|\*|[^\w\s\"'`<>|(\[{$]{1,3}\s)\s*)?"
_WHO = r"(?:\s?(?:\#|no\.?|nr\.?|n°|nº)?\s?\d{1,3}\b)?(?:\s?[(\[](?P<who>[^()\[\]\n]{1,60})[)\]])?"
_LINE = re.compile(
    rf"{_COMMENT}@?[*_]{{0,3}}(?P<word>{_ANY}){_WHO}[*_]{{0,3}}\s?(?::(?!//)|：|\s?(?:→|[-=]>)\s|\s[–—]\s|\s-\s)"
    r"[*_]{0,3}\s*(?=[*_]{0,3}[^\s*_])",
    re.IGNORECASE,
)
_BRACKETED = re.compile(
    rf"{_COMMENT}[*_]{{0,3}}\[(?P<word>{_ANY})\]{_WHO}[*_]{{0,3}}\s?:?\s*(?=[*_]{{0,3}}[^\s*_])",
    re.IGNORECASE,
)
_FOR_SOMEONE = re.compile(
    rf"{_COMMENT}[*_]{{0,3}}(?P<word>{_ANY})\s(?P<who>[^\n:()\[\]]{{2,40}}?)[*_]{{0,3}}\s?:[*_]{{0,3}}\s+(?=[*_]{{0,3}}[^\s*_])",
    re.IGNORECASE,
)
_FOR_WHOM = re.compile(
    r"(?:for|für|pour|para)\s(?:you|me|us|all|everyone|dich|euch|Sie|mich|uns|alle|toi|vous|moi"
    r"|nous|tous|ti|vosotros|ustedes|usted|mí|nosotros|todos)",
    re.IGNORECASE,
)
_UNTIL = re.compile(r"(?:by|until|due|bis|avant|d['’]ici|pour|para|antes)\s", re.IGNORECASE)
_PEOPLE = People()
_BARE = re.compile(
    rf"{_COMMENT}[*_]{{0,3}}(?P<word>TODO|FIXME){_WHO}[*_]{{0,3}}\s+(?=[*_]{{0,3}}[^\s*_])"
)
_INSIDE = re.compile(
    r"(?:(?<=[.!?;)\]])|(?<=[.!?][\"”’)])|(?<=\s[–—-])|(?<=[-=]>)|(?<=→))\s+(?P<bracket>[(\[])?"
    r"[*_]{0,3}(?P<word>TODO|TO DO|FIXME|ACTION(?:\sITEM)?|ACCIÓN|(?:Action\sitem|Action|Todo|To-do"
    r"|Aufgabe|À\sfaire|Tâche|Tarea|Acción|Pendiente|Milestones?|Meilensteine?|Jalons?|Hitos?))"
    rf"{_WHO}[*_]{{0,3}}\s?:[*_]{{0,3}}\s*(?=[*_]{{0,3}}[^\s*_])"
)
_BARE_INSIDE = re.compile(r"(?<=[.!?])\s+(?P<word>TODO|FIXME)(?P<who>)\s+(?=[^\s*_])")
# "Roof: Action: …", "Composteur : **Décision : …": a topic, then the marker.
_BEHIND_TOPIC = re.compile(
    r"[*_]{0,2}[^\W_][^:\n]{0,40}?[*_]{0,2}\s?:[*_]{0,2}\s(?P<bracket>)[*_]{0,3}"
    r"(?P<word>TODO|FIXME|ACTION(?:\sITEM)?|ACCIÓN|DECISION|Action(?:\sitem)?|Todo|To-do|Aufgabe"
    r"|Beschluss|Entscheidung|Décision|Tâche|À\sfaire|Tarea|Acción|Decisión|Acuerdo|Decision)"
    rf"{_WHO}[*_]{{0,3}}\s?(?::|→|[-=]>)[*_]{{0,3}}\s*(?=[*_]{{0,3}}[^\s*_])"
)
_LOWER = re.compile(r"(?P<word>[Tt]o-?do)(?P<who>)\s+(?=(?P<verb>[a-z]+(?:-[a-z]+)?)\s)")
_WITHOUT_SIGN = (_BARE, _BARE_INSIDE, _LOWER)
_WITHIN = (_INSIDE, _BARE_INSIDE, _BEHIND_TOPIC)
_DEFINITION = re.compile(
    r"(?:is|are|was|were|means?|marks?|indicates?|denotes?|stands?\sfor|used\s(?:to|for|when)"
    r"|refers?\sto"
    r"|(?:an?|any|the|each)\s(?:open\s)?(?:item|task|keyword|marker|line|tag|list|thing|state"
    r"|comment)s?\b"
    r"|(?:items?|tasks?|things)\s(?:that|which|to\sbe|not)"
    r"|comments?|syntax|markers?|keywords?|items?|lists?|tags?|state|apps?|files?"
    r"|steht\sfür|bedeutet|kennzeichnet|markiert|ist|wird|werden|signifie|désigne|indique|marque"
    r"|est"
    r"|significa|indica|sirve|marca|es|se\susa)\b",
    re.IGNORECASE,
)
_OF_WHAT = re.compile(r"(?:for|of|in|from|and|or|und|für|et|pour|y|para)\b", re.IGNORECASE)
_META_WORDS = re.compile(
    r"\b(?:syntax|keyword|marker|checkbox|placeholder|Schlüsselwort|Platzhalter|mot-clé"
    r"|palabra clave)s?\b",
    re.IGNORECASE,
)


@lru_cache(maxsize=64)
def find_marker(body: str, *, whole_line: bool = True) -> Marker | None:
    """The marker that begins the body (code masked), or a task marker after a sentence in it."""
    if body[:1] in _CLOSING and (opened := _LINE.match(body, 1) or _addressed(body, 1)):
        return _marker(opened, body, bracket=body[0])
    match = _LINE.match(body) or _BRACKETED.match(body) or _addressed(body) or _BARE.match(body)
    if not match and whole_line:
        match = _inside(body)
    if not match:
        return None
    return _marker(match, body, bracket=match.groupdict().get("bracket") or "")


def _inside(body: str) -> re.Match[str] | None:
    """A marker after a sentence, an arrow or a topic, or the small `todo` before a verb."""
    if ":" in body and (match := _INSIDE.search(body) or _BEHIND_TOPIC.match(body)):
        return match
    if "TODO" in body or "FIXME" in body:
        bare = _BARE_INSIDE.search(body)
        return bare if bare and is_instruction(body[bare.end() :]) else None
    small = _LOWER.match(body)
    return small if small and is_english_verb(small["verb"]) else None


def _marker(match: re.Match[str], body: str, *, bracket: str) -> Marker | None:
    word = " ".join(match["word"].lower().split())
    kind = _KIND_OF.get(word, "task")
    if kind == "task" and is_definition(body[match.end() :], bare=match.re in _WITHOUT_SIGN):
        return None
    start = match.start("word") if match.re in _WITHIN else 0
    return Marker(
        kind=kind,
        word=word,
        who=match["who"] or "",
        start=start,
        rest_start=match.end(),
        bracket=bracket,
    )


def _addressed(body: str, start: int = 0) -> re.Match[str] | None:
    """`Action Ana: …`, `To-do bis Freitag: …`: someone or a deadline between marker and colon."""
    match = _FOR_SOMEONE.match(body, start) if ":" in body else None
    if not match or _KIND_OF.get(" ".join(match["word"].lower().split())) != "task":
        return None
    who = match["who"].strip()
    known = _PEOPLE.listed(who, framed=True)
    named = who.startswith("@") or bool(_UNTIL.match(who)) or bool(known)
    named = named or bool(_FOR_WHOM.fullmatch(who))
    return match if named else None


def is_definition(rest: str, *, bare: bool = False) -> bool:
    """Whether the words after a marker explain it instead of using it."""
    if bare and _OF_WHAT.match(rest):
        return True
    match = _DEFINITION.match(rest)
    if not match:
        return False
    # "TODO: list the suppliers" is a task; "TODO list" and "TODO comments" speak about the word.
    noun = re.match(
        r"comments?|items?|lists?|tags?|apps?|files?|state|markers?|keywords?", rest, re.IGNORECASE
    )
    return bare or not noun or bool(_META_WORDS.search(rest))
