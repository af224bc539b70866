"""What commands print: JSON, tables for a terminal, tab-separated lines for a pipe.

Text from documents, devices and the daemon is foreign: everything here makes it inert.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Any, Final

import click

from noond.inert import FORMULA

if TYPE_CHECKING:
    from rich.table import Table

Cell = str | int | float | bool | None

_WHOLE: Final = frozenset(
    {
        "ID", "MODE", "CREATED", "NEXT", "LAST RUN", "KEY", "EXPIRES", "LAST USED", "SEQ", "TIME",
        "TRY",
    }
)  # fmt: skip
"""Columns of which no part goes to a second line."""
_STATUS_STYLES: Final = {
    "success": "green",
    "completed": "green",
    "delivered": "green",
    "online": "green",
    "partial": "yellow",
    "waiting": "yellow",
    "paused": "yellow",
    "error": "red",
    "failed": "red",
}


def one_line(value: Cell) -> str:
    """The value as one inert line: white space collapsed, control characters spelled out."""
    from noond.inert import inert

    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return inert(" ".join(str(value).split()))


def _cell(value: Cell) -> str:
    text = one_line(value)
    return f"'{text}" if isinstance(value, str) and FORMULA.match(text) else text


def to_json(document: Any) -> str:
    """The document as indented JSON that no terminal takes as a command."""
    from noond.inert import HARMFUL

    text = json.dumps(document, indent=2, ensure_ascii=False, default=str)
    return HARMFUL.sub(lambda found: "\n" if found[0] == "\n" else json.dumps(found[0])[1:-1], text)


def on_terminal() -> bool:
    """Whether stdout is a terminal."""
    return sys.stdout.isatty()


def print_json(document: Any) -> None:
    """Print one JSON document."""
    click.echo(to_json(document))


def print_json_line(document: Any) -> None:
    """Print a JSON document in one line, in ASCII."""
    click.echo(json.dumps(document, default=str).replace("\x7f", "\\u007f"))


def print_line(*cells: Cell) -> None:
    """Print the cells as one line: tab separated, uncut.

    A text that a spreadsheet would take for a formula has an apostrophe before it, as
    spreadsheets write text; `--json` has it without.
    """
    click.echo("\t".join(_cell(cell) for cell in cells))


def print_text(text: str, *, bold: bool = False) -> None:
    """Print a line for a person, wrapped at words to the terminal's width; uncut into a pipe."""
    if not on_terminal():
        click.echo(one_line(text))
        return
    import os
    import shutil
    import textwrap

    width = min(shutil.get_terminal_size().columns, 100)
    indent = text[: len(text) - len(text.lstrip(" "))]
    filled = textwrap.fill(
        one_line(text),
        width,
        initial_indent=indent,
        subsequent_indent=indent,
        break_on_hyphens=False,
        break_long_words=False,
    )
    click.echo(click.style(filled, bold=True) if bold and "NO_COLOR" not in os.environ else filled)


def print_rows(headers: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
    """Print rows: a table on a terminal, else one line each without a header."""
    if not on_terminal():
        for row in rows:
            print_line(*row)
        return
    from rich.console import Console

    Console(highlight=False).print(rows_table(headers, rows))


def rows_table(headers: Sequence[str], rows: Sequence[Sequence[Cell]]) -> Table:
    """The rows as a table for a terminal."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for header in headers:
        table.add_column(header, overflow="fold", no_wrap=header in _WHOLE, min_width=len(header))
    for row in rows:
        table.add_row(
            *(
                Text(one_line(cell), style=_STATUS_STYLES.get(one_line(cell), ""))
                if header == "STATUS"
                else Text(one_line(cell))
                for header, cell in zip(headers, row, strict=True)
            )
        )
    return table


def print_facts(facts: Mapping[str, Cell]) -> None:
    """Print names and values; on a terminal aligned, and without those that have no value."""
    if not on_terminal():
        for name, value in facts.items():
            print_line(name, value)
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    for name, value in facts.items():
        if value is not None and value != "":
            table.add_row(Text(name), Text(one_line(value)))
    Console(highlight=False).print(table)


def note(text: str) -> None:
    """Tell a person something beside the result, on stderr."""
    click.echo(one_line(text), err=True)


def local_time(moment: str | None) -> str:
    """An RFC 3339 time for a person: local, to the minute. Uncut into a pipe."""
    if moment is None:
        return ""
    if not on_terminal():
        return moment
    return datetime.fromisoformat(moment).astimezone().strftime("%Y-%m-%d %H:%M")


def local_day(milliseconds: int | None, zone: tzinfo | None = None) -> str:
    """The date, in the zone or here, of milliseconds since 1970-01-01 UTC."""
    if milliseconds is None:
        return ""
    try:
        moment = datetime.fromtimestamp(milliseconds / 1000, UTC).astimezone(zone)
    except (OverflowError, ValueError, OSError):  # beyond the years that a date can have
        return f"{milliseconds} ms"
    return moment.date().isoformat()
