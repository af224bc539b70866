"""API keys: make, list, look at, rotate, revoke one's own."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from noond.accounts.keys import LIFETIME_DAYS, APIKeys
from noond.api.fields import Line, Moment, Name
from noond.api.idempotency import Idempotency, Made
from noond.api.paging import Page, PageQuery, page_of
from noond.api.routing import Answer, Body, Call, Rate, Reply, Route
from noond.errors import AlreadyCreated, Forbidden, IdempotencyConflict, NotFound
from noond.models.account import SCOPE_BUNDLES, APIKey, Scope
from noond.models.audit import Action
from noond.store.rows import Transaction


class NewKey(Body):
    """A new key."""

    name: Name
    scopes: tuple[Annotated[Line, Field(max_length=50)], ...] = Field(
        min_length=1,
        max_length=50,
        description="What it may do: scopes such as `agents:read`, or the bundles "
        + ", ".join(f"`{name}`" for name in SCOPE_BUNDLES)
        + ". None that your own credential lacks.",
    )
    expires_in_days: int = Field(LIFETIME_DAYS, ge=1, le=LIFETIME_DAYS)


class KeyReply(Reply):
    """A key, without its secret."""

    id: str
    name: str
    prefix: str = Field(description="How its secret begins.")
    scopes: list[str]
    created_at: Moment
    expires_at: Moment
    last_used_at: Moment | None


class KeySecretReply(KeyReply):
    """A key with its secret, shown once."""

    api_key: str


def routes(keys: APIKeys, idempotency: Idempotency) -> tuple[Route, ...]:
    """The routes of API keys."""

    async def create(call: Call) -> Answer:
        body = call.body(NewKey)

        def work(tx: Transaction) -> Made:
            token, key = keys.create(
                tx,
                call.principal,
                name=body.name,
                scopes=frozenset(body.scopes),
                days=body.expires_in_days,
            )
            return _made(key, token.secret)

        return await idempotency.run(call, work)

    async def list_keys(call: Call) -> Answer:
        query = call.query(PageQuery)
        found = await keys.list_page(call.user_id, limit=query.limit + 1, before_id=query.after())
        return page_of(
            Page[KeyReply], found, limit=query.limit, show=_show, place=lambda key: key.id
        )

    async def get(call: Call) -> Answer:
        return _show(await keys.get(call.user_id, call.path["key_id"]))

    async def rotate(call: Call) -> Answer:
        def work(tx: Transaction) -> Made:
            token, key = keys.rotate(tx, call.principal, call.path["key_id"])
            return _made(key, token.secret)

        return await idempotency.run(call, work)

    async def revoke(call: Call) -> Answer:
        await keys.revoke(call.user_id, call.path["key_id"])
        return None

    path = "/api/v1/api-keys"
    return (
        Route(
            method="POST",
            path=path,
            tag="API Keys",
            summary="Make an API key",
            description="The key is shown once. It can't do what your own credential can't.",
            access=Scope.KEYS_WRITE,
            rate=Rate.WRITE,
            handler=create,
            body=NewKey,
            reply=KeySecretReply,
            status=201,
            errors=(Forbidden, IdempotencyConflict, AlreadyCreated),
            idempotent=True,
        ),
        Route(
            method="GET",
            path=path,
            tag="API Keys",
            summary="List your API keys",
            description="Newest first, expired ones too; revoked ones are gone.",
            access=Scope.KEYS_READ,
            rate=Rate.READ,
            handler=list_keys,
            query=PageQuery,
            reply=Page[KeyReply],
        ),
        Route(
            method="GET",
            path=f"{path}/{{key_id}}",
            tag="API Keys",
            summary="Look at an API key",
            description="Without its secret, which nobody has.",
            access=Scope.KEYS_READ,
            rate=Rate.READ,
            handler=get,
            reply=KeyReply,
            errors=(NotFound,),
        ),
        Route(
            method="POST",
            path=f"{path}/{{key_id}}/rotate",
            tag="API Keys",
            summary="Give an API key a new secret",
            description="For another year. The old secret works until the new one was used.",
            access=Scope.KEYS_WRITE,
            rate=Rate.WRITE,
            handler=rotate,
            action=Action.UPDATE,
            reply=KeySecretReply,
            status=201,
            errors=(NotFound, Forbidden, IdempotencyConflict, AlreadyCreated),
            idempotent=True,
        ),
        Route(
            method="DELETE",
            path=f"{path}/{{key_id}}",
            tag="API Keys",
            summary="Revoke an API key",
            description="It works no more, and what it holds open is closed.",
            access=Scope.KEYS_WRITE,
            rate=Rate.WRITE,
            handler=revoke,
            status=204,
            errors=(NotFound,),
        ),
    )


def _show(key: APIKey) -> KeyReply:
    return KeyReply(
        id=key.id,
        name=key.name,
        prefix=key.prefix,
        scopes=sorted(key.scopes),
        created_at=key.created_at,
        expires_at=key.expires_at,
        last_used_at=key.last_used_at,
    )


def _made(key: APIKey, secret: str) -> Made:
    reply = KeySecretReply(**_show(key).model_dump(), api_key=secret)
    return Made(status=201, reply=reply, object_id=key.id, secret=True)
