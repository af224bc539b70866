"""Whatever the text: no exception, quotes that stand in it, the same answer twice, linear time."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noond.llm.embedded import extract, source_text
from noond.models.document import Candidate, DeviceContext, DeviceTask, Document, Table

PATHS = ("a.md", "a.txt", "a.org", "todo.txt", "a.ics", "a.csv", "a.eml", "a.py", "a", "x/y.tsv")
CONTEXT = DeviceContext(tasks=(DeviceTask(id="t", title="x", project_id=None),))
PIECES = st.sampled_from(
    [
        *("- [ ] ", "- [x] ", "* ", "1. ", "TODO", "TODO: ", "## ", "Next steps:", "\n", "\n\n"),
        *("  ", "> ", "```", "`", "**", "~~", "[[", "]]", "[", "](", ")", "(", "| ", "|---|"),
        *("@ana", "#tag", "+p", "!high", "📅 ", "2026-12-01", " by Friday", "due: ", "owner:: "),
        *("Ana", "Ben will ", " muss ", "send it", ".", "; ", "? ", "---\n", "type: note\n"),
        *("BEGIN:VTODO\n", "SUMMARY:x y\n", "END:VTODO\n", "DUE:", "20261201", "* TODO "),
        *("DEADLINE: <2026-12-01>", ":PROPERTIES:\n", "#+begin_src\n", "(A) ", "x ", '"', ","),
        *("Task,Owner,Due\n", "From: Ana <a@b.c>\n", "Date: Mon, 2 Nov 2026 10:00:00 +0100\n"),
        *("<p>", "<ul><li>", "-- \n", "[02.11.26, 14:05] Ana: ", "Milestone: ", "Decision: "),
        *("> [!todo] ", "> x", "Who|Task|Due\n-|-|-\n", "A. Ana | send it | 14/5", " (Fri)"),
        *("For example:", "    - [ ] ", "03:00:01 INFO ", "## 1.2.0\n", " - 14/5", "Status"),
        *("x: ", "\x00", "\u200e", "é", "\U0001f534"),
    ]
)
TEXTS = st.one_of(st.text(max_size=300), st.lists(PIECES, max_size=40).map("".join))


def read(path: str, text: str) -> tuple[Document, list[Candidate]]:
    document = Document(
        path=path,
        text=source_text(path, text),
        sha256="0" * 64,
        reference_at=datetime(2026, 11, 18, 9, tzinfo=UTC),
        timezone="Europe/Berlin",
    )
    return document, extract(document, frozenset(Table), CONTEXT)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(PATHS), TEXTS)
def test_every_candidate_is_whole_and_stands_in_the_text(path: str, text: str) -> None:
    document, candidates = read(path, text)
    for candidate in candidates:
        assert candidate.start is not None
        end = candidate.start + len(candidate.quote)
        assert candidate.quote
        assert document.text[candidate.start : end] == candidate.quote
        assert candidate.table in set(Table)
        name = candidate.data.get("title") or candidate.data.get("name")
        assert name or candidate.table == Table.TASK_COMMENTS
        assert None not in candidate.data.values()
    assert read(path, text)[1] == candidates


@pytest.mark.parametrize(
    ("path", "piece"),
    [
        ("a.md", "- [ ] @a "),
        ("a.md", "[["),
        ("a.md", " "),
        ("a.txt", "Ben will by Friday "),
        ("a.txt", "TODO: "),
        ("a.org", "*"),
        ("todo.txt", "+p "),
        ("a.ics", "x;"),
        ("a.csv", '",'),
        ("a.eml", "<!--"),
    ],
)
def test_a_hostile_line_of_five_megabytes_costs_little(path: str, piece: str) -> None:
    """Quadratic time would be hours here; a busy machine needs a fifth of the limit."""
    text = piece * (5_000_000 // len(piece))
    begun = time.process_time()
    read(path, text)
    assert time.process_time() - begun < 2


@pytest.mark.parametrize(
    "line",
    [
        "- [ ] " + "@a #b !c (Ana) by Friday " * 50,
        "TODO: " + "due: x " * 180,
        "Ben will " + "Ana, Ben and " * 100,
        "## Next steps\n- " + "Ana: " * 200,
        "| " + "a | " * 400,
        "Ben will send it by Friday.\n" * 20,
        "Bis Morgen morgen wird Ben da sein. " * 20,
        "Next steps:\n" * 3,
        "[02.11.26, 14:05] Ana: I will send it by Friday",
    ],
)
def test_time_grows_with_the_text(line: str) -> None:
    def seconds(count: int) -> float:
        begun = time.process_time()
        read("a.txt", f"{line}\n" * count)
        return time.process_time() - begun

    seconds(5)
    few, many = seconds(25), seconds(100)
    assert many < 4 * few * 2.5 + 0.2
