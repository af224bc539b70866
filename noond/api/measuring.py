"""How requests are counted: by route as it is declared, never by the path that was asked for."""

from __future__ import annotations

from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from noond.clock import Clock
from noond.metrics import Metrics

_NO_ROUTE: Final = ("other", "none")


class RequestMetrics:
    """Counts every request, also those that the border refuses."""

    def __init__(self, metrics: Metrics, *, clock: Clock) -> None:
        self._metrics = metrics
        self._clock = clock

    @web.middleware
    async def measure(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Have the request handled, and count it."""
        started = self._clock.monotonic()
        response = await handler(request)
        resource = request.match_info.route.resource
        method, path = _NO_ROUTE if resource is None else (request.method, resource.canonical)
        lasting = (
            isinstance(response, web.WebSocketResponse)
            or response.content_type == "text/event-stream"
        )
        seconds = None if lasting else self._clock.monotonic() - started
        self._metrics.request(method, path, response.status, seconds)
        return response
