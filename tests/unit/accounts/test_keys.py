from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from noond.accounts.keys import APIKeys, new_api_key
from noond.accounts.tokens import API_KEY_PREFIX, DEVICE_TOKEN_PREFIX, new_token, token_hash
from noond.models.account import APIKey, Scope
from noond.store import api_keys
from noond.store.database import Database
from noond.tasks import Supervisor

if TYPE_CHECKING:
    from tests.unit.accounts.conftest import ManualClock


async def store_key(database: Database, clock: ManualClock) -> tuple[str, APIKey]:
    token, key = new_api_key(
        "ana", name="k", scopes=frozenset({Scope.AGENTS_READ}), now=clock.now()
    )
    await database.write(lambda tx: api_keys.insert(tx, key, token.hash))
    return token.secret, key


async def last_used(database: Database, secret: str) -> datetime | None:
    hashed = token_hash(secret, API_KEY_PREFIX)
    assert hashed is not None
    found = await database.read(lambda c: api_keys.find_by_hash_all_users(c, hashed))
    assert found is not None
    return found.key.last_used_at


async def test_a_key_is_recognised_until_it_expires(database: Database, clock: ManualClock) -> None:
    secret, key = await store_key(database, clock)
    async with Supervisor() as tasks:
        keys = APIKeys(database, clock=clock, tasks=tasks, end_streams=lambda *_: None)
        found = await keys.authenticate(secret)
        assert found is not None
        assert (found.credential_id, found.user_id, found.scopes) == (
            key.id,
            "ana",
            frozenset({Scope.AGENTS_READ}),
        )
        clock.advance(timedelta(days=365) - timedelta(seconds=1))
        assert await keys.authenticate(secret) is not None
        clock.advance(timedelta(seconds=1))
        assert await keys.authenticate(secret) is None


async def test_use_is_noted_at_most_once_a_minute(database: Database, clock: ManualClock) -> None:
    secret, _ = await store_key(database, clock)
    start = clock.now()

    async def use() -> datetime | None:
        await keys.authenticate(secret)
        await asyncio.sleep(0)  # the note is queued now, and written before what comes next
        await database.write(lambda tx: None)
        return await last_used(database, secret)

    async with Supervisor() as tasks:
        keys = APIKeys(database, clock=clock, tasks=tasks, end_streams=lambda *_: None)
        assert await use() == start
        clock.advance(timedelta(seconds=59))
        assert await use() == start
        clock.advance(timedelta(seconds=1))
        assert await use() == start + timedelta(seconds=60)


@pytest.mark.parametrize(
    "secret",
    ["", "noond_", "noond_short", "noond_" + "a" * 44, "noond_" + "é" * 43, "x" * 100_000],
)
async def test_what_can_be_no_key_is_none(
    database: Database, clock: ManualClock, secret: str
) -> None:
    async with Supervisor() as tasks:
        assert (
            await APIKeys(
                database, clock=clock, tasks=tasks, end_streams=lambda *_: None
            ).authenticate(secret)
            is None
        )


def test_a_token_never_shows_in_a_representation() -> None:
    token = new_token(DEVICE_TOKEN_PREFIX)

    assert token.secret not in repr(token)
    assert len(token.secret) == len("noondd_") + 43


def test_a_device_token_is_no_api_key() -> None:
    secret = new_token(DEVICE_TOKEN_PREFIX).secret

    assert token_hash(secret, API_KEY_PREFIX) is None
    assert token_hash(secret, DEVICE_TOKEN_PREFIX) is not None
