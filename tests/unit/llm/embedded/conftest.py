"""Reads texts with the embedded extractor as the pipeline would."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from noond.llm.embedded import extract, source_text
from noond.llm.source import normalise
from noond.models.document import Candidate, DeviceContext, Document, Table

ZONE = "Europe/Berlin"
WEDNESDAY = datetime(2026, 11, 18, 9, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Found:
    """A candidate with its day readable: `2026-11-20`, or with a time `2026-11-20 14:00`."""

    table: str
    data: dict[str, Any]
    quote: str
    when: str | None

    @property
    def title(self) -> str:
        """The title or the name."""
        return str(self.data.get("title", self.data.get("name")))


Read = Callable[..., list[Found]]


@pytest.fixture
def read() -> Read:
    """Reads a text under a path; the file's date is a Wednesday, the zone Berlin."""

    def _read(
        text: str,
        path: str = "notes.md",
        *,
        context: DeviceContext | None = None,
        tables: frozenset[Table] = frozenset(Table),
    ) -> list[Found]:
        document = Document(
            path=path,
            text=normalise(source_text(path, normalise(text))),
            sha256="0" * 64,
            reference_at=WEDNESDAY,
            timezone=ZONE,
        )
        candidates = extract(document, tables, context)
        for candidate in candidates:
            _stands_in(document, candidate)
        return [_found(candidate) for candidate in candidates]

    return _read


def _stands_in(document: Document, candidate: Candidate) -> None:
    assert candidate.start is not None
    end = candidate.start + len(candidate.quote)
    assert document.text[candidate.start : end] == candidate.quote
    assert candidate.quote.strip() == candidate.quote != ""


def _found(candidate: Candidate) -> Found:
    milliseconds = candidate.data.get("dueDate", candidate.data.get("date"))
    when = None
    if milliseconds is not None:
        local = datetime.fromtimestamp(milliseconds / 1000, ZoneInfo(ZONE))
        when = f"{local:%Y-%m-%d}" if local.hour == local.minute == 0 else f"{local:%Y-%m-%d %H:%M}"
    return Found(candidate.table, candidate.data, candidate.quote, when)
