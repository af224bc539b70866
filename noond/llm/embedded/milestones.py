"""Lines that name a milestone and its day: `Milestone: Beta – 12 March`, `Launch: 2026-05-01`."""

from __future__ import annotations

import re
from datetime import timedelta

from noond.llm.dates import FoundDate
from noond.llm.embedded.judgement import is_cancelled, is_question
from noond.llm.embedded.outline import mask_code
from noond.llm.embedded.reading import Reading
from noond.llm.embedded.scratch import Scratch
from noond.llm.embedded.titles import clean_title, has_words
from noond.llm.embedded.vocabulary import MILESTONE_EVENTS, alternatives
from noond.models.document import Candidate, Table

_EVENT = re.compile(
    rf"[*_]{{0,3}}(?P<label>(?:[^\W\d_][\w.-]*\s){{0,4}}?(?:{alternatives(MILESTONE_EVENTS)})(?:\s[\w.()/&'’-]+){{0,6}}?)"
    r"[*_]{0,3}(?:\s?(?::|[–—]|\s-|→|\|)[*_]{0,3}\s|\s(?P<weak>\(|(?:on|am|le|el)\s))",
    re.IGNORECASE,
)
_LEAD = re.compile(
    r"(?:(?<![\w-])(?:on|by|at|until|due|planned\sfor|scheduled\sfor|am|bis|zum|ab|geplant\sfür|le"
    r"|avant|pour|prévue?"
    r"\s(?:le|pour\sle)|el|para(?:\sel)?|antes\sdel?|previst[oa]\s(?:para\s)?el|is|ist|est"
    r"|es)\s(?:the\s|dem\s|le\s|el\s)?)$",
    re.IGNORECASE,
)
_LONG_PAST = timedelta(days=365)
_LISTED_LIMIT = 160
_TWO_SENTENCES = re.compile(r"[^\W\d_]{3,}[.!]\s+[^\W\d_a-zà-ÿ]")
_REACHED_WORDS = (
    r"(?:reached|done|achieved|completed?|passed|erreicht|erledigt|abgeschlossen|fertig|atteinte?"
    r"|fait|terminée?|franchi|alcanzado|hecho|completado|cumplido)"
)
_REACHED = re.compile(rf"[✔✅☑✓]|[(\[]{_REACHED_WORDS}[)\]]", re.IGNORECASE)
_REACHED_BEHIND = re.compile(rf"[\s–—:,-]+{_REACHED_WORDS}[\s.!]*$", re.IGNORECASE)
_LOOSE_END = re.compile(r"[\s\x00,;:.!()\[\]–—|/→*_~-]*(?:\([^()]{0,60}\))?[\s.]*$")


def is_reached(text: str) -> bool:
    """Whether a mark says that a milestone has been reached: then it is no longer ahead.

    "Demolition finished" by itself is a milestone's name.
    """
    return bool(_REACHED.search(text))


def read_listed(text: str, start: int, end: int, reading: Reading) -> Candidate | None:
    """A milestone of a list of them: one that names its day in figures and is no prose."""
    dated = any(map(str.isdecimal, text)) and len(text) <= _LISTED_LIMIT
    if not dated or _TWO_SENTENCES.search(text):
        return None
    return read_milestone(text, start, end, reading)


def read_milestone(text: str, start: int, end: int, reading: Reading) -> Candidate | None:
    """A milestone that is announced as one by its marker, if it has a day."""
    found = reading.dates.find(mask_code(text))
    if not found or is_question(text) or is_cancelled(text):
        return None
    return _milestone(text, found, start, end, reading)


def is_event_line(masked: str) -> bool:
    """Whether a line (code masked) begins with a usual milestone's name and a separator."""
    return bool(_EVENT.match(masked))


def read_event(text: str, start: int, end: int, reading: Reading) -> Candidate | None:
    """A line that is a usual milestone's name, a separator and a day, and nothing else."""
    masked = mask_code(text)
    label = _EVENT.match(masked)
    if not label or is_question(text) or is_cancelled(text):
        return None
    found = reading.dates.find(masked)
    if not found or masked[label.end() : found[0].start].strip(" *_"):
        return None
    past = reading.dates.today - found[0].day
    if past > (timedelta() if label["weak"] else _LONG_PAST):
        return None  # "Release 1.2 (2025-03-12)" tells what was
    if not _LOOSE_END.match(masked, found[-1].end):
        return None
    return _milestone(text, found, start, end, reading)


def _milestone(
    text: str, found: list[FoundDate], start: int, end: int, reading: Reading
) -> Candidate | None:
    if is_reached(text) or _REACHED_BEHIND.match(text, found[-1].end):
        return None
    scratch = Scratch(text)
    first = found[0]
    for date in found:
        if date is not first and text[first.end : date.start].strip(" –—-(,"):
            continue
        lead = _LEAD.search(text[max(0, date.start - 24) : date.start])
        cut_from = max(0, date.start - 24) + lead.start() if lead else date.start
        scratch.cut(cut_from, date.end)
    title = clean_title(scratch.rest())
    if not has_words(title):
        return None
    data = {"title": title, "date": reading.ms(first), "projectId": reading.project_id}
    return reading.candidate(Table.TIMELINES, data, start, end)
