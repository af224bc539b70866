"""What one's calls to models came to, and how much of each spending limit is used."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from pydantic import Field

from noond.api.fields import Instant, Moment
from noond.api.routing import Answer, Call, Query, Rate, Reply, Route
from noond.models.account import Scope
from noond.models.usage import BudgetStanding, UsageGroup
from noond.runners.usage import DEFAULT_DAYS, MOST_DAYS, Usage

Since = Annotated[
    Instant | None,
    Field(description=f"At or after this time; by default {DEFAULT_DAYS} days of your zone."),
]
Until = Annotated[Instant | None, Field(description="Before this time; by default now.")]


class UsageQuery(Query):
    """Which calls, and how they are added up."""

    group: Annotated[UsageGroup, Field(description="By what.")] = UsageGroup.DAY
    since: Since = None
    until: Until = None
    limit: Annotated[int, Field(ge=1, le=1000, description="Groups at most.")] = MOST_DAYS


class UsageTotal(Reply):
    """Calls, added up: failed ones count too. Latencies are null where there was no call."""

    calls: int
    failed: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float = Field(description="Of the calls whose price is known.")
    unpriced_calls: int = Field(description="Calls whose price is not known.")
    average_ms: float | None
    p95_ms: int | None = Field(description="95 % of the calls took no longer.")


class UsageOfGroup(UsageTotal):
    """The calls of one day, model, agent, run or job."""

    key: str = Field(
        description="A local date, a model, or the id of an agent, run or job: of the job that "
        "carried a run, or of a task."
    )
    name: str | None = Field(description="The agent's name, also for a run or job.")


class UsageReportReply(Reply):
    """What was used at or after `since` and before `until`."""

    group: UsageGroup
    since: Moment
    until: Moment
    timezone: str
    total: UsageTotal
    items: list[UsageOfGroup]
    more: bool = Field(description="Whether there are groups beyond `limit`.")


class BudgetReply(Reply):
    """How much of a limit is used today."""

    setting: str = Field(description="The setting that limits; `llm.usd_per_day` is your own day.")
    agent_id: str | None
    run_id: str | None
    limit_usd: float | None = Field(description="Null where none is set.")
    used_usd: float | None = Field(
        description="Null for all users together, unless you have the scope `metrics:read`."
    )
    reserved_usd: float | None = Field(description="What calls under way may still cost.")
    reset_at: Moment
    timezone: str


class BudgetsReply(Reply):
    """Your day, then your agents and runs where they are limited, then all users together."""

    items: list[BudgetReply]


def routes(usage: Usage) -> tuple[Route, ...]:
    """The routes of usage."""

    async def report(call: Call) -> Answer:
        query = call.query(UsageQuery)
        user = call.principal.user
        found = await usage.report(
            user, query.group, since=query.since, until=query.until, limit=query.limit + 1
        )
        return UsageReportReply(
            group=query.group,
            since=found.since,
            until=found.until,
            timezone=user.timezone,
            total=UsageTotal.model_validate(found.total),
            items=[
                UsageOfGroup(key=row.key, name=row.name, **asdict(row.figures))
                for row in found.groups[: query.limit]
            ],
            more=len(found.groups) > query.limit,
        )

    async def limits(call: Call) -> Answer:
        shows_all = Scope.METRICS_READ in call.principal.scopes
        found = await usage.limits(call.principal.user)
        return BudgetsReply(items=[_show(standing, shows_all=shows_all) for standing in found])

    return (
        Route(
            method="GET",
            path="/api/v1/usage",
            tag="Usage",
            summary="See what your calls to models came to",
            description="Calls, tokens, cost and latency by day of your zone, model, agent, run or "
            "job: days, runs and jobs newest first, the others by cost. At most 400 days at once.",
            access=Scope.USAGE_READ,
            rate=Rate.READ,
            handler=report,
            query=UsageQuery,
            reply=UsageReportReply,
        ),
        Route(
            method="GET",
            path="/api/v1/usage/limits",
            tag="Usage",
            summary="See what is left of your limits",
            description="What is used of each spending limit today, and when it renews.",
            access=Scope.USAGE_READ,
            rate=Rate.READ,
            handler=limits,
            reply=BudgetsReply,
        ),
    )


def _show(standing: BudgetStanding, *, shows_all: bool) -> BudgetReply:
    payer = standing.payer
    visible = shows_all or payer.user_id is not None
    return BudgetReply(
        setting=standing.setting,
        agent_id=payer.agent_id,
        run_id=payer.run_id,
        limit_usd=standing.limit_usd,
        used_usd=standing.used_usd if visible else None,
        reserved_usd=standing.reserved_usd if visible else None,
        reset_at=standing.reset_at,
        timezone=standing.timezone,
    )
