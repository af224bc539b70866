"""Signing in: tokens for a password, new tokens for old ones, and who one is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Literal, TypeVar

from pydantic import Field, SecretStr

from noond.accounts.passwords import LONGEST
from noond.accounts.sign_in import SignIns, Tokens
from noond.accounts.users import Users
from noond.api.fields import Moment, Name
from noond.api.network import throttle_group
from noond.api.rates import FailureThrottle
from noond.api.routes.users import UserReply, show_user
from noond.api.routing import Access, Answer, Body, Call, Rate, Reply, Route
from noond.clock import Clock
from noond.errors import Conflict, RateLimited, SignInRefused
from noond.models.account import CredentialKind, Scope
from noond.models.audit import Action, Actor

T = TypeVar("T")

_PASSWORD_KIND = "password"  # noqa: S105 - what is counted
_REFRESH_KIND = "refresh token"

Password = Annotated[SecretStr, Field(min_length=1, max_length=LONGEST)]


class Login(Body):
    """Who wants to sign in."""

    name: Name
    password: Password


class Refresh(Body):
    """A refresh token, which works once."""

    refresh_token: Annotated[SecretStr, Field(min_length=1, max_length=200)]


class TokensReply(Reply):
    """The tokens of a sign-in, shown once."""

    access_token: str = Field(description="A JWT for `Authorization: Bearer`.")
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - RFC 6750
    expires_in: int = Field(description="Seconds until the access token expires.")
    refresh_token: str = Field(description="Works once, at `/api/v1/auth/refresh`.")
    refresh_expires_at: Moment
    user: UserReply


class CredentialReply(Reply):
    """What the request was let in by."""

    kind: CredentialKind
    id: str
    name: str
    scopes: list[Scope]
    expires_at: Moment


class Me(Reply):
    """Who one is, and what one may do."""

    user: UserReply
    credential: CredentialReply


class ChangePassword(Body):
    """A new password, and the present one as proof."""

    current_password: Password
    new_password: Password


def routes(
    sign_ins: SignIns, users: Users, failures: FailureThrottle, clock: Clock
) -> tuple[Route, ...]:
    """The routes of signing in and out."""

    def show(tokens: Tokens) -> TokensReply:
        return TokensReply(
            access_token=tokens.access_token,
            expires_in=max(0, int((tokens.access_expires_at - clock.now()).total_seconds())),
            refresh_token=tokens.refresh_token,
            refresh_expires_at=tokens.refresh_expires_at,
            user=show_user(tokens.user),
        )

    async def guess(call: Call, compare: Callable[[], Awaitable[T]]) -> T:
        """Compare a password, at most so often a minute: each counts until it was right."""
        address = throttle_group(call.client.address)
        failures.count(_PASSWORD_KIND, address)
        compared = await compare()
        failures.forgive(_PASSWORD_KIND, address)
        return compared

    async def login(call: Call) -> Answer:
        body = call.body(Login)
        tokens = await guess(
            call,
            lambda: sign_ins.sign_in(
                body.name,
                body.password.get_secret_value(),
                ip=call.client.address,
                user_agent=call.request.headers.get("User-Agent", ""),
            ),
        )
        _signed_in(call, tokens, "password")
        return show(tokens)

    async def refresh(call: Call) -> Answer:
        try:
            tokens = await sign_ins.refresh(call.body(Refresh).refresh_token.get_secret_value())
        except SignInRefused as refusal:
            if refusal.ended is not None:
                user_id, sign_in_id = refusal.ended
                call.audit.actor = Actor(kind="refresh_token", id=user_id, credential_id=sign_in_id)
                call.audit.resource_id = sign_in_id
                call.audit.changed({}, {"ended": "a refresh token came a second time"})
            failures.count(_REFRESH_KIND, throttle_group(call.client.address))
            raise
        _signed_in(call, tokens, "refresh_token")
        return show(tokens)

    async def logout(call: Call) -> Answer:
        if call.principal.kind is CredentialKind.API_KEY:
            raise Conflict("an API key has no sign-in to end; revoke the key instead")
        call.audit.resource_id = call.principal.credential_id
        await sign_ins.sign_out(call.principal)
        return None

    async def me(call: Call) -> Answer:
        caller = call.principal
        return Me(
            user=show_user(caller.user),
            credential=CredentialReply(
                kind=caller.kind,
                id=caller.credential_id,
                name=caller.credential_name,
                scopes=sorted(caller.scopes),
                expires_at=caller.expires_at,
            ),
        )

    async def change_password(call: Call) -> Answer:
        body = call.body(ChangePassword)
        call.audit.resource_id = call.user_id
        await guess(
            call,
            lambda: users.change_own_password(
                call.principal.user,
                body.current_password.get_secret_value(),
                body.new_password.get_secret_value(),
            ),
        )
        return None

    return (
        Route(
            method="POST",
            path="/api/v1/auth/login",
            tag="Authentication",
            summary="Sign in",
            description="Gives an access token of 15 minutes and a refresh token.",
            access=Access.PUBLIC,
            rate=Rate.NONE,
            handler=login,
            operation_id="login",
            action=Action.LOGIN,
            resource="sign_in",
            body=Login,
            reply=TokensReply,
            errors=(SignInRefused, RateLimited),
        ),
        Route(
            method="POST",
            path="/api/v1/auth/refresh",
            tag="Authentication",
            summary="Get new tokens for a refresh token",
            description="A refresh token works once. One that comes again was copied by somebody: "
            "it ends the sign-in with all its tokens.",
            access=Access.PUBLIC,
            rate=Rate.NONE,
            handler=refresh,
            operation_id="refresh_tokens",
            action=Action.UPDATE,
            resource="sign_in",
            body=Refresh,
            reply=TokensReply,
            errors=(SignInRefused, RateLimited),
        ),
        Route(
            method="POST",
            path="/api/v1/auth/logout",
            tag="Authentication",
            summary="Sign out",
            description="Ends the sign-in of the access token, with all its tokens, at once.",
            access=Access.SIGNED_IN,
            rate=Rate.WRITE,
            handler=logout,
            operation_id="logout",
            action=Action.LOGOUT,
            resource="sign_in",
            status=204,
            errors=(Conflict,),
        ),
        Route(
            method="GET",
            path="/api/v1/auth/me",
            tag="Authentication",
            summary="See who you are",
            description="The user, and what the credential of this request may do.",
            access=Access.SIGNED_IN,
            rate=Rate.READ,
            handler=me,
            operation_id="get_me",
            reply=Me,
        ),
        Route(
            method="POST",
            path="/api/v1/auth/password",
            tag="Authentication",
            summary="Change your password",
            description="Ends all your sign-ins; sign in again with the new password. API keys "
            "and devices stay.",
            access=Access.SIGNED_IN,
            rate=Rate.WRITE,
            handler=change_password,
            operation_id="change_password",
            action=Action.UPDATE,
            resource="user",
            body=ChangePassword,
            status=204,
            errors=(SignInRefused, Conflict, RateLimited),
        ),
    )


def _signed_in(call: Call, tokens: Tokens, kind: str) -> None:
    call.audit.actor = Actor(
        kind=kind, id=tokens.user.id, name=tokens.user.name, credential_id=tokens.sign_in_id
    )
    call.audit.resource_id = tokens.sign_in_id
