"""What one's requests did, counted."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from noond.api.fields import Instant, Moment
from noond.api.routing import Answer, Call, Query, Rate, Reply, Route
from noond.insights.analytics import DEFAULT_DAYS, Analytics
from noond.models.account import Scope
from noond.models.request_log import AgentAction


class AnalyticsQuery(Query):
    """Which requests."""

    since: Annotated[
        Instant | None,
        Field(description=f"At or after this time; by default {DEFAULT_DAYS} days before."),
    ] = None
    until: Annotated[Instant | None, Field(description="Before this time; by default now.")] = None


class EntityCountReply(Reply):
    """How many requests named this."""

    name: str = Field(description="What kind of thing it is: `people`, `location`, `time`, ….")
    value: str
    count: int


class ActionFiguresReply(Reply):
    """Requests of one action."""

    action: AgentAction
    count: int
    average_ms: float
    success_rate: float = Field(description="From 0 to 1.")
    entities: list[EntityCountReply] = Field(
        description="People, locations and times that they named, the most frequent first."
    )


class IntentFiguresReply(Reply):
    """Requests of one intent."""

    intent: str
    count: int
    entities: list[EntityCountReply] = Field(
        description="What they named, the most frequent first."
    )


class AnalyticsReply(Reply):
    """Requests made at or after `since` and before `until`, the most frequent first."""

    since: Moment
    until: Moment
    actions: list[ActionFiguresReply]
    intents: list[IntentFiguresReply]


def routes(analytics: Analytics) -> tuple[Route, ...]:
    """The route of analytics."""

    async def report(call: Call) -> Answer:
        query = call.query(AnalyticsQuery)
        found = await analytics.report(call.user_id, since=query.since, until=query.until)
        return AnalyticsReply.model_validate(found)

    return (
        Route(
            method="GET",
            path="/api/v1/analytics",
            tag="Agent Service",
            summary="See what your requests did",
            description="From the log of requests: by action how many, how long they took, how "
            "many succeeded and what they named; by intent how many and what they named.",
            access=Scope.AGENTS_READ,
            rate=Rate.READ,
            handler=report,
            query=AnalyticsQuery,
            reply=AnalyticsReply,
        ),
    )
