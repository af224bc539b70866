"""docs/openapi.json, made from the declarations of the routes with the default limits."""

from __future__ import annotations

import inspect
import json
from types import SimpleNamespace
from typing import Any, cast

from noond.api.application import ROUTES, build_application
from noond.api.openapi.document import openapi_document
from noond.api.streams import Streams
from noond.clock import SystemClock
from noond.config import LimitSettings, ServerSettings


def openapi_file() -> str:
    """The document as it is kept: sorted, so that a change shows where it is."""
    # Nothing behind the routes is needed to declare them.
    behind = {
        name: cast("Any", None)
        for name, parameter in inspect.signature(build_application).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY and parameter.default is parameter.empty
    }
    desk = SimpleNamespace(invocations=None, tasks=None, conversations=None, schedules=None)
    behind |= {"clock": SystemClock(), "checks": {}, "streams": Streams(), "hash_key": b""}
    behind["desk"] = cast("Any", desk)
    application = build_application(ServerSettings(), LimitSettings(), **behind)
    routes = application[ROUTES]
    document = openapi_document(routes, LimitSettings())
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
