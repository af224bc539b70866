"""The marks that tasks carry: `[due:: …]`, 📅, `due: …`, `!high`, ⏫, `[#A]`, `#tag`, `@name`."""

from __future__ import annotations

import re
from functools import cached_property

from noond.llm.dates import FoundDate
from noond.llm.embedded.namewords import NAMES
from noond.llm.embedded.reading import Reading
from noond.llm.embedded.scratch import Scratch
from noond.llm.embedded.taskfields import ANY_KEY, KIND_OF, TaskText
from noond.llm.embedded.vocabulary import priority_of, status_of

_FLAGS = re.IGNORECASE
_FIELD = re.compile(r"[\[(]([^\W\d_][\w -]{0,20})::\s?([^\[\]()\n]{0,100})[\])]")
_AT_DATE = re.compile(r"@(?:due|deadline|date)?[({]\s?([^(){}\n]{1,40})[)}]", _FLAGS)
_PAIR = re.compile(rf"(?<![\w/.:@-])({ANY_KEY})\s?[:=]{{1,2}}(?![:/])\s?(?=\S)", _FLAGS)
_VALUE_END = re.compile(r"[,;|)\]\n]|\s[–—-]\s|$")
_WORD = re.compile(r"[^\s,;|)\]]+")
_OWNERS = re.compile(rf"@?{NAMES}|@?[\w.-]{{1,40}}")
_DATE_SIGN = re.compile(r"([📅📆🗓⏳⌛🛫✅➕❌])\ufe0f?\s?(\d{4}-\d\d-\d\d)?")
_WORD_SIGN = re.compile(
    r"🔁\ufe0f?\s?[^#@📅📆🗓⏳🛫✅➕❌🔺⏫🔼🔽⏬\[(\n]{1,60}|[🆔⛔🏁]\ufe0f?\s?[\w,-]{1,60}"
)
_PRIORITY_SIGN = re.compile(r"([🔺⏫🔼🔽⏬])\ufe0f?")
_LEVEL_OF_SIGN = {"🔺": "high", "⏫": "high", "🔼": "medium", "🔽": "low", "⏬": "low"}
_BANG = re.compile(r"(?<!\S)(!{2,3}|!{1,2}[^\W_]{1,10}|p[1-4])(?![\w!])", _FLAGS)
_BRACKETED = re.compile(
    r"\[#([A-Ca-c1-9])\]|[\[(](?:(?:priority|prio|priorität|priorité|prioridad)[:\s]\s?)?"
    r"(high|medium|low|urgent|hoch|mittel|niedrig|dringend|haute|moyenne|basse|alta|media|baja"
    r"|urgente)(?:\s(?:priority|priorität|priorité|prioridad))?[\])]",
    _FLAGS,
)
_MENTION = re.compile(
    r"(?<![\w@./])(?:@\[\[([^\[\]\n]{1,60})\]\]|\[\[@([^\[\]\n]{1,60})\]\]|@\"([^\"\n]{1,60})\""
    r"|@([^\W\d_][\w-]{0,40}(?:\.[\w-]{1,40})?))"
)
_HASHTAG = re.compile(
    r"(?<![\w#/&])#(?:\[\[)?([^\W\d_](?:[\w/-]"
    r"|(?<=[\w/-]) (?=[^\[\]\n]*\]\])){0,60})(?:\]\])?"
)
_PLUS = re.compile(r"(?<!\S)\+([^\W\d_][\w-]{0,60})")
_ANY_TAG = re.compile(r"(?<!\w)[#@+][\w/.-]+|\^[\w-]+$")
_SMALL_WORD = re.compile(r"\b(?:by|due|bis|on|am|avant|d['’]ici|pour|para|le|el)\b", _FLAGS)
_LETTERS = re.compile(r"[^\W\d_]")
_MARK_LIMIT = 50


