"""A span for each request, named by its route as it is declared, never by the path asked for."""

from __future__ import annotations

from aiohttp import web
from aiohttp.typedefs import Handler

from noond.tracing import Tracing


class RequestTraces:
    """Traces every request, also those that the border refuses.

    Sockets are left out: what comes over them hours later is no part of the request.
    """

    def __init__(self, tracing: Tracing) -> None:
        self._tracing = tracing

    @web.middleware
    async def trace(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Have the request handled, within a span."""
        if "Upgrade" in request.headers:
            return await handler(request)
        resource = request.match_info.route.resource
        about = {"url.scheme": request.scheme}
        if resource is None:
            name = "HTTP"
        else:
            name = f"{request.method} {resource.canonical}"
            about |= {"http.request.method": request.method, "http.route": resource.canonical}
        with self._tracing.span(name, kind="server", root=True, attributes=about) as span:
            response = await handler(request)
            span.set({"http.response.status_code": response.status})
            if response.status >= 500:
                span.fail(str(response.status))
            return response
