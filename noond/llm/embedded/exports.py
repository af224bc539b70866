"""CSV exports of trackers (Jira, Trello, Asana, Todoist, GitHub, Linear, spreadsheets)."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import PurePath

from noond.llm.embedded.grids import read_row, understand
from noond.llm.embedded.outline import split_lines
from noond.llm.embedded.reading import Reading
from noond.models.document import Candidate

_DELIMITERS = ",;\t|"
_FIELD_LIMIT = 100_000


def is_export(path: str) -> bool:
    """Whether the file is a table of separated values, by its suffix."""
    return PurePath(path.replace("\\", "/")).suffix.lower() in (".csv", ".tsv")


def read_export(reading: Reading) -> list[Candidate]:
    """A record for each row, when the header is that of a list of tasks or milestones."""
    text = reading.text.removeprefix("\ufeff")
    shift = len(reading.text) - len(text)
    if text.startswith("sep=") and "\n" in text:
        shift += text.index("\n") + 1
        text = text[text.index("\n") + 1 :]
    head = text.split("\n", 1)[0][:5_000]
    delimiter = max(_DELIMITERS, key=head.count)
    grid = None
    made: list[Candidate] = []
    for number, (row, start, end) in enumerate(_rows(text, delimiter)):
        if grid is None:
            grid = understand(row, explicit_only=False)
            if grid is None and number >= 3:
                return []
            continue
        candidate = read_row(grid, row, start + shift, end + shift, reading)
        if candidate:
            made.append(candidate)
    return made


def _rows(text: str, delimiter: str) -> Iterator[tuple[list[str], int, int]]:
    """Each record's cells and its place in the text; a cell may hold newlines."""
    lines = list(split_lines(text))
    reader = csv.reader((line + "\n" for _, line in lines), delimiter=delimiter)
    first = 0
    while True:
        try:
            row = next(reader)
        except (StopIteration, csv.Error):
            return
        last = reader.line_num - 1
        start, end = lines[first][0], lines[last][0] + len(lines[last][1])
        first = last + 1
        if any(row) and end - start <= _FIELD_LIMIT:
            yield [" ".join(cell.split()) if len(cell) < 500 else cell for cell in row], start, end
