"""Signing in with a password: access tokens for a while, refresh tokens that follow one another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from noond.accounts.access_tokens import LIFETIME, AccessTokens
from noond.accounts.passwords import Passwords
from noond.accounts.tokens import REFRESH_TOKEN_PREFIX, new_token, token_hash
from noond.clock import Clock, new_id
from noond.errors import SignInRefused
from noond.models.account import CredentialKind, Principal, User
from noond.store import sign_ins, users
from noond.store.database import Database
from noond.store.rows import Transaction
from noond.store.sign_ins import EndReason, SignIn

EndStreams = Callable[[str, str | None], None]
"""Closes what a credential of this user holds open, by its id; None stands for all of them."""

_USER_AGENT_KEPT: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What a sign-in gives. Both tokens are secrets."""

    user: User
    sign_in_id: str
    access_token: str
    access_expires_at: datetime
    refresh_token: str
    refresh_expires_at: datetime

    def __repr__(self) -> str:
        return f"Tokens(sign_in_id={self.sign_in_id!r})"


class SignIns:
    """Opens, continues and ends sign-ins, and recognises their access tokens."""

    def __init__(
        self,
        database: Database,
        passwords: Passwords,
        access_tokens: AccessTokens,
        *,
        clock: Clock,
        days: int,
        end_streams: EndStreams,
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._access_tokens = access_tokens
        self._clock = clock
        self._lifetime = timedelta(days=days)
        self._end_streams = end_streams

    async def sign_in(self, name: str, password: str, *, ip: str, user_agent: str) -> Tokens:
        """Open a sign-in; raises SignInRefused, for whatever reason, after the same time."""
        found = await self._database.read(lambda c: users.find_by_name_all_users(c, name))
        user, hashed = found or (None, None)
        if not await self._passwords.verify(hashed, password) or user is None or hashed is None:
            raise SignInRefused()
        renewed = (
            await self._passwords.hash(password) if self._passwords.is_outdated(hashed) else None
        )
        now = self._clock.now()
        opened = SignIn(
            id=new_id(),
            user_id=user.id,
            ip=ip,
            user_agent=user_agent[:_USER_AGENT_KEPT],
            created_at=now,
            expires_at=now + self._lifetime,
            ended_at=None,
        )
        refresh = new_token(REFRESH_TOKEN_PREFIX)

        def store(tx: Transaction) -> bool:
            # The password may have been changed while this one was compared.
            if users.password_hash(tx, user.id) != hashed:
                return False
            if renewed is not None:
                users.set_password(tx, user.id, renewed)
            sign_ins.insert(tx, opened)
            sign_ins.add_token(tx, opened.id, refresh.hash, now=now)
            return True

        if not await self._database.write(store):
            raise SignInRefused()
        return self._tokens(user, opened.id, refresh.secret, opened.expires_at)

    async def refresh(self, secret: str) -> Tokens:
        """Take a refresh token in exchange for new tokens; raises SignInRefused.

        A token that was used before ends the sign-in: one of its two holders is not its user.
        """
        hashed = token_hash(secret, REFRESH_TOKEN_PREFIX)
        if hashed is None:
            raise SignInRefused("the refresh token is not one of ours; sign in again")
        now = self._clock.now()
        following = new_token(REFRESH_TOKEN_PREFIX)
        expires_at = now + self._lifetime

        def exchange(tx: Transaction) -> tuple[User, str] | SignIn | None:
            """Whose sign-in goes on; or the one that was ended because a token came again."""
            found = sign_ins.find_token_all_users(tx, hashed)
            if found is None or found.sign_in.ended_at or found.sign_in.expires_at <= now:
                return None
            sign_in = found.sign_in
            if found.used_at is not None:
                self._end(tx, sign_in.user_id, sign_in.id, reason="reuse")
                return sign_in
            user = users.find(tx, sign_in.user_id)
            if user is None:
                return None
            sign_ins.use_token(tx, sign_in, hashed, now=now, expires_at=expires_at)
            sign_ins.add_token(tx, sign_in.id, following.hash, now=now)
            return user, sign_in.id

        outcome = await self._database.write(exchange)
        if isinstance(outcome, SignIn):
            self._end_streams(outcome.user_id, outcome.id)
            raise SignInRefused(
                "this refresh token was used before, so its sign-in has been ended; sign in again",
                ended=(outcome.user_id, outcome.id),
            )
        if outcome is None:
            raise SignInRefused("the refresh token is unknown, or its sign-in is over")
        user, sign_in_id = outcome
        return self._tokens(user, sign_in_id, following.secret, expires_at)

    async def sign_out(self, principal: Principal) -> None:
        """End the sign-in that the principal's access token is of."""
        assert principal.kind is CredentialKind.ACCESS_TOKEN
        now = self._clock.now()

        def end(tx: Transaction) -> None:
            self._end(tx, principal.user_id, principal.credential_id, reason="logout")
            if principal.token_id is not None:
                sign_ins.revoke_token(
                    tx,
                    principal.user_id,
                    principal.token_id,
                    reason="logout",
                    now=now,
                    expires_at=principal.expires_at,
                )

        await self._database.write(end)
        self._end_streams(principal.user_id, principal.credential_id)

    def end_all(self, tx: Transaction, user_id: str, *, reason: EndReason) -> None:
        """End all sign-ins of a user, within the transaction of the reason for it."""
        for sign_in_id in sign_ins.list_open(tx, user_id, now=self._clock.now()):
            self._end(tx, user_id, sign_in_id, reason=reason)

    async def authenticate(self, text: str) -> Principal | None:
        """Whom the access token speaks for.

        None unless it was issued here; raises SignInRefused when it was and is over.
        """
        token = self._access_tokens.read(text)
        if token is None:
            return None
        if self._access_tokens.expired(token):
            raise SignInRefused("the access token has expired; refresh it, or sign in again")
        user = await self._database.read(
            lambda c: sign_ins.find_bearer(
                c, token.user_id, token_id=token.id, sign_in_id=token.sign_in_id
            )
        )
        if user is None:
            raise SignInRefused("the sign-in of this access token is over; sign in again")
        return Principal(
            user=user,
            kind=CredentialKind.ACCESS_TOKEN,
            credential_id=token.sign_in_id,
            credential_name="sign-in",
            scopes=user.role.scopes,
            expires_at=token.expires_at,
            token_id=token.id,
        )

    async def confirm(self, principal: Principal) -> Principal | None:
        """What the principal's access token may do now; None when it has ended."""
        assert principal.token_id is not None
        token_id = principal.token_id
        user = await self._database.read(
            lambda c: sign_ins.find_bearer(
                c, principal.user_id, token_id=token_id, sign_in_id=principal.credential_id
            )
        )
        if user is None or principal.expires_at <= self._clock.now():
            return None
        return replace(principal, user=user, scopes=user.role.scopes)

    def _tokens(
        self, user: User, sign_in_id: str, refresh_token: str, refresh_expires_at: datetime
    ) -> Tokens:
        access_token, access_expires_at = self._access_tokens.issue(user.id, sign_in_id)
        return Tokens(
            user=user,
            sign_in_id=sign_in_id,
            access_token=access_token,
            access_expires_at=access_expires_at,
            refresh_token=refresh_token,
            refresh_expires_at=refresh_expires_at,
        )

    def _end(self, tx: Transaction, user_id: str, sign_in_id: str, *, reason: EndReason) -> None:
        now = self._clock.now()
        sign_ins.end(
            tx, user_id, sign_in_id, reason=reason, now=now, tokens_expire_at=now + LIFETIME
        )
