"""Tables in plain text whose columns are made with spaces or tabs, below a header row.

A row's cells are what two or more spaces or a tab part. Text has such gaps for other reasons too:
the header must give roles to columns, and the rows must have cells below its words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from noond.llm.embedded.columns import Grid, understand
from noond.llm.embedded.headers import roles_of
from noond.llm.embedded.outline import Kind, Line
from noond.llm.embedded.reading import Reading

_GAP = re.compile(r" {2,}|\t[ \t]*")
_CELL = re.compile(r"\S+(?: \S+)*")
_RULE = re.compile(r"[\s=_+–—-]{4,}$")
_FEWEST_CELLS = 3
_LONGEST_HEADER = 30
_MOST_ROWS = 500

Row = tuple[list[str], Line]


def is_aligned_head(line: Line, text: str) -> bool:
    """Whether a line of text can be the header of such a table."""
    raw = text[line.start : line.end]
    if "  " not in raw.strip() and "\t" not in raw.strip():
        return False
    header = _GAP.split(raw.strip())
    if len(header) < _FEWEST_CELLS or any(len(cell) > _LONGEST_HEADER for cell in header):
        return False
    known = [roles for cell in header if (roles := roles_of(cell)) and roles[0] != "other"]
    return len(known) >= _FEWEST_CELLS


def understood_aligned(
    lines: Sequence[Line], reading: Reading
) -> tuple[Grid | None, list[Row], int]:
    """The table that begins at the first line: its columns, its rows, and how many lines it takes.

    Without one the grid is None.
    """
    head = reading.text[lines[0].start : lines[0].end].expandtabs(8)
    starts = [match.start() for match in _CELL.finditer(head)]
    header = [match.group() for match in _CELL.finditer(head)]
    tabbed = "\t" in reading.text[lines[0].start : lines[0].end].strip()
    rows: list[Row] = []
    taken = 1
    for line in lines[1 : _MOST_ROWS + 1]:
        raw = reading.text[line.start : line.end]
        if _RULE.fullmatch(raw) and raw.strip():
            taken += 1
            continue
        if line.kind not in (Kind.TEXT, Kind.ITEM):
            break
        cells = _tabbed(raw, len(header)) if tabbed else _placed(raw.expandtabs(8), starts)
        if sum(map(bool, cells)) < 2:
            break
        rows.append((cells, line))
        taken += 1
    if not rows:
        return None, [], 1
    return (
        understand(header, [cells for cells, _ in rows], reading, explicit_only=True),
        rows,
        taken,
    )


def _tabbed(raw: str, columns: int) -> list[str]:
    cells = [cell.strip() for cell in re.split(r"\t+", raw.strip("\t "))]
    return cells if len(cells) <= columns else []


def _placed(raw: str, starts: list[int]) -> list[str]:
    """The cells of a row, each in the column whose header stands nearest above its beginning."""
    cells = [""] * len(starts)
    for match in _CELL.finditer(raw):
        column = min(range(len(starts)), key=lambda index: abs(starts[index] - match.start()))
        if cells[column]:
            return []
        cells[column] = match.group()
    return cells
