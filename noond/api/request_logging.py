"""From a request and its reply to a row of the request log, behind the reply's back."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from aiohttp import web

from noond.accounts.request_log import RequestLog
from noond.api.auditing import Visit, shown_body
from noond.api.problems import from_http_exception, status_of
from noond.api.routing import REQUEST_ID, Route
from noond.clock import Clock, new_id
from noond.errors import NoondError
from noond.models.account import Principal
from noond.models.request_log import AgentAction, LoggedRequest
from noond.redaction import safe_headers, safe_json, safe_text

_AGENT_PATHS: Final = ("/api/v1/agents", "/api/v1/runs", "/agent/")
_LEFT_OUT: Final = ("/health", "/metrics", "/docs", "/openapi.json", "/redoc")
_PAGING: Final = {"limit", "cursor"}
_LONGEST_BODY: Final = 65_536
_ACTIONS: Final = {
    "GET": AgentAction.READ,
    "POST": AgentAction.CREATE,
    "PATCH": AgentAction.UPDATE,
    "DELETE": AgentAction.DELETE,
}

Ending = web.StreamResponse | Exception


class RequestLogging:
    """Logs the requests of `log.requests` that came with a valid credential."""

    def __init__(self, log: RequestLog, *, clock: Clock) -> None:
        self._log = log
        self._clock = clock

    def begin(self, visit: Visit) -> Callable[[Ending], None]:
        """Take the time; call what this returns when it is known how the request ends."""
        if not self._wants(visit.route):
            return lambda _: None
        begun_at, started = self._clock.now(), self._clock.monotonic()

        def finish(ending: Ending) -> None:
            caller = visit.caller
            if caller is not None:
                took = round((self._clock.monotonic() - started) * 1000)
                self._log.put(lambda: _logged(visit, caller, ending, begun_at, took))

        return finish

    def _wants(self, route: Route) -> bool:
        if self._log.keeps == "all":
            return not route.path.startswith(_LEFT_OUT)
        return self._log.keeps == "agents" and route.path.startswith(_AGENT_PATHS)


def _logged(
    visit: Visit, caller: Principal, ending: Ending, begun_at: datetime, took_ms: int
) -> LoggedRequest:
    request, note = visit.request, visit.log
    status, body = _told(ending)
    return LoggedRequest(
        id=new_id(),
        user_id=caller.user_id,
        endpoint=safe_text(request.path),
        method=request.method,
        request_body=safe_json(shown_body(visit.body)),
        request_headers=safe_headers(request.headers),
        response_body=body,
        response_status=status,
        response_time_ms=took_ms,
        agent_action=note.action or _action(visit),
        agent_tool=note.tool or _tool(visit.route),
        agent_success=status < 400 if note.success is None else note.success,
        intent_category=note.intent_category,
        entities=safe_json(note.entities),
        user_pattern=note.user_pattern and safe_text(note.user_pattern),
        agent_summary=note.summary and safe_text(note.summary),
        ip_address=visit.client.address,
        user_agent=safe_text(request.headers.get("User-Agent", "")),
        request_id=safe_text(request[REQUEST_ID]),
        created_at=begun_at,
    )


def _told(ending: Ending) -> tuple[int, str | None]:
    """The reply's status, and its body if that is JSON."""
    if isinstance(ending, web.HTTPException):
        ending = from_http_exception(ending)
    if isinstance(ending, NoondError):
        status = status_of(type(ending))
        return status, safe_json({"code": ending.code, "detail": ending.message})
    if isinstance(ending, Exception):
        return 500, safe_json({"code": NoondError.code})
    if not isinstance(ending, web.Response) or ending.content_type != "application/json":
        return ending.status, None
    body: Any = ending.body
    if not isinstance(body, bytes):
        return ending.status, None
    if len(body) > _LONGEST_BODY:
        return ending.status, json.dumps({"too_large": len(body)})
    return ending.status, safe_json(json.loads(body))


def _action(visit: Visit) -> AgentAction:
    if visit.request.method == "GET" and set(visit.request.query) - _PAGING:
        return AgentAction.SEARCH
    if visit.request.method == "POST" and "{" in visit.route.path:
        return AgentAction.UPDATE
    return _ACTIONS[visit.route.method]


def _tool(route: Route) -> str | None:
    """What is done with a thing: the word behind it in the path."""
    _, _, behind = route.path.rpartition("}/")
    return behind if "}" in route.path and "}" not in behind else None
