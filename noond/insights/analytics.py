"""What a user's requests did in a span of time: by action, by intent, and what they named."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from noond.clock import Clock
from noond.errors import Invalid
from noond.models.analytics import ActionFigures, AnalyticsReport, IntentFigures
from noond.store import analytics
from noond.store.database import Database
from noond.store.rows import Connection

DEFAULT_DAYS: Final = 30
ENTITIES_OF_ACTIONS: Final = ("people", "location", "time")

_MOST_VALUES: Final = 20
_MOST_INTENTS: Final = 100
_EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)


class Analytics:
    """Counts from the request log; everybody sees their own."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def report(
        self, user_id: str, *, since: datetime | None = None, until: datetime | None = None
    ) -> AnalyticsReport:
        """The user's requests; without `since` those of 30 days up to `until` (now).

        At most a hundred intents, and of each kind of entity twenty values. Raises Invalid for an
        end before the beginning.
        """
        # The present millisecond belongs to it, and nothing lies ahead.
        now = self._clock.now() + timedelta(milliseconds=1)
        end = now if until is None else min(until, now)
        if end <= _EARLIEST:
            raise Invalid.field("until", "is long before the first request")
        begin = since or end - timedelta(days=DEFAULT_DAYS)
        if not begin < end:
            raise Invalid.field("until", "must be after `since`")

        def read(connection: Connection) -> AnalyticsReport:
            named = analytics.list_entities(
                connection,
                user_id,
                "agent_action",
                since=begin,
                until=end,
                most=_MOST_VALUES,
                names=ENTITIES_OF_ACTIONS,
            )
            meant = analytics.list_entities(
                connection, user_id, "intent_category", since=begin, until=end, most=_MOST_VALUES
            )
            actions = analytics.list_actions(connection, user_id, since=begin, until=end)
            intents = analytics.list_intents(
                connection, user_id, since=begin, until=end, limit=_MOST_INTENTS
            )
            return AnalyticsReport(
                since=begin,
                until=end,
                actions=tuple(
                    ActionFigures(
                        action=action,
                        count=count,
                        average_ms=average_ms,
                        success_rate=success_rate,
                        entities=named.get(action, ()),
                    )
                    for action, count, average_ms, success_rate in actions
                ),
                intents=tuple(
                    IntentFigures(intent=intent, count=count, entities=meant.get(intent, ()))
                    for intent, count in intents
                ),
            )

        return await self._database.read(read)
