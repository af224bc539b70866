from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from new_database import new_database

from noond.accounts.audit import AuditLog
from noond.accounts.vault import Vault
from noond.models.account import User
from noond.store import users
from noond.store.database import Database


class ManualClock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self._now = datetime(2026, 11, 20, 8, tzinfo=UTC)
        self._monotonic = 1000.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, by: timedelta) -> None:
        self._now += by
        self._monotonic += by.total_seconds()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def database(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Database]:
    """A database with the users `ana` and `ben`."""
    path = tmp_path / "noond.db"
    new_database(path)
    database = await Database.open(path)
    for name in ("ana", "ben"):
        user = User(id=name, name=name, timezone="UTC", created_at=clock.now())
        await database.write(partial(users.insert, user=user))
    yield database
    await database.close()


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Where the audit log's old rows go."""
    return tmp_path / "archive"


@pytest.fixture
def audit(database: Database, clock: ManualClock, archive: Path) -> AuditLog:
    """The audit log of `database`, which keeps rows for 90 days."""
    return AuditLog(database, Vault(bytes(32)), clock=clock, archive=archive, keep_days=90)
