from __future__ import annotations

import json
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from noond.accounts.audit import AuditLog
from noond.accounts.cli_file import cli_json, update_cli_file
from noond.accounts.keys import APIKeys, new_api_key
from noond.errors import DataDirectoryError
from noond.models.audit import AuditFilter
from noond.store import api_keys
from noond.store.database import Database
from noond.tasks import Supervisor

if TYPE_CHECKING:
    from tests.unit.accounts.conftest import ManualClock

URL = "http://127.0.0.1:4711"


@pytest.fixture
async def file(tmp_path: Path, database: Database, clock: ManualClock) -> Path:
    """A cli.json with a key of Ana's."""
    token, key = new_api_key("ana", name="cli", scopes=frozenset({"read"}), now=clock.now())
    await database.write(partial(api_keys.insert, key=key, key_hash=token.hash))
    path = tmp_path / "cli.json"
    path.write_text(cli_json(None, token.secret))
    return path


def key_in(file: Path) -> str:
    return str(json.loads(file.read_text())["api_key"])


async def works(secret: str, database: Database, clock: ManualClock) -> bool:
    async with Supervisor() as tasks:
        keys = APIKeys(database, clock=clock, tasks=tasks, end_streams=lambda *_: None)
        return await keys.authenticate(secret) is not None


async def test_the_url_changes_and_the_key_stays(
    file: Path, database: Database, audit: AuditLog, clock: ManualClock
) -> None:
    key = key_in(file)
    clock.advance(timedelta(days=335))

    await update_cli_file(file, URL, database=database, audit=audit, clock=clock)

    assert json.loads(file.read_text()) == {"url": URL, "api_key": key}
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("days", [336, 500])
async def test_a_key_is_renewed_before_and_after_it_expires(
    file: Path, database: Database, audit: AuditLog, clock: ManualClock, days: int
) -> None:
    before = key_in(file)
    clock.advance(timedelta(days=days))

    await update_cli_file(file, URL, database=database, audit=audit, clock=clock)

    after = key_in(file)
    assert after != before
    (entry,) = await audit.list(AuditFilter(), limit=2)
    assert (entry.actor_kind, entry.actor_id, entry.resource) == ("daemon", "ana", "api_key")
    clock.advance(timedelta(days=364))
    assert await works(before, database, clock)  # had the file never been written
    assert await works(after, database, clock)
    assert not await works(before, database, clock)


async def test_a_revoked_key_stays_revoked(
    file: Path, database: Database, audit: AuditLog, clock: ManualClock
) -> None:
    key = key_in(file)
    clock.advance(timedelta(days=360))
    await database.write(lambda tx: tx.execute("UPDATE api_keys SET revoked_at = 1"))

    await update_cli_file(file, URL, database=database, audit=audit, clock=clock)

    assert key_in(file) == key
    assert not await works(key, database, clock)


async def test_a_deleted_file_comes_back_without_a_key(
    tmp_path: Path, database: Database, audit: AuditLog, clock: ManualClock
) -> None:
    await update_cli_file(tmp_path / "cli.json", URL, database=database, audit=audit, clock=clock)

    assert json.loads((tmp_path / "cli.json").read_text()) == {"url": URL, "api_key": None}


@pytest.mark.parametrize("content", ["{", "[]", "{}"])
async def test_a_broken_file_is_not_replaced(
    tmp_path: Path, database: Database, audit: AuditLog, clock: ManualClock, content: str
) -> None:
    (tmp_path / "cli.json").write_text(content)

    with pytest.raises(DataDirectoryError, match="remove it"):
        await update_cli_file(
            tmp_path / "cli.json", URL, database=database, audit=audit, clock=clock
        )

    assert (tmp_path / "cli.json").read_text() == content
