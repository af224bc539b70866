"""Events are numbered above all numbers of earlier starts, whatever the clock says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from noond.clock import to_ms
from noond.store import meta

if TYPE_CHECKING:
    from noond.store.database import Database

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
PLENTY = 100_000_000


async def number(database: Database, now: datetime) -> int:
    return await database.write(lambda tx: meta.next_event_number(tx, now))


@pytest.mark.parametrize("step", [timedelta(seconds=1), timedelta(0), timedelta(days=-400)])
async def test_each_start_begins_above_all_before(database: Database, step: timedelta) -> None:
    first = await number(database, NOW)
    second = await number(database, NOW + step)
    third = await number(database, NOW + step)
    assert first == to_ms(NOW) * 1024
    assert second >= first + PLENTY
    assert third >= second + PLENTY


async def test_every_json_reader_can_hold_them(database: Database) -> None:
    assert await number(database, datetime(2200, 1, 1, tzinfo=UTC)) < 2**53
