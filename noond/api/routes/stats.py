"""How an agent's suggestions fare."""

from __future__ import annotations

from datetime import date
from typing import Any

from noond.api.routing import Answer, Call, Rate, Reply, Route
from noond.errors import NotFound
from noond.models.account import Scope
from noond.models.review import Tally
from noond.runners.reviews import Reviews


class StatsTally(Reply):
    """Suggestions and decisions; `precision` is null before any decision."""

    suggested: int
    approved: int
    edited: int
    rejected: int
    precision: float | None


class WeekTally(StatsTally):
    """Those of one week; `week` is its Monday (UTC)."""

    week: date


class StatsReply(StatsTally):
    """How an agent's suggestions fare, in all and by week."""

    agent_id: str
    weeks: list[WeekTally]


def routes(reviews: Reviews) -> tuple[Route, ...]:
    """The route of statistics."""

    async def stats(call: Call) -> Answer:
        agent_id = call.path["agent_id"]
        found = await reviews.stats(call.user_id, agent_id)
        return StatsReply(
            agent_id=agent_id,
            weeks=[WeekTally(week=week, **_tally(tally)) for week, tally in found.weeks],
            **_tally(found.total),
        )

    return (
        Route(
            method="GET",
            path="/api/v1/agents/{agent_id}/stats",
            tag="Agents",
            summary="See how an agent's suggestions fare",
            description="What was suggested, approved, edited and rejected, by week for the last "
            "twelve. `precision` is the part of the decided suggestions that people kept.",
            access=Scope.AGENTS_READ,
            rate=Rate.READ,
            handler=stats,
            reply=StatsReply,
            errors=(NotFound,),
        ),
    )


def _tally(tally: Tally) -> dict[str, Any]:
    return {
        "suggested": tally.suggested,
        "approved": tally.approved,
        "edited": tally.edited,
        "rejected": tally.rejected,
        "precision": tally.precision,
    }
