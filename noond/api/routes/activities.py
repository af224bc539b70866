"""What happened with a user's agents: interactions, activities, how they stand, quotas."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import Field

from noond.accounts.activities import Activities
from noond.accounts.agent_sessions import AgentSessions
from noond.accounts.interactions import Interactions
from noond.accounts.quotas import Quotas
from noond.api.fields import Moment
from noond.api.paging import Page, PageQuery, page_of
from noond.api.routing import Answer, Call, Rate, Reply, Route
from noond.models.account import Scope
from noond.models.activity import Activity, ActivityKind
from noond.models.agent_session import AgentType
from noond.models.interaction import Interaction

_RECENT_INTERACTIONS: Final = 10
_RECENT_ACTIVITIES: Final = 20


class InteractionsQuery(PageQuery):
    """Which interactions."""

    limit: Annotated[int, Field(ge=1, le=50, description="Items of one page at most.")] = 20
    agent_type: Annotated[AgentType | None, Field(description="With this agent only.")] = None
    session_id: Annotated[
        str | None, Field(max_length=100, description="Of this session only.")
    ] = None


class ActivitiesQuery(PageQuery):
    """Which activities."""

    limit: Annotated[int, Field(ge=1, le=100, description="Items of one page at most.")] = 30
    activity_type: Annotated[ActivityKind | None, Field(description="Of this type only.")] = None


class InteractionReply(Reply):
    """A message to an agent and its answer; `response` is null where there was none."""

    id: str
    session_id: str
    agent_type: AgentType
    message: str
    response: str | None
    success: bool
    metadata: dict[str, Any]
    created_at: Moment


class ActivityReply(Reply):
    """One thing that happened."""

    id: str
    activity_type: ActivityKind
    agent_type: AgentType | None
    session_id: str | None
    description: str
    metadata: dict[str, Any]
    created_at: Moment


class AgentStatusReply(Reply):
    """How your agents stand."""

    active_sessions: int
    total_sessions: int
    connected_agents: list[AgentType] = Field(description="Those with an active session.")
    recent_interactions: list[InteractionReply] = Field(description="At most ten, newest first.")
    recent_activities: list[ActivityReply] = Field(description="At most twenty, newest first.")
    last_activity: Moment | None = Field(description="When something last happened.")


class QuotaReply(Reply):
    """How much of a quota is used today."""

    name: str
    used: int
    limit: int | None = Field(description="Null where none is set.")
    reset_time: Moment = Field(description="When your day ends.")


class QuotasReply(Reply):
    """Your quotas."""

    items: list[QuotaReply]


def routes(
    sessions: AgentSessions, interactions: Interactions, activities: Activities, quotas: Quotas
) -> tuple[Route, ...]:
    """The routes that tell what happened."""

    async def list_interactions(call: Call) -> Answer:
        query = call.query(InteractionsQuery)
        found = await interactions.list(
            call.user_id,
            agent_type=query.agent_type,
            session_id=query.session_id,
            limit=query.limit + 1,
            before_id=query.after(),
        )
        return page_of(
            Page[InteractionReply],
            found,
            limit=query.limit,
            show=_interaction,
            place=lambda interaction: interaction.id,
        )

    async def list_activities(call: Call) -> Answer:
        query = call.query(ActivitiesQuery)
        found = await activities.list(
            call.user_id,
            kind=query.activity_type,
            limit=query.limit + 1,
            before_id=query.after(),
        )
        return page_of(
            Page[ActivityReply],
            found,
            limit=query.limit,
            show=_activity,
            place=lambda activity: activity.id,
        )

    async def status(call: Call) -> Answer:
        counts = await sessions.count(call.user_id)
        said = await interactions.list(call.user_id, limit=_RECENT_INTERACTIONS)
        done = await activities.list(call.user_id, limit=_RECENT_ACTIVITIES)
        moments = [
            counts.last_activity,
            *(each.created_at for each in done[:1]),
            *(each.created_at for each in said[:1]),
        ]
        return AgentStatusReply(
            active_sessions=counts.active,
            total_sessions=counts.total,
            connected_agents=list(counts.connected),
            recent_interactions=[_interaction(each) for each in said],
            recent_activities=[_activity(each) for each in done],
            last_activity=max(filter(None, moments), default=None),
        )

    async def list_quotas(call: Call) -> Answer:
        found = await quotas.list(call.principal.user)
        return QuotasReply(items=[QuotaReply.model_validate(each) for each in found])

    return (
        Route(
            method="GET",
            path="/api/v1/interactions",
            tag="Agent Service",
            summary="List what you said to agents, and what came back",
            description="Newest first; kept for `accounts.activity_days`.",
            access=Scope.AGENTS_READ,
            rate=Rate.READ,
            handler=list_interactions,
            query=InteractionsQuery,
            reply=Page[InteractionReply],
        ),
        Route(
            method="GET",
            path="/api/v1/activities",
            tag="Agent Service",
            summary="List what happened with your agents",
            description="Newest first; kept for `accounts.activity_days`. `/ws/events` tells of "
            "each at once.",
            access=Scope.AGENTS_READ,
            rate=Rate.READ,
            handler=list_activities,
            query=ActivitiesQuery,
            reply=Page[ActivityReply],
        ),
        Route(
            method="GET",
            path="/api/v1/agent-status",
            tag="Agent Service",
            summary="See how your agents stand",
            description="Sessions counted, and what happened last.",
            access=Scope.AGENTS_READ,
            rate=Rate.READ,
            handler=status,
            reply=AgentStatusReply,
        ),
        Route(
            method="GET",
            path="/api/v1/quotas",
            tag="Agent Service",
            summary="See what is left of your quotas",
            description="`invocations` are the messages to agents in a day of your zone, limited "
            "by `limits.invocations_per_day`. Limits in money: `GET /api/v1/usage/limits`.",
            access=Scope.USAGE_READ,
            rate=Rate.READ,
            handler=list_quotas,
            reply=QuotasReply,
        ),
    )


def _interaction(interaction: Interaction) -> InteractionReply:
    return InteractionReply.model_validate(interaction)


def _activity(activity: Activity) -> ActivityReply:
    return ActivityReply(
        id=activity.id,
        activity_type=activity.kind,
        agent_type=activity.agent_type,
        session_id=activity.session_id,
        description=activity.description,
        metadata=dict(activity.metadata),
        created_at=activity.created_at,
    )
