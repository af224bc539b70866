"""Commitments in running text: `NAME will … by DATE`, `Bis DATE muss NAME …`, `NAME doit …`.

A deadline is needed: without one a sentence with "will" tells more often than it commits. So is a
person (or "I"), and nothing may ask, suppose or deny.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from noond.llm.dates.words import MONTH
from noond.llm.embedded.clauses import Clause, find_clauses, has_modal
from noond.llm.embedded.judgement import (
    denies_all,
    is_negated,
    is_question,
    is_standing_rule,
    is_supposition,
)
from noond.llm.embedded.namewords import NAME, NAMES
from noond.llm.embedded.outline import mask_code
from noond.llm.embedded.reading import Reading, assignee
from noond.llm.embedded.tasktext import find_deadline
from noond.llm.embedded.titles import clean_title, has_words
from noond.models.document import Candidate, Table

_SENTENCE_LIMIT = 600
_WRAP_LENGTH = 66
_ABBREVIATION = re.compile(
    r"(?:\b(?:Dr|Dra|Dre|Prof|Mr|Mrs|Ms|Mme|Mlle|Sra?|Srta|Hr|Fr|Rev|Cllr|Fa|Ing|Arq|Lic|Pfr|Bgm|Capt|St|Nr|No|ca|bzw|vgl|inkl|evtl|usw|etc|e\.g|i\.e"
    r"|z\.\s?B|d\.\s?h"
    r"|p\.\s?ex|p\.\s?ej|approx|vs|Abs|Art|[a-z]\.m)|\b[A-Z])\.$",
)
_ORDINAL = re.compile(r"(?<!\d)\d{1,2}\.$")
_NEXT_MONTH = re.compile(rf"\s*{MONTH}", re.IGNORECASE)
_END = re.compile(
    r"[.!?…]+[\"”»’)\]]*(?=\s+[\"„“«(¿¡*_\[]*[^\W\d_a-zà-ÿ]|\s*$|\n[*_]{2}\d)|\n[ \t]*\n|\s*;\s"
    r"|[!?]+(?=\n)|\n(?=[ \t]*[^\sa-zà-ÿ])"
)
_LABELLED = re.compile(r"\s*[*_]{0,2}[^\W\d_a-zà-ÿ][^\s:]*(?:\s[^\s:]+)?[*_]{0,2}\s?:\s")

_IDLE_VERB = re.compile(
    r"\s*(?:also\s|then\s|auch\s|dann\s|aussi\s|también\s)?(?:be|been|have|has|remain|stay|know|see|like"
    r"|likely|become|always|often|usually|probably|arrive|come|turn|live|sleep|feel|understand|lose|need"
    r"|être|avoir|rester|pouvoir|devenir|arriver|venir|dormir"
    r"|estar|ser|haber|tener|poder|llegar|venir|quedarse|dormir)\b",
    re.IGNORECASE,
)
_HAPPENS = re.compile(
    r"\s*(?:rise|fall|end|expire|increase|decrease|grow|drop|begin|start|open|close|finish|change|improve"
    r"|continue|augmenter|baisser|monter|finir|commencer|expirer|fermer|ouvrir|subir|bajar|acabar"
    r"|terminar|empezar|cerrar|abrir|aumentar|caducar)\s*(?:$|[.,;]|(?:by|until|before|to|from|again|up"
    r"|down|further|sharply|avant|d['’]ici|antes|para|hasta)\b)",
    re.IGNORECASE,
)
_IDLE_END = re.compile(
    r"(?:steigen|sinken|enden|ablaufen|auslaufen|beginnen|wachsen|fallen|gehen|sein|haben|werden|worden|können|bleiben|kommen|eintreffen|schlafen|dauern)\W*$",
    re.IGNORECASE,
)
_REQUEST = re.compile(
    r"(?:\W*(?:hi|hello|hallo|hey|dear|liebe[rs]?|bonjour|hola)\b[^,!.\n]{0,40}[,!]\s*)?\W*"
    r"(?:(?:can\syou\s)?please|pls|kindly|bitte|merci\sde|prière\sde|veuillez|por\sfavor,?"
    r"|favor\sde)\s",
    re.IGNORECASE,
)
_GREETED = (
    r"(?:\W*(?:hi|hello|hallo|hey|dear|liebe[rs]?|bonjour|hola|salut|coucou|moin)\b[^,!.?\n]{0,30}[,!]\s*)?\W*"
    r"(?:(?:and|also|und|et|y|so)\s)?"
)
# A question in form: with a deadline it asks to do something.
_POLITE = re.compile(
    rf"{_GREETED}(?:(?-i:(?P<who>{NAME}),?\s))?(?:(?:can|could|would|will)\syou\s(?:please\s)?|(?:kannst|könntest)\sdu\s(?:bitte\s)?"
    r"|(?:könnt|könntet)\sihr\s(?:bitte\s)?|(?:können|könnten)\sSie\s(?:bitte\s)?|(?:peux|pourrais)-tu\s"
    r"|(?:pouvez|pourriez)-vous\s|¿?(?:me\s)?(?:puedes|podrías|podéis|puede|podría|pueden|podrían)\s)"
    r"(?!(?:make\sit|come|kommen|venir|be|sein|être|imagine|guess|see|hear|remember|believe|think|say|know|mind|like)\b)",
    re.IGNORECASE,
)
_CALLED = re.compile(rf",\s({NAMES})\W*$")
_TAG = re.compile(
    r"[,\s]\s?(?:ok(?:ay)?|please|pls|ja|gell|bitte|d['’]accord|vale|por\sfavor)\s?\?+\s*$",
    re.IGNORECASE,
)
_FURTHER = re.compile(
    r"\s*[,;]\s(?:and\s|und\s|et\s|y\s)?(?:then|but|so|because|which|after\swhich|damit|sodass"
    r"|weil|aber|danach|dann"
    r"|mais|puis|afin|pour\sque|parce|pero|luego|después|porque|para\sque)\b.*$",
    re.IGNORECASE | re.DOTALL,
)
_JOIN_END = re.compile(
    r"[\s,;]*(?:\b(?:and|und|et|y|while|während|tandis\sque|mientras)\s*)?$", re.IGNORECASE
)


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
    """Whether what looks like a sentence's end is none: `3. März`, `e.g.`, a line that wraps."""
    if end.group() == "\n":
        line_start = max(start, text.rfind("\n", start, end.start()) + 1)
        if _LABELLED.match(text, end.end()):
            return False  # "PORTAL: …" begins something else
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
        sentence = _TAG.sub("", masked[start:end])
        asked = is_question(sentence)
        request = (_POLITE if asked else _REQUEST).match(sentence)
        if len(sentence) > _SENTENCE_LIMIT or not (request or has_modal(sentence)):
            continue
        if asked and not request:
            continue
        if is_supposition(sentence[request.end() if asked and request else 0 :]):
            continue
        if denies_all(sentence) or is_standing_rule(sentence):
            continue
        sentence = sentence.rstrip().rstrip("?") if asked else sentence
        alone = _is_line(masked, start, end)
        made += _commitments(sentence, request, offset + start, reading, listed=listed or alone)
    return made


