"""Reads the text of a task: what is to be done, by whom, until when, how urgently.

The same things are written in many places (checklists, marker lines, table cells), so they are
read here once: first the marks (marks.py), then the words: `Ana: …`, `Ana to …`, `by Friday`.
"""

from __future__ import annotations

import re

from noond.llm.dates import FoundDate
from noond.llm.embedded.actors import Actors, Frame
from noond.llm.embedded.marks import Marks
from noond.llm.embedded.reading import Reading
from noond.llm.embedded.scratch import Scratch
from noond.llm.embedded.taskfields import TaskText
from noond.llm.embedded.titles import clean_title

_TEXT_LIMIT = 1_500
_FLAGS = re.IGNORECASE
_DEADLINE_LEAD = re.compile(
    r"(?:(?<![\w-])(?:"
    r"(?:is\s)?due(?:\s(?:on|by|date))?|deadline(?:\sis)?|(?:no|not)\slater\sthan|by|until|till"
    r"|(?:on\sor\s)?before"
    r"|ahead\sof"
    r"|(?:bis\s)?spätestens(?:\s(?:am|bis|zum))?|bis(?:\s(?:spätestens|zum|am))?|vor(?:\sdem)?"
    r"|fällig(?:\s(?:am|bis|zum))?|frist|termin"
    r"|au\splus\stard|d['’]ici(?:\sau|\sà)?|avant|jusqu['’]au|échéance|pour|à\srendre"
    r"|a\smás\stardar|para|antes\sdel?|hasta|vence(?:\sel)?|fecha\slímite|plazo"
    r")(?:\s(?:the|on|le|la|el|dem|den|der|am|del|de))?\s?[:=]?\s?)$",
    _FLAGS,
)
_WEAK_LEAD = re.compile(
    r"(?<![\w-])(?:on|at|this|starting|am|an|den|um|le|au|el|para|a)(?:\s(?:the|den|dem))?\s$",
    _FLAGS,
)
# "slides for Thursday": the day is due, and part of what is to be done.
_FOR = re.compile(r"(?<![\w-])(?:for|für)\s$", _FLAGS)
_NOT_DUE = re.compile(
    r"(?<![\w-])(?:from|of|since|dated|as\sof|after|vom|von|seit|nach|du|depuis|de|del|desde|après"
    r"|tras|version|about|re|regarding|über|wegen|sur|sobre|vers)(?:\s(?:the|dem|le|el|la))?\s$",
    _FLAGS,
)
# What a deadline may be stressed by, behind the day.
_AT_THE_LATEST = re.compile(
    r",?\s\(?(?:at\s(?:the\s)?(?:very\s)?latest|latest|(?:aller)?spätestens|au\splus\stard"
    r"|dernier\sdélai|(?:como|a)\s(?:muy|más)\star(?:de|dar)|como\s(?:máximo|mucho)"
    r"|or\s(?:earlier|sooner))\b\)?",
    _FLAGS,
)
_AS_SOON = re.compile(
    r"(?:\s?[,;–—-]|\s?\(|\s)\s?(?:asap|a\.s\.a\.p\.?|as\ssoon\sas\spossible|so(?:\s?bald|\sschnell)\swie"
    r"\smöglich|schnellstmöglich|dès\sque\spossible|au\splus\svite|lo\santes\sposible"
    r"|cuanto\santes)\)?[\s!.]*$",
    _FLAGS,
)
_ONLY_MARKS = re.compile(r"[\s\x00,;:.!()\[\]–—|/→·*_-]*$")
_POSSESSIVE = re.compile(r"['’]s\b")
_YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)")
_DATE_SEPARATOR = re.compile(r"\s?(?::|–|—|-)\s")


