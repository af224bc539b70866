"""What happens to every request, whatever its route: identity, Host, Origin, errors, headers."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from noond.api.dispatch import ALLOWANCE, CLIENT
from noond.api.network import NetworkPolicy
from noond.api.problems import (
    ForeignHost,
    ForeignOrigin,
    from_http_exception,
    problem_response,
    status_of,
)
from noond.api.routing import REQUEST_ID
from noond.clock import new_id
from noond.errors import Invalid, NoondError

log = structlog.get_logger(__name__)

_LISTED_ORIGIN = web.RequestKey("listed_origin", str)
_STARTED = web.RequestKey("started", web.StreamResponse)

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)

_CONTENT_POLICY = "default-src 'none'; frame-ancestors 'none'"
_SECURITY_HEADERS = {
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Server": "noond",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_EXPOSED = "Retry-After, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, X-Request-ID"
_PREFLIGHT_HEADERS = {
    "Access-Control-Allow-Methods": "GET, POST, PATCH, DELETE",
    "Access-Control-Allow-Headers": (
        "Authorization, Content-Type, Idempotency-Key, X-API-Key, X-Request-ID"
    ),
    "Access-Control-Max-Age": "600",
}


class Frontier:
    """The border that every request crosses first and every reply last."""

    def __init__(self, policy: NetworkPolicy) -> None:
        self._policy = policy

    @web.middleware
    async def cross(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Admit the request, have it handled, and turn what goes wrong into a problem."""
        given = request.headers.get("X-Request-ID", "")
        request[REQUEST_ID] = given if _REQUEST_ID.fullmatch(given) else new_id()
        with structlog.contextvars.bound_contextvars(request_id=request[REQUEST_ID]):
            try:
                self._admit(request)
                if _is_preflight(request):
                    return web.Response(status=204, headers=_PREFLIGHT_HEADERS)
                return await handler(request)
            except web.HTTPException as exception:
                response = self._problem(request, from_http_exception(exception))
                if "Allow" in exception.headers:
                    response.headers["Allow"] = exception.headers["Allow"]
                return response
            except NoondError as error:
                return self._problem(request, error)
            except Exception:
                log.exception("request_failed", method=request.method, path=request.path)
                return self._problem(request, NoondError())

    def _admit(self, request: web.Request) -> None:
        """Raise ForeignHost or ForeignOrigin, before anything else is looked at."""
        transport = request.transport
        if transport is None:
            raise Invalid("the connection is gone")
        port = transport.get_extra_info("sockname")[1]
        host = _host(request)
        if host is None or not self._policy.host_allowed(host, port=port):
            raise ForeignHost()
        peer = request.remote or ""
        proto = ",".join(request.headers.getall("X-Forwarded-Proto", [])).rpartition(",")[2]
        client = request[CLIENT] = self._policy.client(
            peer,
            secure=request.secure,
            forwarded_for=request.headers.getall("X-Forwarded-For", []),
            forwarded_proto=proto.strip().lower(),
        )
        origins = request.headers.getall("Origin", [])
        for origin in origins:
            if self._policy.origin_listed(origin) and len(origins) == 1:
                request[_LISTED_ORIGIN] = origin
            elif not self._policy.origin_own(
                origin,
                host=host,
                port=port,
                secure=client.secure,
                proxied=self._policy.is_proxy(peer),
            ):
                raise ForeignOrigin()

    @staticmethod
    def _problem(request: web.Request, error: NoondError) -> web.StreamResponse:
        if status_of(type(error)) >= 500 and type(error) is not NoondError:
            log.error("request_failed", path=request.path, code=error.code, error=error.message)
        if _STARTED in request:
            return request[_STARTED]  # too late for another reply
        return problem_response(error, request_id=request[REQUEST_ID])


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Put the headers on that every reply has; called as a reply starts.

    A reply may bring a content policy of its own, and one with an ETag says how it is cached.
    """
    request[_STARTED] = response
    headers = response.headers
    headers.update(_SECURITY_HEADERS)
    headers.setdefault("Content-Security-Policy", _CONTENT_POLICY)
    if "ETag" not in headers:
        headers["Cache-Control"] = "no-store"
    if REQUEST_ID in request:
        headers["X-Request-ID"] = request[REQUEST_ID]
    if CLIENT in request and request[CLIENT].secure:
        headers["Strict-Transport-Security"] = "max-age=31536000"
    if ALLOWANCE in request:
        allowance = request[ALLOWANCE]
        headers["X-RateLimit-Limit"] = str(allowance.limit)
        headers["X-RateLimit-Remaining"] = str(allowance.remaining)
        headers["X-RateLimit-Reset"] = str(allowance.reset_seconds)
    headers["Vary"] = "Origin"
    if _LISTED_ORIGIN in request:
        headers["Access-Control-Allow-Origin"] = request[_LISTED_ORIGIN]
        headers["Access-Control-Expose-Headers"] = _EXPOSED
        headers["Cross-Origin-Resource-Policy"] = "cross-origin"


def _host(request: web.Request) -> str | None:
    """The one host that the request names; None when it names none or contradicts itself."""
    hosts = request.headers.getall("Host", [])
    if len(hosts) != 1:
        return None
    target = request.raw_path
    if not target.startswith("/") and urlsplit(target).netloc.lower() != hosts[0].lower():
        return None
    return hosts[0]


def _is_preflight(request: web.Request) -> bool:
    return (
        request.method == "OPTIONS"
        and _LISTED_ORIGIN in request
        and "Access-Control-Request-Method" in request.headers
    )
