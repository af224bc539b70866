"""Where a line stands: what the headings, labels and list entries above it promise."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from noond.llm.embedded.headings import SectionKind, section_kind
from noond.llm.embedded.outline import Line, Section
from noond.llm.embedded.reading import Reading

_PROJECT_PREFIX = re.compile(r"\s*(?:project|projekt|projet|proyecto)\s?:\s*", re.IGNORECASE)
_QUESTIONS = ("questions", "fragen", "preguntas", "questions ouvertes")


@dataclass(slots=True, kw_only=True)
class Entry:
    """A list entry that others may stand under.

    A task's entries are its details; an entry that only names people or a kind hands them down.
    """

    indent: int
    is_task: bool = False
    kind: SectionKind | None = None
    people: list[str] = field(default_factory=list)


class Standing:
    """Follows the lines of a document: `enter` a line's section first, `descend` to an item."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._section: Section | None = None
        self._label: SectionKind | None = None
        self._label_numbered = False
        self._label_indent = 0
        self._listed = False
        self._first: Line | None = None
        self._ended = False
        self._told: Section | None = None
        self._entries: list[Entry] = []

    @property
    def label(self) -> SectionKind | None:
        """What a label such as `Next steps:` promises about the lines below it."""
        return self._label

    @property
    def listed(self) -> bool:
        """Whether items have come since the label."""
        return self._listed

    @property
    def inside_task(self) -> bool:
        """Whether the present item is a detail of a task above it."""
        return any(entry.is_task for entry in self._entries)

    def ends(self, line: Line) -> bool:
        """Whether a line of text ends the list below the label: it is no deeper than the label."""
        return self._listed and line.indent <= self._label_indent

    def enter(self, section: Section | None) -> str | None:
        """Go to a section; the id of the project that it or one around it names."""
        if section is not self._section:
            self._section = section
            self._label = None
            self._entries = []
            self._first = None
            self._ended = False
        for around in section.path() if section else ():
            title = _PROJECT_PREFIX.sub("", around.title)
            project = self._reading.project_named(title.strip(" *_#:"))
            if project:
                return project
        return None

    def told(self) -> None:
        """The present section was taken as one note: its paragraphs are no further ones."""
        self._told = self._section

    def put_label(
        self, kind: SectionKind | None, *, numbered: bool = False, indent: int = 0
    ) -> None:
        """Begin (None: end) a list under a label, itself a numbered entry or not."""
        self._label_indent = indent
        self._label = kind
        self._label_numbered = numbered
        self._listed = False
        self._first = None

    def descend(self, line: Line) -> None:
        """Forget the entries that the item does not stand under."""
        self._listed = True
        self._entries = [entry for entry in self._entries if entry.indent < line.indent]
        if line.indent < self._label_indent:
            self._label = None
        if self._label_numbered and line.indent == 0 and line.bullet[:1].isdecimal():
            self._label = None
        if self._resumes_agenda(line):
            self._label = None
            self._ended = True
        self._first = self._first or line

    def _resumes_agenda(self, line: Line) -> bool:
        """Whether a number such as `5.` after bullets goes on with a list around this one."""
        number = line.bullet.rstrip(".)")
        if not self._first or not number.isdecimal() or int(number) < 2:
            return False
        bulleted = not self._first.bullet[:1].isalnum()
        return bulleted and line.indent <= self._first.indent

    def push(self, entry: Entry) -> None:
        """Let the following deeper items stand under the entry."""
        self._entries.append(entry)

    def kind_of(self, line: Line) -> SectionKind | None:
        """What is promised about the line; milestones and notes only by what is directly above."""
        kinds = (
            [section_kind(section.title) for section in line.section.path()] if line.section else []
        )
        if "example" in kinds:
            return "example"
        entered = next((entry.kind for entry in reversed(self._entries) if entry.kind), None)
        if entered or self._label or self._ended:
            return entered or self._label
        for depth, (section, kind) in enumerate(
            zip(line.section.path() if line.section else (), kinds, strict=False)
        ):
            if kind == "note" and section is self._told:
                return None
            if kind and (kind == "task" or depth == 0):
                return None if kind == "aside" else kind
            if kind or section.title.rstrip(" ?").casefold().endswith(_QUESTIONS):
                return None
        return None

    def people(self, line: Line) -> list[str]:
        """The people whose list it is, by the entry or the heading above."""
        for entry in reversed(self._entries):
            if entry.people:
                return entry.people
        title = line.section.title if line.section and line.section.parent else ""
        return self._reading.people.listed(title.strip(" *_:@"))
