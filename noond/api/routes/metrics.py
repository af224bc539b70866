"""The daemon's figures for Prometheus."""

from __future__ import annotations

from aiohttp import web

from noond.api.exposition import Exposition
from noond.api.routing import Answer, Call, Rate, Route
from noond.metrics import CONTENT_TYPE
from noond.models.account import Scope


def routes(exposition: Exposition) -> tuple[Route, ...]:
    """The route of metrics."""

    async def metrics(_call: Call) -> Answer:
        return web.Response(body=await exposition.text(), headers={"Content-Type": CONTENT_TYPE})

    return (
        Route(
            method="GET",
            path="/metrics",
            tag="Health",
            summary="Read the daemon's figures",
            description="Requests, devices, runs, jobs, models, database and process in the text "
            "format of Prometheus. Of all users together; no label names one.",
            access=Scope.METRICS_READ,
            rate=Rate.READ,
            handler=metrics,
            reply=str,
            media_type="text/plain",
        ),
    )
