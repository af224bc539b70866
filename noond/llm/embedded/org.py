"""Org files: headlines with keywords, planning lines, properties; lists below them as prose."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from noond.llm.embedded.logseq import KEYWORD_STATUS, PLANNING, read_planning
from noond.llm.embedded.outline import Kind, Line, Section, outline, split_lines
from noond.llm.embedded.reading import Reading
from noond.llm.embedded.tasktext import read_task
from noond.llm.embedded.titles import has_words
from noond.llm.embedded.vocabulary import priority_of, status_of
from noond.models.document import Candidate, Table

_HEADLINE = re.compile(r"(\*{1,20})[ \t]+(.*)$")
_TAGS = re.compile(r"[ \t]+:([\w@#%:-]{1,100}):[ \t]*$")
_COOKIE = re.compile(r"\[\d{0,4}(?:/\d{0,4}|%)\]")
_PRIORITY = re.compile(r"\[#([A-Za-z1-9])\]\s*")
_SEQUENCE = re.compile(
    r"^[ \t]*#\+(?:TODO|SEQ_TODO"
    r"|TYP_TODO):[ \t]*(.{1,300})$",
    re.MULTILINE | re.IGNORECASE,
)
_SETTING = re.compile(
    r"^[ \t]*#\+(PROJECT|CATEGORY"
    r"|TITLE):[ \t]*(.{1,200})$",
    re.MULTILINE | re.IGNORECASE,
)
_BEGIN = re.compile(r"[ \t]*#\+begin[_:](\w{1,30})", re.IGNORECASE)
_END = re.compile(r"[ \t]*#\+end[_:](\w{1,30})", re.IGNORECASE)
_PROPERTY = re.compile(r"[ \t]*:([\w-]{1,40}):[ \t]*(.*)$")
_CANCELLED = re.compile(r"CAN|KILL|DROP|ABORT|WONT|REJECT|ABGE|VERWORFEN|ANNUL|DESCART")
_AS_PROSE = frozenset({"verse", "center"})


@dataclass(slots=True)
class _Headline:
    line: Line
    keyword: str
    title_start: int
    planning: dict[str, int]
    properties: dict[str, str]
    end: int


def org_settings(text: str) -> dict[str, str]:
    """The file's `#+KEY: value` settings that matter here, by lower-case key."""
    return {match[1].lower(): match[2].strip() for match in _SETTING.finditer(text)}


def read_org(reading: Reading) -> tuple[list[Candidate], list[Line]]:
    """The tasks of the headlines, and the other lines as an outline for the prose grammar."""
    keywords = dict(KEYWORD_STATUS)
    for match in _SEQUENCE.finditer(reading.text):
        keywords |= _keywords(match[1])
    reader = _OrgReader(reading, keywords)
    lines = list(reader.lines())
    made = [c for headline in reader.headlines if (c := _task(headline, keywords, reading))]
    return made, lines


def _keywords(sequence: str) -> dict[str, str]:
    open_part, bar, done_part = sequence.partition("|")
    words = [re.sub(r"\(.*?\)", "", word) for word in open_part.split()]
    done = [re.sub(r"\(.*?\)", "", word) for word in done_part.split()]
    if not bar and words:
        done = [words.pop()]
    made = {word: status_of(word) or "todo" for word in words}
    return made | {word: "cancelled" if _CANCELLED.match(word) else "done" for word in done}


