"""Walks over a text and reads the date expression at each word that can begin one.

Work per word is bounded, so the whole is linear in the text.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from noond.llm.dates import absolute, clock_times
from noond.llm.dates.found import FoundDate
from noond.llm.dates.positions import (
    closes_with_day,
    closes_with_weekday,
    follows_mark,
    is_weekday_alone,
    opens_with_day,
)
from noond.llm.dates.relative import RELATIVE_WORDS, coming, counted_before, relative
from noond.llm.dates.stamps import SANE_YEARS, chat_stamps, mail_date
from noond.llm.dates.words import (
    DATE_PREPOSITIONS,
    DAY_WORDS,
    MONTHS,
    PARTS_OF_DAY,
    RECURRENCES,
    WEEKDAY,
    WEEKDAY_SHORT,
    WEEKDAY_SHORTS,
    WEEKDAYS,
)

_TOKEN = re.compile(
    r"[^\W\d_]+"
    r"|(?<![\w/-])(?<!\d[.,:])\d{1,8}(?=[-./–—]|\s?[^\W\d_]|\s[-–—]|(?<=\d{8})\b)"
    r"|(?<=[Eelm]\s)\d{1,2}(?=[ \t]*(?:$|[\n,;)\]!|]))"  # avant le 31
    r"|(?<=[a-z_]-)\d{4}(?=-\d\d-\d\d)"
)
_COMPOUND_WEEKDAYS = {
    day + part: number
    for day, number in WEEKDAYS.items()
    for part in PARTS_OF_DAY.split("|")
    if day.endswith(("tag", "woch", "abend"))
}
_BARE_WEEKDAYS = WEEKDAYS | _COMPOUND_WEEKDAYS
_TRIGGERS = (
    frozenset(MONTHS)
    | frozenset(_BARE_WEEKDAYS)
    | frozenset(WEEKDAY_SHORTS)
    | frozenset(DAY_WORDS)
    | RELATIVE_WORDS
    | {"ago", "from"}
)
_TO_DATE = re.compile(
    rf"(?P<word>{WEEKDAY}|{WEEKDAY_SHORT})\.?,?\s(?:(?:the|den|dem|der|le|el)\s)?", re.IGNORECASE
)
_WORD_BEFORE = re.compile(r"([^\W\d_]+(?:['’][^\W\d_]+)?)[\s:.,(]*$")
_GREETING = frozenset("guten heute gestern am jeden jeder".split())
_DAYTIME = frozenset("la esta cada".split())
_SLASHED = re.compile(r"(?<![\d/])(\d{1,2})/(\d{1,2})/(?:\d{4}|\d{2})(?![\d/])")
_AMERICAN = re.compile(r"(?<![\d/])[1-9]\d?/[1-9]\d?/\d{2,4},? \d{1,2}:\d{2}(?::\d{2})? ?[AP]M\b")
_NOT_ENGLISH = re.compile(
    r"\b(?:und|der|die|das|nicht|ist|mit|für|bis|le|les|des|est|pour|avec|une|el|los|las|para|con"
    r"|que|por)\b",
    re.IGNORECASE,
)
_ENGLISH = re.compile(
    r"\b(?:the|and|of|to|is|with|for|by|will|this|that|are|on|at)\b", re.IGNORECASE
)
_MONTH_FIRST_ZONES = re.compile(
    r"US/|America/(?:New_York|Detroit|Chicago|Denver|Boise|Phoenix|Los_Angeles|Anchorage|Indiana"
    r"|Kentucky|North_Dakota)|Pacific/Honolulu|UTC$|Etc/"
)
_PART_OF_DAY = re.compile(
    r"\s(?:(?:in\sthe\s)?(?:morning|afternoon|evening|night)|früh|vormittag|mittag|nachmittag|abend"
    r"|matin|après-midi|soir|(?:por|en)\sla\s(?:mañana|tarde|noche))\b",
    re.IGNORECASE,
)
_LIMIT_BEFORE = re.compile(r"(?:later\sthan|antes\sdel)\s$", re.IGNORECASE)
_END_OF_DAY = re.compile(r"(?:EOD|COB|end of day)\s(?:on\s)?", re.IGNORECASE)


def find_dates(text: str, *, reference: datetime, zone: ZoneInfo) -> list[FoundDate]:
    """Every date expression, in order, none overlapping.

    Relative ones count from `reference` (aware) as seen in `zone`. A date without a year is the
    next such day, or one at most two months past. In a mail (with its headers) and in a chat the
    reference is the message's own time.
    """
    grammar = DateGrammar(text, reference=reference, zone=zone)
    found: list[FoundDate] = []
    for start, end, moment in stretches(text, grammar):
        said = grammar.at(moment) if moment else grammar
        found += [
            replace(one, start=one.start + start, end=one.end + start)
            for one in said.find(text[start:end])
        ]
    return found


def stretches(text: str, grammar: DateGrammar) -> list[tuple[int, int, datetime | None]]:
    """The text cut where its reference changes: start, end, and the reference there, if its own."""
    sent = mail_date(text)
    if sent:
        return [(0, len(text), sent)]
    stamps = chat_stamps(text)
    cuts = [0, *(stamp.start for stamp in stamps), len(text)]
    moments = [
        None,
        *(grammar.moment(stamp.written) if stamp.written else None for stamp in stamps),
    ]
    return list(zip(cuts, cuts[1:], moments, strict=False))


class DateGrammar:
    """The grammar set up for a document: its reference day, zone and order of day and month."""

    def __init__(self, document_text: str, *, reference: datetime, zone: ZoneInfo) -> None:
        self._document_text = document_text
        self._zone = zone
        self.today = reference.astimezone(zone).date()

    def at(self, reference: datetime) -> DateGrammar:
        """The same grammar with another reference."""
        grammar = DateGrammar(self._document_text, reference=reference, zone=self._zone)
        grammar.__dict__["day_first"] = self.day_first
        grammar.__dict__["_languages"] = self._languages
        return grammar

    @cached_property
    def day_first(self) -> bool:
        """Whether 3/4/2026 is in April: by the document's clear dates, its language, the zone."""
        for match in _SLASHED.finditer(self._document_text):
            first, second = int(match[1]), int(match[2])
            if first > 12 >= second:
                return True
            if second > 12 >= first:
                return False
        if _AMERICAN.search(self._document_text[:20_000]):
            return False
        foreign, english = self._languages
        return foreign > english or not _MONTH_FIRST_ZONES.match(self._zone.key or "UTC")

    @cached_property
    def _languages(self) -> tuple[int, int]:
        """How many small words of the other languages and of English the document begins with."""
        sample = self._document_text[:20_000]
        return len(_NOT_ENGLISH.findall(sample)), len(_ENGLISH.findall(sample))

    @property
    def _is_english(self) -> bool:
        foreign, english = self._languages
        return english > foreign

    def moment(self, written: str) -> datetime | None:
        """The moment (aware, in the zone) that a stamp such as `12.03.26 14:05` tells."""
        found = self.find(written)
        if not found or found[0].day.year not in SANE_YEARS:
            return None
        return datetime.combine(found[0].day, found[0].time or time(), self._zone)

    def find(self, text: str, *, cell: bool = False) -> list[FoundDate]:
        """Every date expression of the text, which is the document's or a part of it.

        A `cell` of a column of dates needs no preposition before `14/5`, `3.5.` or `Fri`.
        """
        found: list[FoundDate] = []
        end = 0
        for token in _TOKEN.finditer(text):
            start = token.start()
            if start < end:
                continue
            word = token.group()
            digits = word[0].isdecimal()
            if not digits and (word := word.lower()) not in _TRIGGERS:
                continue
            for first, last, day in self._days_at(text, start, word, digits=digits, cell=cell):
                if first < end:
                    continue
                one = self._with_time(text, first, last, day, earliest=end)
                if found and _END_OF_DAY.fullmatch(text, found[-1].start, one.start):
                    one = replace(one, start=found.pop().start)
                found.append(one)
                end = one.end
        return found

    def _days_at(
        self, text: str, start: int, word: str, *, digits: bool, cell: bool
    ) -> list[tuple[int, int, date]]:
        if digits:
            spread = absolute.range_start(text, start, today=self.today)
            if spread:
                (first_end, first), (last_end, last) = spread
                return [(start, first_end, first), (first_end, last_end, last)]
            read = self._numeric(text, start, cell=cell)
        elif word in ("ago", "from"):
            counted = counted_before(text, start, word, self.today)
            return [counted] if counted else []
        else:
            read = self._worded(text, start, word, cell=cell)
        return [(start, *read)] if read else []

    def _numeric(self, text: str, start: int, *, cell: bool = False) -> absolute.Found | None:
        return (
            absolute.iso(text, start)
            or self._separated(text, start, cell=cell)
            or absolute.day_month(text, start, today=self.today)
            or absolute.limit_number(text, start, today=self.today)
        )

    def _separated(self, text: str, start: int, *, cell: bool) -> absolute.Found | None:
        window = text[start : start + 6]
        if not any(mark in window for mark in "./-"):
            return None
        day_first = "/" not in window or self.day_first
        if "-" in window:
            day_first = True
        return absolute.separated(
            text, start, day_first=day_first, today=self.today
        ) or absolute.short(
            text,
            start,
            day_first=day_first,
            introduced=cell
            or self._introduced(text, start)
            or opens_with_day(text, start)
            or (
                follows_mark(text, start) and closes_with_day(text, start, day_first=self.day_first)
            ),
            today=self.today,
        )

    @staticmethod
    def _word_before(text: str, start: int) -> str:
        match = _WORD_BEFORE.search(text[max(0, start - 24) : start])
        return match[1].lower().replace("’", "'") if match else ""

    def _introduced(self, text: str, start: int) -> bool:
        before = self._word_before(text, start)
        if before in ("than", "del"):  # "no later than 3/4", "antes del 27/2"
            return bool(_LIMIT_BEFORE.search(text[max(0, start - 12) : start]))
        return before in DATE_PREPOSITIONS or before in WEEKDAYS or before in WEEKDAY_SHORTS

    def _worded(self, text: str, start: int, word: str, *, cell: bool) -> absolute.Found | None:
        if word in MONTHS:
            found = absolute.month_day(text, start, today=self.today)
            if found:
                return found
        if word in _BARE_WEEKDAYS or word in WEEKDAY_SHORTS:
            found = self._weekday_and_date(text, start)
            if found:
                return found
        found = relative(text, start, word, self.today)
        if found:
            return found
        end = start + len(word)
        if word in DAY_WORDS:
            return self._day_word(text, start, end, word)
        return self._bare_weekday(text, start, end, word, cell=cell)

    def _weekday_and_date(self, text: str, start: int) -> absolute.Found | None:
        match = _TO_DATE.match(text, start)
        if not match:
            return None
        position = match.end()
        if text[position : position + 1].isdecimal():
            weekday = WEEKDAYS | WEEKDAY_SHORTS
            return self._numeric(text, position) or absolute.weekday_and_number(
                text, position, weekday[match["word"].lower()], today=self.today
            )
        return absolute.month_day(text, position, today=self.today)

    def _day_word(self, text: str, start: int, end: int, word: str) -> absolute.Found | None:
        before = self._word_before(text, start)
        if word == "morgen":
            if before in _GREETING:
                return None
            line = text[max(0, start - 40) : start].rpartition("\n")[2]
            line_start = not line.strip(" \t-*+[]xX>")
            if text[start] == "M" and not line_start:
                return None
        if word == "mañana" and before in _DAYTIME:
            return None
        if word == "hier" and not _is_french(text, start):
            return None
        day = self.today + timedelta(days=DAY_WORDS[word])
        return end, day

    def _bare_weekday(
        self, text: str, start: int, end: int, word: str, *, cell: bool
    ) -> absolute.Found | None:
        before = self._word_before(text, start)
        if before in RECURRENCES:
            return None
        if word in _BARE_WEEKDAYS:
            return end, coming(_BARE_WEEKDAYS[word], self.today)
        if word not in WEEKDAY_SHORTS:
            return None
        if (cell and is_weekday_alone(text, start)) or (
            follows_mark(text, start) and closes_with_weekday(text, start, english=self._is_english)
        ):
            return end, coming(WEEKDAY_SHORTS[word], self.today)
        if not text[start].isupper():
            return None
        if before not in DATE_PREPOSITIONS or before in ("le", "el", "du", "den", "dem", "der"):
            return None
        return end, coming(WEEKDAY_SHORTS[word], self.today)

    def _with_time(self, text: str, start: int, end: int, day: date, *, earliest: int) -> FoundDate:
        clock = clock_times.time_after(text, end)
        if clock:
            end = clock.end
        else:
            clock = clock_times.time_before(text, start, earliest)
            if clock is None:
                part = _PART_OF_DAY.match(text, end)
                return FoundDate(start, part.end() if part else end, day, None)
            start = clock.start
        zone = clock.offset or clock_times.zone_parameter(text, start)
        if zone is None:
            return FoundDate(start, end, day, clock.time)
        return self._moved(start, end, datetime.combine(day, clock.time, zone))

    def _moved(self, start: int, end: int, moment: datetime) -> FoundDate:
        try:
            local = moment.astimezone(self._zone)
        except OverflowError:
            local = moment
        return FoundDate(start, end, local.date(), time(local.hour, local.minute))


def _is_french(text: str, start: int) -> bool:
    """German `hier` is "here": it counts as yesterday only among French words."""
    around = text[max(0, start - 60) : start + 60].lower()
    return bool(re.search(r"\b(?:le|la|les|est|a|ont|avons|nous|j|été|du|de)\b", around)) and not (
        re.search(r"\b(?:ist|wir|und|der|die|das|ein|sind)\b", around)
    )
