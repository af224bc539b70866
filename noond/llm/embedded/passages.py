"""Which lines of an outline belong together: wrapped lines, details, tables, paragraphs."""

from __future__ import annotations

import re

from noond.llm.embedded.grids import is_separator
from noond.llm.embedded.headings import SectionKind, announces_tasks, is_label, section_kind
from noond.llm.embedded.judgement import is_prose
from noond.llm.embedded.keyed import is_keyed
from noond.llm.embedded.markers import find_marker
from noond.llm.embedded.milestones import is_event_line
from noond.llm.embedded.outline import Kind, Line
from noond.llm.embedded.taskfields import is_meta_line

_WRAP_LENGTH = 55
_GOES_ON = re.compile(r"(?:[,:;]|(?<!\d)\.)$")
_MOST_LINES = 40


class Passages:
    """Answers for the lines of one outline; all indices are into them."""

    def __init__(self, lines: list[Line], *, addressed: bool = False) -> None:
        """`addressed`: the lines are a message, in which `Please:` asks for what follows."""
        self._lines = lines
        self._addressed = addressed

    def next_visible(self, index: int) -> Line | None:
        """The next line after `index` that is not blank, if it comes soon."""
        for line in self._lines[index + 1 : index + 6]:
            if line.kind is not Kind.BLANK:
                return line
        return None

    def joined(self, index: int) -> tuple[str, int]:
        """A line's body with its wrapped rest and its `key: value` lines, and the index after."""
        first = last = self._lines[index]
        text = first.body
        marker = find_marker(first.masked)
        takes_details = marker is None or marker.kind == "task"
        end = index + 1
        while end < len(self._lines) and end - index < _MOST_LINES:
            line = self._lines[end]
            if line.kind is Kind.TEXT and self._continues(first, last, line):
                text = f"{text} {line.body}"
            elif takes_details and self._is_detail(first, line):
                text = f"{text} ; {line.body}"
            else:
                break
            last = line
            end += 1
        return text, end

    @staticmethod
    def _continues(first: Line, last: Line, line: Line) -> bool:
        if first.kind is Kind.ITEM and line.indent <= first.indent:
            return False
        if not line.body[:1].islower() or last.body[-1:] in ".!?:":
            return False
        if find_marker(line.masked, whole_line=False) or is_label(line.body):
            return False
        return len(last.body) >= _WRAP_LENGTH and not is_meta_line(line.body)

    @staticmethod
    def _is_detail(first: Line, line: Line) -> bool:
        if line.kind not in (Kind.TEXT, Kind.ITEM) or line.box is not None:
            return False
        deeper = line.indent > first.indent
        below = deeper or (line.kind is Kind.TEXT and not first.bullet)
        return below and is_meta_line(line.body)

    def section_end(self, index: int) -> int:
        """The index of the heading after the heading at `index`."""
        end = index + 1
        while end < len(self._lines) and self._lines[end].kind is not Kind.HEADING:
            end += 1
        return end

    def paragraph_end(self, index: int) -> int:
        """The index after the paragraph of text that begins at `index`."""
        end = index + 1
        while end < len(self._lines):
            line = self._lines[end]
            if line.kind is not Kind.TEXT or find_marker(line.masked) or is_label(line.body):
                break
            if (
                is_keyed(line.body)
                or self.is_table_head(end)
                or self.is_list_label(end)
                or is_event_line(line.masked)
            ):
                break
            end += 1
        return end

    def _is_above_entries(self, index: int) -> bool:
        below = self._lines[index + 1 : index + 2]
        blank = bool(below) and below[0].kind is Kind.BLANK
        ends = self._lines[index].body.endswith(":")
        return ends and self.opens_entries(index + 2 if blank else index + 1)

    def opens_entries(self, index: int) -> bool:
        """Whether the lines of text from `index` to the next empty line are such a list."""
        end = index
        while end < len(self._lines) and self._lines[end].kind is Kind.TEXT:
            end += 1
        return self.are_entries(index, end)

    def are_entries(self, index: int, end: int) -> bool:
        """Whether lines of text are a list without bullets: short ones, no wrapped sentences."""
        lines = self._lines[index:end]
        if len(lines) < 2 or any(len(line.body) >= _WRAP_LENGTH for line in lines):
            return False
        small = [line.body[:1].islower() for line in lines]
        if any(small) and not all(small):
            return False
        return not any(_GOES_ON.search(line.body) or is_prose(line.body) for line in lines)

    def is_list_label(self, index: int) -> bool:
        """Whether a line of text is a heading by its words: `Next steps:`, `PENDIENTES`."""
        line = self._lines[index]
        following = self.next_visible(index)
        above_list = following is not None and following.kind is Kind.ITEM
        if (above_list or self._is_above_entries(index)) and announces_tasks(
            line.body, addressed=self._addressed
        ):
            return True
        if above_list or is_label(line.body):
            return section_kind(line.body) is not None
        if not self._heads_lines(index):
            return False
        kind = section_kind(line.body)
        return kind == "task" or (kind == "milestone" and self._dated_below(index))

    def label_kind(self, index: int) -> SectionKind | None:
        """What the label at `index` (`is_list_label`) promises."""
        body = self._lines[index].body
        announced = announces_tasks(body, addressed=self._addressed)
        return section_kind(body) or ("task" if announced else None)

    def _dated_below(self, index: int) -> bool:
        return any(map(str.isdecimal, self._lines[index + 1].body))

    def _heads_lines(self, index: int) -> bool:
        """Whether a line after a blank one has lines directly below that are no sentences."""
        if (index and self._lines[index - 1].kind is not Kind.BLANK) or index + 1 >= len(
            self._lines
        ):
            return False
        below = self._lines[index + 1]
        short = len(below.body) < _WRAP_LENGTH
        return below.kind is Kind.TEXT and short and below.body[-1] not in ".,:;!?"

    def is_table_head(self, index: int) -> bool:
        """Whether the line and the rule below it begin a Markdown table."""
        return (
            "|" in self._lines[index].body
            and index + 1 < len(self._lines)
            and is_separator(self._lines[index + 1].body)
        )

    def table_end(self, index: int) -> int:
        """The index after the table that begins at `index`: a row may look like a list's item."""
        opened = self.is_table_head(index)
        end = index + 1
        while end < len(self._lines) and (
            self._lines[end].kind is Kind.TABLE
            or (self._lines[end].kind is Kind.TEXT and "|" in self._lines[end].body)
            or (opened and self._lines[end].kind is Kind.ITEM and "|" in self._lines[end].body)
        ):
            end += 1
        return end
