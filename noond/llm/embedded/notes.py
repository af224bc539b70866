"""Notes and decisions, projects, and comments on tasks that the device already has."""

from __future__ import annotations

import re

from noond.llm.embedded.judgement import is_question
from noond.llm.embedded.reading import Reading
from noond.llm.embedded.titles import clean_title, has_words
from noond.models.document import Candidate, Table

_TITLE_LENGTH = 80
_SENTENCE_END = re.compile(r"(?<=[^\d.][.!])\s")
# "Note: `--force` is needed": a manual speaks to its readers, nobody notes anything down.
_MANUAL = re.compile(r"`[^`\n]{1,80}`|::\s*$")
_NAME_LENGTH = 100
_COMMENT = re.compile(
    r"[*_\"“„«]{0,3}(?:(?:re|aw|comment(?:\son)?|update(?:\son)?|kommentar(?:\szu)?"
    r"|commentaire(?:\ssur)?"
    r"|comentario(?:\ssobre)?)\s?:?\s)?[*_\"“„«]{0,3}(?P<title>[^:\n]{3,200}?)[*_\"”“»]{0,3}\s?(?::|\s[–—-])\s"
    r"(?P<comment>\S.*)",
    re.IGNORECASE | re.DOTALL,
)


def note(text: str, start: int, end: int, reading: Reading, title: str = "") -> Candidate | None:
    """A note of its text; without a title its first sentence is the title, cut at a word."""
    content = text.strip()
    title = clean_title(title) or _headline(content)
    if not has_words(title) or is_question(content) or _MANUAL.search(content):
        return None
    data = {"title": title, "content": content or title, "projectId": reading.project_id}
    return reading.candidate(Table.NOTES, data, start, end)


def _headline(content: str) -> str:
    first_line = clean_title(content.split("\n", 1)[0])
    first = _SENTENCE_END.split(first_line, maxsplit=1)[0].rstrip(".")
    if len(first) <= _TITLE_LENGTH:
        return first
    return first[:_TITLE_LENGTH].rsplit(" ", 1)[0].rstrip(" ,;:") + "…"


def project(name: str, start: int, end: int, reading: Reading) -> Candidate | None:
    """A project by its name, unless the device has it."""
    name = clean_title(name)
    if not has_words(name) or len(name) > _NAME_LENGTH or is_question(name) or "://" in name:
        return None
    if reading.project_named(name):
        return None
    return reading.candidate(Table.PROJECTS, {"name": name}, start, end)


def comment(text: str, start: int, end: int, reading: Reading) -> Candidate | None:
    """A line that names a known task by its exact title and says something about it."""
    if not reading.tasks:
        return None
    match = _COMMENT.match(text)
    task_id = reading.tasks.get(" ".join(match["title"].split()).casefold()) if match else None
    if not match or not task_id or not has_words(match["comment"]):
        return None
    data = {"taskId": task_id, "author": reading.speaker, "content": match["comment"].strip()}
    return reading.candidate(Table.TASK_COMMENTS, data, start, end)
