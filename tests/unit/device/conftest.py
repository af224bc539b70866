"""A device store of its own for each test, and a clock that can be moved."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from noond.device.store import DeviceStore, open_store


class MovableClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.present = datetime(2026, 11, 20, 8, tzinfo=UTC)

    def now(self) -> datetime:
        return self.present

    def monotonic(self) -> float:
        return self.present.timestamp()

    def move(self, **by: float) -> None:
        self.present += timedelta(**by)


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def store_path(tmp_path: Path) -> Path:
    return tmp_path / "own" / "device.db"


@pytest.fixture
async def store(store_path: Path, clock: MovableClock) -> AsyncIterator[DeviceStore]:
    async with open_store(store_path, clock=clock) as opened:
        yield opened
