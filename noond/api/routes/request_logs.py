"""The log of one's own requests."""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import Field

from noond.accounts.request_log import RequestLog
from noond.api.fields import Moment
from noond.api.paging import Page, PageQuery, page_of
from noond.api.routes.audit import Since, Status, Until
from noond.api.routing import Answer, Call, Rate, Reply, Route
from noond.models.account import Scope
from noond.models.request_log import AgentAction, LoggedRequest, RequestFilter


class RequestsQuery(PageQuery):
    """Which requests."""

    agent_action: Annotated[AgentAction | None, Field(description="What they did.")] = None
    status: Status = None
    since: Since = None
    until: Until = None


class RequestReply(Reply):
    """A request and its reply, redacted and cut."""

    id: str
    endpoint: str
    method: str
    request_body: dict[str, Any] | None
    request_headers: dict[str, str]
    response_body: Any
    response_status: int
    response_time_ms: int
    agent_action: AgentAction
    agent_tool: str | None
    agent_success: bool
    intent_category: str | None
    entities: dict[str, Any] | None
    user_pattern: str | None
    agent_summary: str | None
    ip_address: str
    user_agent: str
    request_id: str
    created_at: Moment


def routes(requests: RequestLog) -> tuple[Route, ...]:
    """The route of the request log."""

    async def list_requests(call: Call) -> Answer:
        query = call.query(RequestsQuery)
        found = await requests.list(
            call.user_id,
            RequestFilter(**query.model_dump(exclude={"limit", "cursor"})),
            limit=query.limit + 1,
            before_id=query.after(),
        )
        return page_of(
            Page[RequestReply],
            found,
            limit=query.limit,
            show=_show,
            place=lambda request: request.id,
        )

    return (
        Route(
            method="GET",
            path="/api/v1/request-logs",
            tag="Agents",
            summary="List your requests that concern agents",
            description="Newest first, written a moment after each reply; see the setting "
            "`log.requests`.",
            access=Scope.AGENTS_READ,
            rate=Rate.READ,
            handler=list_requests,
            query=RequestsQuery,
            reply=Page[RequestReply],
        ),
    )


def _show(request: LoggedRequest) -> RequestReply:
    values = {name: getattr(request, name) for name in RequestReply.model_fields}
    for name in ("request_body", "request_headers", "response_body", "entities"):
        values[name] = values[name] and json.loads(values[name])
    return RequestReply(**values)
