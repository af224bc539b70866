"""The routes that the API declares; nothing behind them is needed for that."""

from __future__ import annotations

import inspect
from functools import cache
from types import SimpleNamespace
from typing import Any, cast

from noond.api.application import ROUTES, build_application
from noond.api.routing import Route
from noond.api.streams import Streams
from noond.clock import SystemClock
from noond.config import LimitSettings, ServerSettings


@cache
def declared_routes() -> tuple[Route, ...]:
    """Every route."""
    behind = {
        name: cast("Any", None)
        for name, parameter in inspect.signature(build_application).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY and parameter.default is parameter.empty
    }
    desk = SimpleNamespace(invocations=None, tasks=None, conversations=None, schedules=None)
    behind |= {"clock": SystemClock(), "checks": {}, "streams": Streams(), "hash_key": b""}
    behind["desk"] = cast("Any", desk)
    return build_application(ServerSettings(), LimitSettings(), **behind)[ROUTES]
