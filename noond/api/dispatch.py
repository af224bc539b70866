"""From a declared route to a handler of aiohttp: credential, rate, scope, input, reply."""

from __future__ import annotations

import hashlib

from aiohttp import web
from pydantic import BaseModel

from noond.api import parsing
from noond.api.auditing import RequestAudit, Visit
from noond.api.authentication import Authentication
from noond.api.idempotency import read_key
from noond.api.network import Client
from noond.api.rates import Allowance, RequestRates, per_minute
from noond.api.request_logging import RequestLogging
from noond.api.routing import Access, Call, Rate, Route
from noond.config import LimitSettings
from noond.errors import Forbidden, RateLimited
from noond.models.account import Principal, Scope

CLIENT = web.RequestKey("client", Client)
ALLOWANCE = web.RequestKey("allowance", Allowance)


class Dispatcher:
    """Lets a request through to its route's handler once everything about it is in order."""

    def __init__(
        self,
        limits: LimitSettings,
        authentication: Authentication,
        rates: RequestRates,
        audit: RequestAudit,
        request_logging: RequestLogging,
        *,
        body_seconds: float,
        hash_key: bytes,
    ) -> None:
        self._limits = limits
        self._authentication = authentication
        self._rates = rates
        self._audit = audit
        self._request_logging = request_logging
        self._body_seconds = body_seconds
        self._hash_key = hash_key

    async def dispatch(self, route: Route, request: web.Request) -> web.StreamResponse:
        """Answer the request, and leave its traces: what is acknowledged stands in the audit log.

        Raises what the handler raises, and StorageError when the audit log can't be written.
        """
        visit = Visit(route=route, request=request, client=request[CLIENT])
        finish = self._request_logging.begin(visit)
        try:
            response = await self._answer(visit)
            await self._audit.answered(visit, response.status)
        except Exception as error:
            finish(error)
            await self._audit.failed(visit, error)
            raise
        finish(response)
        return response

    async def _answer(self, visit: Visit) -> web.StreamResponse:
        """Check the request in the order that gives least away, and have it handled."""
        route, request = visit.route, visit.request
        if isinstance(route.access, Scope) or route.access is Access.SIGNED_IN:
            visit.caller = await self._authentication.caller(
                request, visit.client, takes_ticket=route.takes_ticket
            )
            self._count(route, request, visit.caller)
            if isinstance(route.access, Scope) and route.access not in visit.caller.scopes:
                raise Forbidden(f"this needs the scope `{route.access}`")
        answer = await route.handler(await self._read(visit))
        if isinstance(answer, web.StreamResponse):
            return answer
        if answer is None:
            return web.Response(status=route.status)
        return json_response(answer, status=route.status)

    def _count(self, route: Route, request: web.Request, caller: Principal) -> None:
        if route.rate is Rate.NONE:
            return
        taken, request[ALLOWANCE] = self._rates.take(
            f"{caller.credential_id} {route.rate}", per_minute=per_minute(route.rate, self._limits)
        )
        if not taken:
            allowance = request[ALLOWANCE]
            raise RateLimited(retry_after_seconds=60 / allowance.limit)

    async def _read(self, visit: Visit) -> Call:
        route, request = visit.route, visit.request
        # The device socket says nothing in its query, and what stands there is not looked at.
        query = None if route.access is Access.DEVICE else parsing.parse_query(route.query, request)
        body = await parsing.read_body(
            request, body_bytes=self._limits.body_bytes, seconds=self._body_seconds
        )
        canonical = parsing.canonical_json(body)
        content = hashlib.blake2b(canonical, digest_size=32, key=self._hash_key)
        for name, value in sorted(request.match_info.items()):
            content.update(f"\n{name}={value}".encode())
        visit.body = parsing.parse_body(route.body or parsing.NoBody, canonical)
        return Call(
            request=request,
            route=route,
            client=visit.client,
            caller=visit.caller,
            idempotency_key=read_key(request) if route.idempotent else None,
            parsed_body=visit.body,
            parsed_query=query,
            content_hash=content.digest(),
            audit=visit.audit,
            log=visit.log,
        )


def json_response(reply: BaseModel, *, status: int) -> web.Response:
    """A reply encoded by its model."""
    return web.Response(
        status=status,
        body=reply.__pydantic_serializer__.to_json(reply),
        content_type="application/json",
    )