class _OrgReader:
    def __init__(self, reading: Reading, keywords: dict[str, str]) -> None:
        self._reading = reading
        self._keywords = keywords
        self._section: Section | None = None
        self._block = ""
        self._drawer = False
        self.headlines: list[_Headline] = []

    def lines(self) -> Iterator[Line]:
        """The lines that are no headline of a task."""
        plain_start = 0
        for offset, raw in split_lines(self._reading.text):
            match = None if self._block or len(raw) > 2_000 else _HEADLINE.match(raw)
            if match or self._is_markup(offset, raw):
                yield from self._plain(plain_start, offset)
                plain_start = offset + len(raw) + 1
                if match:
                    yield self._headline(offset, raw, match)
        yield from self._plain(plain_start, len(self._reading.text))

    def _plain(self, start: int, end: int) -> Iterator[Line]:
        if start >= end:
            return
        for line in outline(self._reading.text[start:end], markdown=False):
            kind = Kind.TEXT if line.kind is Kind.HEADING else line.kind
            yield replace(
                line,
                kind=kind,
                start=line.start + start,
                end=line.end + start,
                body_start=line.body_start + start,
                box="/" if line.box == "-" else line.box,
                section=self._section,
            )

    def _is_markup(self, offset: int, raw: str) -> bool:
        """Whether a line is Org's own: in a block, a drawer, a setting, a planning line."""
        if self._block:
            ended = _END.match(raw)
            if ended and ended[1].lower() == self._block:
                self._block = ""
            return True
        stripped = raw.strip()
        if not self._drawer and ":" not in raw and not stripped.startswith("#"):
            return False
        begun = _BEGIN.match(raw)
        if begun:
            if begun[1].lower() not in _AS_PROSE:
                self._block = begun[1].lower()
            return True
        if self._drawer:
            self._drawer = stripped.upper() != ":END:"
            prop = _PROPERTY.match(raw)
            if prop and self.headlines and self._drawer and self._is_fresh():
                self.headlines[-1].properties[prop[1].lower()] = prop[2].strip()
            return True
        if re.fullmatch(r":[\w-]{1,40}:", stripped) and stripped.upper() != ":END:":
            self._drawer = True
            return True
        plans = read_planning(raw, self._reading) if ":" in raw else {}
        if plans and self.headlines and self.headlines[-1].line.section is self._section:
            headline = self.headlines[-1]
            headline.planning |= plans
            between = self._reading.text[headline.end : min(offset, headline.end + 80)]
            if plans.keys() & {"DEADLINE", "SCHEDULED"} and not between.strip():
                headline.end = offset + len(raw)
            return True
        return stripped.startswith(("#", ": ")) or bool(plans)

    def _is_fresh(self) -> bool:
        return self.headlines[-1].line.section is self._section

    def _headline(self, offset: int, raw: str, match: re.Match[str]) -> Line:
        level = len(match[1])
        parent = self._section
        while parent and parent.level >= level:
            parent = parent.parent
        keyword, _, rest = match[2].partition(" ")
        if keyword not in self._keywords:
            keyword, rest = "", match[2]
        title_start = match.start(2) + len(match[2]) - len(rest)
        planning = read_planning(rest, self._reading) if keyword else {}
        title = PLANNING.sub("", _TAGS.sub("", _COOKIE.sub("", _PRIORITY.sub("", rest)))).strip()
        self._section = Section(title, level, parent)
        line = Line(
            start=offset,
            end=offset + len(raw),
            kind=Kind.BLANK if keyword else Kind.HEADING,
            indent=0,
            body=title,
            body_start=offset + title_start,
            bullet="",
            box=None,
            section=self._section,
        )
        if keyword and not match[2].startswith("COMMENT "):
            self.headlines.append(
                _Headline(line, keyword, offset + title_start, planning, {}, offset + len(raw))
            )
        return line


def _task(headline: _Headline, keywords: dict[str, str], reading: Reading) -> Candidate | None:
    raw = reading.text[headline.title_start : headline.line.end]
    tags = _TAGS.search(raw)
    if keywords[headline.keyword] == "cancelled" or (tags and "ARCHIVE" in tags[1].split(":")):
        return None
    priority = _PRIORITY.search(raw)
    task = read_task(headline.line.body, reading)
    if not has_words(task.title):
        return None
    for key in ("assignee", "owner", "assigned_to", "responsible"):
        if headline.properties.get(key) and not task.people:
            task.people = [n.strip() for n in headline.properties[key].split(",") if n.strip()]
    planned = headline.planning
    due = planned.get("DEADLINE", task.due)
    named = headline.properties.get("project") or next(
        (s.title for s in _around(headline) if reading.project_named(s.title)), ""
    )
    data = task.data() | {
        "status": keywords[headline.keyword],
        "priority": (priority_of(priority[1]) if priority else None) or task.priority,
        "dueDate": due if due is not None else planned.get("SCHEDULED"),
        "projectId": task.project_id or reading.project_named(named) or reading.project_id,
    }
    return reading.candidate(Table.TASKS, data, headline.title_start, headline.end)


def _around(headline: _Headline) -> Iterator[Section]:
    section = headline.line.section
    return section.path() if section else iter(())
