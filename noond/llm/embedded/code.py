"""Source code: only `TODO` and `FIXME` comments say what is to be done."""

from __future__ import annotations

import re

from noond.llm.embedded.outline import LINE_LIMIT, split_lines
from noond.llm.embedded.reading import Reading
from noond.llm.embedded.tasktext import read_task
from noond.llm.embedded.titles import has_words
from noond.models.document import Candidate, Table

_HASH, _SLASH, _DASH, _PERCENT, _SEMICOLON = r"\#", r"//+|/\*+|\*", "--", "%+", ";+"
_LEADS = {
    _HASH: "py rb sh bash zsh fish pl r jl yml yaml toml tf mk nix ps1 ex exs cfg conf",
    _SLASH: "js jsx mjs cjs ts tsx c h cc cpp hpp cs java kt kts go rs swift scala php dart css "
    "scss less"
    " proto groovy zig vue svelte m mm",
    _DASH: "sql lua hs elm ada adb ads",
    _PERCENT: "tex erl hrl sty",
    _SEMICOLON: "el lisp clj cljs scm rkt asm ini",
}
_LEAD_OF = {f".{suffix}": lead for lead, suffixes in _LEADS.items() for suffix in suffixes.split()}
SUFFIXES = frozenset(_LEAD_OF)
"""The suffixes of source files, lower case."""

_END = re.compile(r"\s*(?:\*+/|-->)\s*$")


def read_code(suffix: str, reading: Reading) -> list[Candidate]:
    """A task for each marked comment."""
    marked = re.compile(
        rf"(?:^|\s)(?:{_LEAD_OF[suffix]})\s*(?:TODO|FIXME)(?:\((?P<who>[^()\n]{{1,60}})\))?\s?(?::"
        rf"|\s)\s*(?=\S)"
    )
    made: list[Candidate] = []
    for start, line in split_lines(reading.text):
        match = marked.search(line) if len(line) <= LINE_LIMIT else None
        if not match or line[: match.start()].count('"') % 2:
            continue
        task = read_task(_END.sub("", line[match.end() :]), reading)
        if not has_words(task.title):
            continue
        if match["who"] and not task.people:
            task.people = [match["who"].lstrip("@")]
        data = task.data() | {"projectId": task.project_id or reading.project_id}
        lead = start + match.start()
        made.append(reading.candidate(Table.TASKS, data, lead, start + len(line)))
    return made
