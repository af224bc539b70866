"""Tables of data as Markdown tables, so that columns keep their names."""

from __future__ import annotations

import re

from lxml import html

_LONGEST_CELL = 500
_MOST_COLUMNS = 50
_SPACE = re.compile(r"\s+")
# What a table that only arranges a page contains.
_LAYOUT = ("table", "ul", "ol", "pre", "h1", "h2", "h3", "h4", "h5", "h6", "form", "hr")


def markdown_table(table: html.HtmlElement) -> str | None:
    """The table in Markdown, or None for one that only arranges the page.

    Data has at least two rows and two columns, and short cells without lists or tables in them.
    """
    if next((e for e in table.iter(*_LAYOUT) if e is not table), None) is not None:
        return None
    rows = [_cells(row) for row in table.iter("tr")]
    rows = [row for row in rows if any(row)]
    columns = max((len(row) for row in rows), default=0)
    if len(rows) < 2 or not 2 <= columns <= _MOST_COLUMNS:
        return None
    if any(len(cell) > _LONGEST_CELL for row in rows for cell in row):
        return None
    lines = [_line(row + [""] * (columns - len(row))) for row in rows]
    lines.insert(1, _line(["---"] * columns))
    caption = table.find("caption")
    title = "" if caption is None else _SPACE.sub(" ", caption.text_content()).strip()
    return "\n".join([title, "", *lines] if title else lines)


def _cells(row: html.HtmlElement) -> list[str]:
    cells: list[str] = []
    for cell in row.iterchildren("td", "th"):
        words = " ".join(part.strip() for part in cell.itertext() if part.strip())
        cells.append(_SPACE.sub(" ", words).replace("|", "\\|"))
        span = cell.get("colspan") or "1"
        if span.isascii() and span.isdigit():
            cells += [""] * (min(int(span[:4]), _MOST_COLUMNS) - 1)
    return cells


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"
