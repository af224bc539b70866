"""The declarations of all routes, without a daemon behind them."""

from __future__ import annotations

import inspect
from functools import cache
from typing import Any, cast

from noond.api.application import ROUTES, build_application
from noond.api.routing import Route
from noond.clock import SystemClock
from noond.config import LimitSettings, ServerSettings


@cache
def declared_routes() -> tuple[Route, ...]:
    """The routes of the application; nothing behind them is needed to declare them."""
    behind = {
        name: cast("Any", None)
        for name, parameter in inspect.signature(build_application).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY and parameter.default is parameter.empty
    }
    behind |= {"clock": SystemClock(), "checks": {}}
    application = build_application(ServerSettings(), LimitSettings(), **behind)
    return application[ROUTES]
