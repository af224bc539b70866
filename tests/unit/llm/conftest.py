from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from noond.models.document import Document


class ManualClock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 20, 8, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return self.moment.timestamp()

    def advance(self, by: timedelta) -> None:
        self.moment += by


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def document() -> Callable[[str], Document]:
    """Makes a document of a text, dated Friday 20 November 2026 in Berlin."""

    def make(text: str) -> Document:
        return Document(
            path="notes/standup.md",
            text=text,
            sha256="0" * 64,
            reference_at=datetime(2026, 11, 20, 8, tzinfo=UTC),
            timezone="Europe/Berlin",
        )

    return make