def read_task(
    text: str,
    reading: Reading,
    *,
    at_is_person: bool = True,
    days_in_words: bool = True,
    frame: Frame = Frame.NONE,
) -> TaskText:
    """Read a task's text; `at_is_person` is off where `@word` is a place or a tool (todo.txt).

    Without `days_in_words` a day in the words stays in the title: the task has its due date
    elsewhere. `frame` tells how much the text's place asks for a person (actors.py). A text that
    is too long for a task comes back without a title.
    """
    if len(text) > _TEXT_LIMIT:
        return TaskText()
    reader = _TaskReader(text, reading, frame=frame)
    return reader.read(at_is_person=at_is_person, days_in_words=days_in_words)


def find_deadline(text: str, found: list[FoundDate]) -> tuple[int, FoundDate] | None:
    """The date that a deadline preposition leads, and where that preposition starts."""
    for date in reversed(found):
        window = max(0, date.start - 40)
        lead = _DEADLINE_LEAD.search(text[window : date.start])
        if lead:
            return window + lead.start(), date
    return None


class _TaskReader:
    def __init__(self, text: str, reading: Reading, *, frame: Frame) -> None:
        self._reading = reading
        self._scratch = Scratch(text)
        self._found = reading.dates.find(text)
        self._task = TaskText()
        self._actors = Actors(self._task, self._scratch, reading, frame=frame)

    def read(self, *, at_is_person: bool, days_in_words: bool) -> TaskText:
        marks = Marks(self._task, self._scratch, self._found, self._reading)
        marks.take(at_is_person=at_is_person)
        self._actors.in_front()
        self._actors.introduced()
        if days_in_words:
            self._due_in_words()
        self._actors.in_parentheses()
        self._actors.at_the_ends()
        self._actors.in_front()
        rest = _AS_SOON.sub("", self._scratch.rest()).lstrip()
        self._task.title = clean_title(self._actors.verb + rest)
        return self._task

    def _due_in_words(self) -> None:
        scratch = self._scratch
        dates = [date for date in self._found if not scratch.is_cut(date.start, date.end)]
        deadline = find_deadline(scratch.left, dates)
        if deadline:
            lead, date = deadline
            if self._task.due is None or not scratch.after(date.end).strip(" .,;)"):
                self._task.take_due(date, self._reading)
                scratch.cut(lead, self._stress_end(date.end))
        elif self._task.due is None:
            for date in reversed(dates):
                if self._take_loose_date(date):
                    return

    def _take_loose_date(self, date: FoundDate) -> bool:
        """A date without a deadline's preposition: due where nothing else is said about it."""
        text, scratch = self._scratch.text, self._scratch
        window = max(0, date.start - 30)
        before = scratch.left[window : date.start]
        if _NOT_DUE.search(before) or _POSSESSIVE.match(text, date.end):
            return False
        if text[date.end : date.end + 2] == "?)":
            return False  # "(Sunday?)": nobody knows yet
        lead = _WEAK_LEAD.search(before)
        start = window + lead.start() if lead else date.start
        first = not scratch.before(start).strip(" *_(")
        end = self._stress_end(date.end)
        trailing = bool(_ONLY_MARKS.match(self._without_people(scratch.after(end))))
        relative = not any(map(str.isdecimal, text[date.start : date.end]))
        with_year = bool(_YEAR.search(text[date.start : date.end]))
        leading = first and (
            lead is not None or with_year or bool(_DATE_SEPARATOR.match(text, date.end))
        )
        if not (trailing or leading or (relative and text[date.end : date.end + 1] != "-")):
            return False
        self._task.take_due(date, self._reading)
        if not _FOR.search(before):
            scratch.cut(start, end)
        return True

    def _stress_end(self, end: int) -> int:
        """Where "at the latest" behind a day's `end` ends, else `end`."""
        stress = _AT_THE_LATEST.match(self._scratch.text, end)
        return stress.end() if stress else end

    def _without_people(self, text: str) -> str:
        stripped = text.strip(" \t,;:.()[]–—-|")
        return "" if self._reading.people.listed(stripped) else text
