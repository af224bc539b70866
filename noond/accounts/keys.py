"""API keys: who a request speaks for, and what it may do."""

from __future__ import annotations

from datetime import datetime, timedelta

from noond.accounts.tokens import API_KEY_PREFIX, Token, new_token, token_hash
from noond.clock import Clock, new_id
from noond.models.account import APIKey, Scope
from noond.store import api_keys
from noond.store.database import Database
from noond.tasks import Supervisor

KEY_LIFETIME = timedelta(days=365)

_USE_NOTED_EVERY = timedelta(minutes=1)


def new_api_key(
    user_id: str, *, name: str, scopes: frozenset[Scope], now: datetime
) -> tuple[Token, APIKey]:
    """A new key that expires after a year; the caller stores it."""
    token = new_token(API_KEY_PREFIX)
    key = APIKey(
        id=new_id(),
        user_id=user_id,
        name=name,
        scopes=scopes,
        created_at=now,
        expires_at=now + KEY_LIFETIME,
        last_used_at=None,
        revoked_at=None,
    )
    return token, key


class APIKeys:
    """Recognises the keys that requests carry."""

    def __init__(self, database: Database, *, clock: Clock, tasks: Supervisor) -> None:
        self._database = database
        self._clock = clock
        self._tasks = tasks
        self._noted: dict[str, datetime] = {}

    async def authenticate(self, secret: str) -> APIKey | None:
        """The key, unless it is unknown, revoked or expired."""
        hashed = token_hash(secret, API_KEY_PREFIX)
        if hashed is None:
            return None
        key = await self._database.read(lambda c: api_keys.find_by_hash_all_users(c, hashed))
        now = self._clock.now()
        if key is None or key.revoked_at is not None or key.expires_at <= now:
            return None
        self._note_use(key, now)
        return key

    def _note_use(self, key: APIKey, now: datetime) -> None:
        # A request that reads must not wait for the disk, so this is noted behind its back, and
        # at most once a minute.
        last = self._noted.get(key.id) or key.last_used_at
        if last is not None and timedelta(0) <= now - last < _USE_NOTED_EVERY:
            return
        self._noted[key.id] = now
        self._tasks.start(
            self._database.write(lambda tx: api_keys.note_use(tx, key.user_id, key.id, at=now)),
            name="note the use of an API key",
        )
