"""The days in the columns of dates of a document's tables, as the extractor reads them.

`14/5` or `Fri` is a day there and elsewhere not, so who checks a record's date against the text
must know which cells those are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

from noond.llm.dates import DateGrammar, FoundDate
from noond.llm.dates.stamps import mail_date
from noond.llm.embedded.aligned import is_aligned_head, understood_aligned
from noond.llm.embedded.cells import cell_date
from noond.llm.embedded.columns import Grid
from noond.llm.embedded.exports import is_export, understood_rows
from noond.llm.embedded.grids import understood_table
from noond.llm.embedded.names import People
from noond.llm.embedded.outline import Kind, is_markdown, outline
from noond.llm.embedded.passages import Passages
from noond.llm.embedded.reading import Reading
from noond.models.document import Document


def dated_cells(document: Document) -> list[FoundDate]:
    """The days of all due and date columns of tables of tasks or milestones.

    Each stands at its row's place in the text. Linear in the text's length.
    """
    text, zone = document.text, ZoneInfo(document.timezone)
    reference = mail_date(text) or document.reference_at
    reading = Reading(
        text=text,
        zone=zone,
        dates=DateGrammar(text, reference=reference, zone=zone),
        people=People(text),
        projects={},
        tasks={},
    )
    path = document.path
    rows = (
        _exported(reading) if is_export(path) else _in_tables(reading, markdown=is_markdown(path))
    )
    return [
        replace(date, start=start, end=end)
        for grid, row, start, end in rows
        for role in ("due", "date")
        if (date := cell_date(grid.cell(row, role), reading))
    ]


_Row = tuple[Grid, Sequence[str], int, int]


def _exported(reading: Reading) -> Iterator[_Row]:
    grid, rows = understood_rows(reading)
    if grid:
        yield from ((grid, *row) for row in rows)


def _in_tables(reading: Reading, *, markdown: bool) -> Iterator[_Row]:
    lines = outline(reading.text, markdown=markdown)
    passages = Passages(lines)
    index = 0
    while index < len(lines):
        if lines[index].kind is Kind.TEXT and is_aligned_head(lines[index], reading.text):
            grid, rows, taken = understood_aligned(lines[index:], reading)
            if grid:
                yield from ((grid, row, line.start, line.end) for row, line in rows)
                index += taken
                continue
        if not passages.is_table_head(index):
            index += 1
            continue
        end = passages.table_end(index)
        grid, rows = understood_table(lines[index:end], reading)
        if grid:
            yield from ((grid, row, line.start, line.end) for row, line in rows)
        index = end
