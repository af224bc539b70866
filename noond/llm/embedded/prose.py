"""Reads Markdown and plain text by line: each belongs to the first grammar that knows it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from noond.llm.embedded import milestones, notes
from noond.llm.embedded.aligned import is_aligned_head, understood_aligned
from noond.llm.embedded.assigned import is_assigned
from noond.llm.embedded.entries import Place, checkbox_task, listed_task, marked_tasks
from noond.llm.embedded.examples import is_example_label, is_version_history
from noond.llm.embedded.grids import read_rows, read_table
from noond.llm.embedded.headings import SectionKind, is_label, section_kind
from noond.llm.embedded.judgement import is_prose
from noond.llm.embedded.keyed import keyed_task
from noond.llm.embedded.logseq import read_keyword
from noond.llm.embedded.markers import Marker, find_marker
from noond.llm.embedded.outline import Kind, Line
from noond.llm.embedded.passages import Passages
from noond.llm.embedded.reading import Reading
from noond.llm.embedded.sentences import read_sentences
from noond.llm.embedded.standing import Entry, Standing
from noond.models.document import Candidate

_COMMENT_END = re.compile(r"\s*(?:-->|\*/)\s*$")
_TASK_MARKS = re.compile(r"@\w|!\w|\b(?:due|fällig|échéance|vence)\b|📅", re.IGNORECASE)


def read_prose(lines: list[Line], reading: Reading) -> list[Candidate]:
    """The records of an outlined text, in its order."""
    return _ProseReader(lines, reading).read()


class _ProseReader:
    def __init__(self, lines: list[Line], reading: Reading) -> None:
        self._lines = lines
        self._passages = Passages(lines, addressed=reading.speaker is not None)
        self._base = reading
        self._reading = reading
        self._standing = Standing(reading)
        self._made: list[Candidate] = []
        self._below_label = -1

    def read(self) -> list[Candidate]:
        index = 0
        while index < len(self._lines):
            line = self._lines[index]
            project = self._standing.enter(line.section)
            if project != self._reading.project_id:
                self._reading = replace(self._base, project_id=project or self._base.project_id)
            index = max(index + 1, self._read_line(index, line))
        return self._made

    def _read_line(self, index: int, line: Line) -> int:
        """Read what begins at a line; the index after it."""
        if line.kind is Kind.BLANK:
            following = self._passages.next_visible(index)
            # A label may have its lines below an empty one.
            kept = index == self._below_label and self._passages.opens_entries(index + 1)
            if following and following.kind is Kind.TEXT and following.indent == 0 and not kept:
                self._standing.put_label(None)
            return index + 1
        kind = self._standing.kind_of(line)
        if kind == "example":
            return index + 1
        match line.kind:
            case Kind.HEADING:
                return self._heading(index, line)
            case Kind.ITEM if line.body:
                return self._item(index, line)
            case Kind.TABLE:
                return self._table(index)
            case Kind.TEXT if self._passages.is_table_head(index):
                return self._table(index)
            case Kind.TEXT if is_aligned_head(line, self._reading.text):
                return self._aligned(index) or self._text(index, line, kind)
            case Kind.TEXT:
                return self._text(index, line, kind)
        return index + 1

    def _add(self, *candidates: Candidate | None) -> bool:
        made = [candidate for candidate in candidates if candidate]
        self._made += made
        return bool(made)

    def _add_all(self, candidates: Iterable[Candidate]) -> bool:
        return self._add(*candidates)

    def _place(self, line: Line, end: int) -> Place:
        return Place(
            reading=self._reading,
            end=end,
            people=self._standing.people(line),
            listed=self._standing.kind_of(line) == "task",
        )

    def _heading(self, index: int, line: Line) -> int:
        marker = find_marker(line.masked, whole_line=False)
        if not marker:
            parent = line.section.parent if line.section else None
            if parent and section_kind(parent.title) == "milestone":
                start = line.body_start
                self._add(milestones.read_listed(line.body, start, line.end, self._reading))
            return index + 1
        rest = line.body[marker.rest_start :]
        if marker.kind == "note":
            end = self._passages.section_end(index)
            body = self._reading.text[line.end : self._lines[end - 1].end].strip()
            self._add(notes.note(body or rest, line.body_start, line.end, self._reading, rest))
            self._standing.told()
        else:
            self._marked(line, marker, line.body, line.end)
        return index + 1

    def _item(self, index: int, line: Line) -> int:
        self._standing.descend(line)
        kind = self._standing.kind_of(line)
        logseq = read_keyword(self._lines, index, self._reading)
        if logseq:
            self._add(logseq[0])
            return logseq[1]
        text, end = self._passages.joined(index)
        span_end = self._lines[end - 1].end
        if line.box is None and self._add(
            keyed_task(line.body, line.body_start, self._place(line, span_end))
        ):
            return end
        marker = find_marker(line.masked)
        marks_task = marker is None or marker.kind == "task"
        if kind == "milestone" and marks_task and not (line.box and _TASK_MARKS.search(text)):
            listed = milestones.read_listed(text, line.body_start, span_end, self._reading)
            if self._add(listed):
                return end
        if line.box is not None and marks_task:
            self._add(checkbox_task(line, text, marker, self._place(line, span_end)))
            self._standing.push(Entry(indent=line.indent, is_task=True))
        elif marker:
            self._marked(line, marker, text, span_end)
        elif self._opens_list(index, line):
            pass
        elif kind == "task":
            self._entry(index, line, text, span_end)
        elif kind == "note" and not self._standing.inside_task:
            self._add(notes.note(line.body, line.body_start, span_end, self._reading))
            self._standing.push(Entry(indent=line.indent, is_task=True))
        elif not self._standing.inside_task:
            self._loose_item(line, span_end)
        return end

    def _opens_list(self, index: int, line: Line) -> bool:
        """Whether an item is a heading of its own: `3. Next steps:` with a list below it."""
        following = self._passages.next_visible(index)
        deeper = following and following.kind is Kind.ITEM and following.indent > line.indent
        numbered = line.bullet[:1].isdecimal()
        kind = section_kind(line.body) if deeper or numbered else None
        if not kind:
            return False
        if deeper:
            self._standing.push(Entry(indent=line.indent, kind=kind))
            return True
        if numbered and kind != "aside":
            self._standing.put_label(kind, numbered=True)
            return True
        return False

    def _entry(self, index: int, line: Line, text: str, span_end: int) -> None:
        """An entry of a list of tasks; those below a task are its details."""
        if self._standing.inside_task:
            return
        if self._names_group(index, line):
            people = self._reading.people.listed(line.body.strip(" *_:@"))
            self._standing.push(Entry(indent=line.indent, people=people))
        elif self._add(listed_task(line, text, self._place(line, span_end))):
            self._standing.push(Entry(indent=line.indent, is_task=True))

    def _names_group(self, index: int, line: Line) -> bool:
        """Whether an entry only names what, or whose, the deeper entries are."""
        following = self._passages.next_visible(index)
        if not following or following.kind is not Kind.ITEM or following.indent <= line.indent:
            return False
        if following.box is not None or line.body.rstrip(" *_").endswith(":"):
            return True
        return len(line.body.split()) == 1 or bool(self._reading.people.listed(line.body))

    def _loose_item(self, line: Line, span_end: int) -> None:
        if is_assigned(line, self._reading):
            self._add(listed_task(line, line.body, self._place(line, span_end)))
        elif not self._event_or_comment(line):
            raw = self._reading.text[line.body_start : span_end]
            self._add_all(read_sentences(raw, line.body_start, self._reading, listed=True))

    def _event_or_comment(self, line: Line) -> bool:
        body, start, end = line.body, line.body_start, line.body_start + len(line.body)
        if is_version_history(line.section):
            return False
        return self._add(milestones.read_event(body, start, end, self._reading)) or self._add(
            notes.comment(body, start, end, self._reading)
        )

    def _marked(self, line: Line, marker: Marker, text: str, span_end: int) -> None:
        """A line with a marker, by the marker's kind; `text` begins as the line's body does."""
        start = line.body_start + marker.start
        rest_end = marker.rest_end(text)
        rest = _COMMENT_END.sub("", text[marker.rest_start : rest_end])
        if rest_end < len(text) and line.body.startswith(text[:rest_end]):
            # What is bracketed ends within the line.
            span_end = line.body_start + rest_end
            behind = line.body[rest_end:]
        else:
            behind = ""
        if marker.start:
            before = line.body[: marker.start]
            self._add_all(read_sentences(before, line.body_start, self._reading))
        match marker.kind:
            case "task":
                self._add_all(marked_tasks(line, rest, marker, self._place(line, span_end)))
            case "milestone":
                for one in rest.split("; "):
                    self._add(milestones.read_milestone(one, start, span_end, self._reading))
            case "note" if not is_version_history(line.section):
                self._add(notes.note(rest, start, span_end, self._reading))
            case "project":
                name = line.body[marker.rest_start : rest_end]
                self._add(notes.project(name, start, line.end, self._reading))
        if behind[1:].strip():
            self._behind(replace(line, body=behind, body_start=span_end))

    def _behind(self, rest: Line) -> None:
        """What follows a marker's closing bracket, with it: further markers, sentences."""
        marker = find_marker(rest.masked)
        if marker and marker.start:
            self._marked(rest, marker, rest.body, rest.end)
        else:
            self._add_all(read_sentences(rest.body[1:], rest.body_start + 1, self._reading))

    def _text(self, index: int, line: Line, kind: SectionKind | None) -> int:
        if self._add(keyed_task(line.body, line.body_start, self._place(line, line.end))):
            return index + 1
        marker = find_marker(line.masked)
        if marker:
            text, end = self._passages.joined(index)
            self._marked(line, marker, text, self._lines[end - 1].end)
            return end
        if self._passages.is_list_label(index):
            self._standing.put_label(self._passages.label_kind(index), indent=line.indent)
            self._below_label = index + 1
            return index + 1
        if is_label(line.body) or (self._standing.ends(line)):
            example = is_example_label(line.body)
            self._standing.put_label("example" if example else None, indent=line.indent)
            if example:
                return index + 1
        if self._standing.label not in (None, "aside"):
            return self._labelled(index, line)
        end = line.body_start + len(line.body)
        if kind == "milestone" and self._add(
            milestones.read_listed(line.body, line.body_start, end, self._reading)
        ):
            return index + 1
        if self._event_or_comment(line):
            return index + 1
        return self._paragraph(index, line, kind)

    def _labelled(self, index: int, line: Line) -> int:
        """A line of text directly below a label."""
        text, end = self._passages.joined(index)
        span_end = self._lines[end - 1].end
        match self._standing.label:
            case "task" if not is_prose(text):
                self._add(listed_task(line, text, self._place(line, span_end)))
            case "task":
                raw = self._reading.text[line.body_start : span_end]
                self._add_all(read_sentences(raw, line.body_start, self._reading))
            case "milestone":
                self._add(milestones.read_listed(text, line.body_start, span_end, self._reading))
            case "note":
                self._add(notes.note(text, line.body_start, span_end, self._reading))
        return end

    def _paragraph(self, index: int, line: Line, kind: SectionKind | None) -> int:
        end = self._passages.paragraph_end(index)
        if kind == "task" and self._passages.are_entries(index, end):
            for entry in self._lines[index:end]:
                self._add(listed_task(entry, entry.body, self._place(entry, entry.end)))
            return end
        span_end = self._lines[end - 1].end
        text = self._reading.text[line.body_start : span_end]
        if kind == "note":
            self._add(notes.note(text, line.body_start, span_end, self._reading))
        else:
            self._add_all(read_sentences(text, line.body_start, self._reading))
        return end

    def _aligned(self, index: int) -> int:
        """A table made with spaces; 0 when it is none."""
        grid, rows, taken = understood_aligned(self._lines[index:], self._reading)
        if not grid or not self._add_all(read_rows(grid, rows, self._reading)):
            return 0
        return index + taken

    def _table(self, index: int) -> int:
        end = self._passages.table_end(index)
        self._add_all(read_table(self._lines[index:end], self._reading))
        return end
