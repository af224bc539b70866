"""CSV exports of trackers (Jira, Trello, Asana, Todoist, GitHub, Linear, spreadsheets)."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import PurePath

from noond.llm.embedded.columns import Grid, understand
from noond.llm.embedded.grids import read_row
from noond.llm.embedded.outline import split_lines
from noond.llm.embedded.reading import Reading
from noond.models.document import Candidate

_DELIMITERS = ",;\t|"
_FIELD_LIMIT = 100_000
_HEADER_ROWS = 5


Row = tuple[list[str], int, int]
"""A row's cells and its place in the text."""


def is_export(path: str) -> bool:
    """Whether the file is a table of separated values, by its suffix."""
    return PurePath(path.replace("\\", "/")).suffix.lower() in (".csv", ".tsv")


def read_export(reading: Reading) -> list[Candidate]:
    """A record for each row, when the header is that of a list of tasks or milestones."""
    grid, rows = understood_rows(reading)
    if grid is None:
        return []
    made = (read_row(grid, cells, start, end, reading) for cells, start, end in rows)
    return [candidate for candidate in made if candidate]


def understood_rows(reading: Reading) -> tuple[Grid | None, list[Row]]:
    """The columns of the table and the rows below its header."""
    text = reading.text.removeprefix("\ufeff")
    shift = len(reading.text) - len(text)
    if text.startswith("sep=") and "\n" in text:
        shift += text.index("\n") + 1
        text = text[text.index("\n") + 1 :]
    rows = list(separated_rows(text))
    first, grid = _find_header([cells for cells, _, _ in rows], reading)
    if grid is None:
        return None, []
    header = rows[first][0]
    following = [*(cells for cells, _, _ in rows[first + 2 :]), []]
    return grid, [
        (cells, start + shift, end + shift)
        for (cells, start, end), after in zip(rows[first + 1 :], following, strict=False)
        # Boards repeat the header for each group, below the group's name.
        if cells != header and not (after == header and sum(map(bool, cells)) == 1)
    ]


def _find_header(rows: list[list[str]], reading: Reading) -> tuple[int, Grid | None]:
    """Which row is the header of a list of tasks or milestones; titles may stand above it."""
    for index, row in enumerate(rows[:_HEADER_ROWS]):
        if sum(map(bool, row)) < 2:
            continue  # a title
        grid = understand(row, rows[index + 1 :], reading, explicit_only=False)
        if grid:
            return index, grid
    return 0, None


def separated_rows(text: str) -> Iterator[Row]:
    """Each record's cells and its place in the text; a cell may hold newlines."""
    lines = list(split_lines(text))
    head = "\n".join(line[:1_000] for _, line in lines[:_HEADER_ROWS])
    delimiter = max(_DELIMITERS, key=head.count)
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
