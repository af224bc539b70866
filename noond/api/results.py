"""Results of tasks as files: JSON, JSON lines, CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal, TypeAlias

from aiohttp import web
from pydantic import Field

from noond.api.routing import Query
from noond.inert import FORMULA

ResultFormat: TypeAlias = Literal["json", "jsonl", "csv"]

FORMATS: Final[Mapping[ResultFormat, str]] = MappingProxyType(
    {"json": "application/json", "jsonl": "application/jsonl", "csv": "text/csv"}
)
"""The media types."""

TEXTS: Final = tuple(media_type for name, media_type in FORMATS.items() if name != "json")
"""Those that have a line for each row."""


class ResultQuery(Query):
    """How to write the result."""

    format: Annotated[
        ResultFormat,
        Field(description="`json`; `jsonl` and `csv` have a line for each step."),
    ] = "json"


def rendered(wanted: ResultFormat, document: Any, rows: Sequence[Mapping[str, Any]]) -> str:
    """The document as JSON, or its rows, which have the same keys, as lines of JSON or CSV.

    CSV as in RFC 4180; what a spreadsheet would take for a formula has an apostrophe before it.
    """
    if wanted == "json":
        return json.dumps(document, ensure_ascii=False)
    if wanted == "jsonl":
        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    written = io.StringIO()
    writer = csv.writer(written)
    if rows:
        writer.writerow(rows[0])
    writer.writerows([_cell(value) for value in row.values()] for row in rows)
    return written.getvalue()


def result_file(
    wanted: ResultFormat, document: dict[str, Any], rows: list[dict[str, Any]]
) -> web.Response:
    """The reply: a document, or its rows as lines."""
    text = rendered(wanted, document, rows)
    return web.Response(text=text, content_type=FORMATS[wanted], charset="utf-8")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"'{text}" if isinstance(value, str) and FORMULA.match(text.lstrip()) else text