def _is_line(text: str, start: int, end: int) -> bool:
    """Whether text[start:end] is exactly one line: notes are written so, articles are not."""
    before = text[max(0, start - 80) : start].rstrip(" \t")
    begins = not before or before.endswith("\n") or text[start : start + 1] == "\n"
    return begins and "\n" not in text[start:end].strip() and text[end : end + 1] in ("", "\n")


def _commitments(
    sentence: str,
    request: re.Match[str] | None,
    offset: int,
    reading: Reading,
    *,
    listed: bool,
) -> Iterator[Candidate]:
    clauses = list(find_clauses(sentence, reading, listed=listed))
    if not clauses and request and not is_negated(sentence):
        who = reading.people.listed(request.groupdict().get("who") or "")
        called = _CALLED.search(sentence)
        if called and not who and (who := reading.people.listed(called[1])):
            sentence = sentence[: called.start()]
        clauses = [Clause(start=0, rest=request.end(), people=tuple(who), german=False)]
    for number, clause in enumerate(clauses):
        begin = 0 if number == 0 else clause.start
        following = clauses[number + 1].start if number + 1 < len(clauses) else len(sentence)
        joint = _JOIN_END.search(sentence, clause.rest, following)
        finish = joint.start() if joint and number + 1 < len(clauses) else following
        candidate = _commitment(sentence, begin, finish, clause, offset, reading)
        if candidate:
            yield candidate


def _commitment(
    sentence: str, begin: int, finish: int, clause: Clause, offset: int, reading: Reading
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
    if (
        _HAPPENS.match(clause.verb or text[rest:])
        or _IDLE_VERB.match(action)
        or (clause.german and _IDLE_END.search(action))
    ):
        return None
    if "\x00" in action:
        action = reading.text[offset + begin + rest : offset + finish]
    title = clean_title(f"{clause.verb} {action}")
    if not has_words(title):
        return None
    data = {
        "title": title[:1].upper() + title[1:],
        "assignee": assignee(list(clause.people)),
        "dueDate": reading.ms(date),
        "projectId": reading.project_id,
    }
    return reading.candidate(Table.TASKS, data, offset + begin, offset + finish)