class Marks:
    """Takes the marks of a task's text over into the task and cuts them from the text."""

    def __init__(
        self, task: TaskText, scratch: Scratch, found: list[FoundDate], reading: Reading
    ) -> None:
        self._task = task
        self._scratch = scratch
        self._text = scratch.text
        self._found = found
        self._reading = reading

    def take(self, *, at_is_person: bool) -> None:
        """Take all marks; `at_is_person` tells whether `@word` is someone."""
        self._fields()
        self._date_signs()
        self._other_signs()
        self._pairs()
        self._priorities()
        self._tags()
        self._mentions(at_is_person=at_is_person)

    def _date_in(self, start: int, end: int) -> FoundDate | None:
        return next((date for date in self._found if start <= date.start < end), None)

    def _fields(self) -> None:
        for match in _FIELD.finditer(self._text):
            kind = KIND_OF.get(match[1].strip().lower(), "ignored")
            self._task.take(kind, match[2], self._date_in(*match.span(2)), self._reading)
            self._scratch.cut(*match.span())
        for match in _AT_DATE.finditer(self._text):
            if self._task.take_due(self._date_in(*match.span(1)), self._reading):
                self._scratch.cut(*match.span())

    def _date_signs(self) -> None:
        scheduled: FoundDate | None = None
        for match in _DATE_SIGN.finditer(self._text):
            sign, end = match[1], match.end()
            date = self._date_in(match.start(2), end) if match[2] else None
            if sign in "📅📆🗓":
                date = date or self._date_in(end, end + 2)
                if not self._task.take_due(date, self._reading):
                    continue
                end = max(end, date.end if date else end)
            elif sign in "⏳⌛":
                scheduled = date
            elif sign == "✅":
                self._task.status = "done"
            elif sign == "❌" and (date or not self._text[end:].strip()):
                self._task.status = "cancelled"
            self._scratch.cut(match.start(), end)
        self._task.take_due(scheduled, self._reading)

    def _other_signs(self) -> None:
        for match in _WORD_SIGN.finditer(self._text):
            self._scratch.cut(*match.span())
        for match in _PRIORITY_SIGN.finditer(self._text):
            self._task.priority = self._task.priority or _LEVEL_OF_SIGN[match[1]]
            self._scratch.cut(*match.span())

    def _pairs(self) -> None:
        for match in _PAIR.finditer(self._text):
            if not self._scratch.is_cut(*match.span()):
                end = self._pair(KIND_OF[" ".join(match[1].lower().split())], match)
                if end:
                    self._scratch.cut(match.start(), end)

    def _pair(self, kind: str, match: re.Match[str]) -> int | None:
        """Take a pair's value over; where it ends, or None when it is no pair after all."""
        start = match.end()
        word = _WORD.match(self._text, start)
        if kind == "due":
            date = self._date_in(start, start + 4)
            return date.end if date and self._task.take_due(date, self._reading) else None
        if kind == "ignored":
            return word.end() if word and self._text[start - 1] != " " else None
        if kind == "owner":
            owners = _OWNERS.match(self._text, start)
            if not owners:
                return None
            self._task.take(kind, owners.group(), None, self._reading)
            return owners.end()
        whole = self._value_end(start)
        for end in (whole, word.end() if word else whole):
            if self._task.take(kind, self._text[start:end], None, self._reading):
                return end
        return None

    def _value_end(self, start: int) -> int:
        match = _VALUE_END.search(self._text, start, start + 200)
        end = match.start() if match else min(len(self._text), start + 200)
        following = _PAIR.search(self._text, start, end)
        return following.start() if following else end

    def _priorities(self) -> None:
        for match in _BANG.finditer(self._text):
            word = match[1].lower().lstrip("!")
            level = priority_of(word) if word else "high"
            if level and word not in ("a", "b", "c"):
                self._task.priority = self._task.priority or level
                self._scratch.cut(*match.span())
        for match in _BRACKETED.finditer(self._text):
            level = priority_of(match[1] or match[2])
            if level:
                self._task.priority = self._task.priority or level
                self._scratch.cut(*match.span())

    def _tags(self) -> None:
        for match in _PLUS.finditer(self._text):
            spaced = match[1].replace("-", " ").replace("_", " ")
            named = self._reading.project_named
            project = named(match[1]) or named(spaced)
            if project:
                self._task.project_id = self._task.project_id or project
                self._scratch.cut(*match.span())
        for match in _HASHTAG.finditer(self._text):
            level = priority_of(match[1]) if len(match[1]) > 1 else None
            self._task.priority = self._task.priority or level
            self._cut_mark(match, 1)

    def _mentions(self, *, at_is_person: bool) -> None:
        for count, match in enumerate(_MENTION.finditer(self._text)):
            if self._scratch.is_cut(*match.span()):
                continue
            group = next(number for number in (1, 2, 3, 4) if match[number])
            name = match[group].replace("_", " ")
            if not at_is_person or count >= _MARK_LIMIT:
                self._scratch.cut(*match.span())
            elif not status_of(name) and not self._reading.dates.find(name):
                self._task.people.append(name)
                self._cut_mark(match, group)

    def _cut_mark(self, match: re.Match[str], group: int) -> None:
        """Cut a mark; inside the sentence, which may need its word, only its sign."""
        first, last = self._core
        if match.end() <= first or match.start() >= last:
            self._scratch.cut(*match.span())
        else:
            self._scratch.cut_around(*match.span(), *match.span(group))

    @cached_property
    def _core(self) -> tuple[int, int]:
        """From the first to the last letter that belongs to no mark and no date."""
        plain = Scratch(self._scratch.left)
        for pattern in (_HASHTAG, _ANY_TAG, _MENTION):
            for match in pattern.finditer(self._text):
                plain.cut(*match.span())
        for date in self._found:
            plain.cut(date.start, date.end)
        left = _SMALL_WORD.sub(lambda match: " " * len(match.group()), plain.left)
        letters = [match.start() for match in _LETTERS.finditer(left)]
        return (letters[0], letters[-1] + 1) if letters else (len(left), len(left))
