"""API keys: who a request speaks for, and what it may do."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from noond.accounts.sign_in import EndStreams
from noond.accounts.tokens import (
    API_KEY_PREFIX,
    OLD_API_KEY_PREFIX,
    Token,
    new_token,
    token_hash,
)
from noond.clock import Clock, new_id
from noond.errors import Forbidden, NotFound
from noond.models.account import APIKey, CredentialKind, Principal, User, expand_scopes
from noond.store import api_keys, users
from noond.store.database import Database
from noond.store.rows import Connection, Transaction
from noond.tasks import Supervisor

LIFETIME_DAYS: Final = 365

_USE_NOTED_EVERY = timedelta(minutes=1)


def new_api_key(
    user_id: str, *, name: str, scopes: frozenset[str], now: datetime, days: int = LIFETIME_DAYS
) -> tuple[Token, APIKey]:
    """A new key for names of scopes or bundles; the caller stores it."""
    token = new_token(API_KEY_PREFIX)
    key = APIKey(
        id=new_id(),
        user_id=user_id,
        name=name,
        prefix=token.beginning,
        scopes=scopes,
        created_at=now,
        expires_at=now + timedelta(days=days),
        last_used_at=None,
        revoked_at=None,
    )
    return token, key


class APIKeys:
    """Makes, shows and ends keys, and recognises those that requests carry."""

    def __init__(
        self, database: Database, *, clock: Clock, tasks: Supervisor, end_streams: EndStreams
    ) -> None:
        self._database = database
        self._clock = clock
        self._tasks = tasks
        self._end_streams = end_streams
        self._noted: dict[str, datetime] = {}

    async def authenticate(self, secret: str) -> Principal | None:
        """Whom the key speaks for, unless it is unknown, revoked or expired.

        The first use of a rotated key's new secret ends the one before.
        """
        hashed = token_hash(secret, API_KEY_PREFIX, OLD_API_KEY_PREFIX)
        if hashed is None:
            return None
        found = await self._database.read(lambda c: api_keys.find_by_hash_all_users(c, hashed))
        if found is None:
            return None
        key, user, ends_previous = found
        now = self._clock.now()
        if key.revoked_at is not None or key.expires_at <= now:
            return None
        if ends_previous:
            await self._database.write(
                lambda tx: api_keys.end_previous(tx, user.id, key.id, key_hash=hashed)
            )
        self._note_use(key, now)
        return _principal(user, key)

    async def confirm(self, principal: Principal) -> Principal | None:
        """What the principal's key may do now; None when it has ended."""

        def load(connection: Connection) -> tuple[User | None, APIKey | None]:
            key = api_keys.find(connection, principal.user_id, principal.credential_id)
            return users.find(connection, principal.user_id), key

        user, key = await self._database.read(load)
        if user is None or key is None:
            return None
        if key.revoked_at is not None or key.expires_at <= self._clock.now():
            return None
        return _principal(user, key)

    def create(
        self, tx: Transaction, granter: Principal, *, name: str, scopes: frozenset[str], days: int
    ) -> tuple[Token, APIKey]:
        """Store a new key of the granter's user.

        Raises Invalid for an unknown scope, and Forbidden for one that the granter has not.
        """
        _check_grant(granter, scopes)
        token, key = new_api_key(
            granter.user_id, name=name, scopes=scopes, now=self._clock.now(), days=days
        )
        api_keys.insert(tx, key, token.hash)
        return token, key

    async def list_page(
        self, user_id: str, *, limit: int, before_id: str | None = None
    ) -> list[APIKey]:
        """The user's keys, newest first; revoked ones are gone, expired ones are shown."""
        return await self._database.read(
            lambda c: api_keys.list_page(c, user_id, limit=limit, before_id=before_id)
        )

    async def get(self, user_id: str, key_id: str) -> APIKey:
        """The key; raises NotFound."""
        return await self._database.read(lambda c: _get(c, user_id, key_id))

    def rotate(self, tx: Transaction, granter: Principal, key_id: str) -> tuple[Token, APIKey]:
        """A new secret and a new year for a key; the old secret works until the new one was used.

        Raises NotFound, and Forbidden when the key may do more than the granter, who would get
        to know its secret.
        """
        key = _get(tx, granter.user_id, key_id)
        _check_grant(granter, key.scopes)
        token = new_token(API_KEY_PREFIX)
        expires_at = self._clock.now() + timedelta(days=LIFETIME_DAYS)
        api_keys.rotate(
            tx,
            granter.user_id,
            key_id,
            key_hash=token.hash,
            prefix=token.beginning,
            expires_at=expires_at,
        )
        return token, replace(key, prefix=token.beginning, expires_at=expires_at)

    async def revoke(self, user_id: str, key_id: str) -> None:
        """End a key, and what it holds open; raises NotFound."""
        now = self._clock.now()

        def end(tx: Transaction) -> None:
            if not api_keys.revoke(tx, user_id, key_id, at=now):
                raise NotFound("there is no such key")

        await self._database.write(end)
        self._end_streams(user_id, key_id)

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


def _principal(user: User, key: APIKey) -> Principal:
    return Principal(
        user=user,
        kind=CredentialKind.API_KEY,
        credential_id=key.id,
        credential_name=key.name,
        scopes=expand_scopes(key.scopes) & user.role.scopes,
        expires_at=key.expires_at,
    )


def _get(connection: Transaction, user_id: str, key_id: str) -> APIKey:
    key = api_keys.find(connection, user_id, key_id)
    if key is None:
        raise NotFound("there is no such key")
    return key


def _check_grant(granter: Principal, scopes: frozenset[str]) -> None:
    # A role's limit is no hindrance: a bundle gives what it can to whoever has it.
    lacking = expand_scopes(scopes) & granter.user.role.scopes - granter.scopes
    if lacking:
        raise Forbidden("your credential can't give what it lacks: " + ", ".join(sorted(lacking)))
