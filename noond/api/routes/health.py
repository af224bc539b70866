"""Health: is the process alive, and can it do its work."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Literal, TypeAlias

from aiohttp import web

from noond.api.dispatch import json_response
from noond.api.routing import Access, Answer, Call, Rate, Reply, Route

Check: TypeAlias = Callable[[], Awaitable[str | None]]
"""Gives None when all is well, else what is not, in words that anybody may read."""


class Alive(Reply):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Readiness(Reply):
    """What the daemon can and cannot do: `checks` by name, `ok` or what is wrong."""

    status: Literal["ok", "unavailable"]
    checks: dict[str, str]


def routes(checks: Mapping[str, Check]) -> tuple[Route, ...]:
    """The health routes, for these checks."""

    async def live(_call: Call) -> Answer:
        return Alive()

    async def ready(_call: Call) -> web.StreamResponse:
        found = {name: await check() or "ok" for name, check in checks.items()}
        well = all(result == "ok" for result in found.values())
        return json_response(
            Readiness(status="ok" if well else "unavailable", checks=found),
            status=200 if well else 503,
        )

    return (
        Route(
            method="GET",
            path="/health/live",
            tag="Health",
            summary="Is the process alive",
            description="Answers as long as the process does.",
            access=Access.PUBLIC,
            rate=Rate.NONE,
            handler=live,
            reply=Alive,
        ),
        Route(
            method="GET",
            path="/health/ready",
            tag="Health",
            summary="Can the daemon work",
            description="200 when every check is `ok`, else 503 with what is wrong.",
            access=Access.PUBLIC,
            rate=Rate.NONE,
            handler=ready,
            reply=Readiness,
            other_replies=((503, Readiness),),
        ),
    )
