"""A database with the present schema and two users, in a directory of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from new_database import new_database

from noond.models.account import User
from noond.store import users
from noond.store.database import Database
from noond.store.rows import Transaction

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database file that nobody has opened."""
    made = tmp_path / "noond.db"
    new_database(made)
    return made


@pytest.fixture
async def database(path: Path) -> AsyncIterator[Database]:
    """The database, open, with the users `ana` and `ben`."""
    database = await Database.open(path)

    def fill(tx: Transaction) -> None:
        for name in ("ana", "ben"):
            users.insert(tx, User(id=name, name=name, timezone="UTC", created_at=NOW))

    await database.write(fill)
    yield database
    await database.close()
