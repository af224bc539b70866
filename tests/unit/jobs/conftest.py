"""An engine on a real database, and jobs that a test holds by the hand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from new_database import new_database
from workshop import Commits, Workshop

from noond.models.account import User
from noond.store import users
from noond.store.database import Database
from noond.store.rows import Transaction


@pytest.fixture
async def workshop(tmp_path: Path) -> AsyncIterator[Workshop]:
    path = tmp_path / "noond.db"
    new_database(path)
    commits = Commits()
    database = await Database.open(path, on_commit=commits.made)
    workshop = Workshop(database, path, commits)

    def fill(tx: Transaction) -> None:
        for name in ("ana", "ben"):
            users.insert(
                tx, User(id=name, name=name, timezone="UTC", created_at=workshop.clock.now())
            )

    await database.write(fill)
    yield workshop
    await database.close()
