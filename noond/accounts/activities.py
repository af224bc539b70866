"""The log of activities: what happened to a user's agents, for the user to read and be told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from noond.clock import Clock, new_id, rfc3339
from noond.events import EventBus
from noond.inert import inert
from noond.models.activity import Activity, ActivityKind
from noond.models.agent_session import AgentType
from noond.store import activities
from noond.store.database import Database
from noond.store.rows import Transaction

ACTIVITY_LOGGED: Final = "activity.logged"

_LONGEST: Final = 500


class Activities:
    """Writes activities and tells listeners of them."""

    def __init__(self, database: Database, bus: EventBus, *, clock: Clock, keep_days: int) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock
        self._kept = timedelta(days=keep_days)

    def log(
        self,
        tx: Transaction,
        user_id: str,
        kind: ActivityKind,
        *,
        agent_type: AgentType | None = None,
        session_id: str | None = None,
        description: str,
        metadata: Mapping[str, Any] | None = None,
    ) -> Activity:
        """Write one, within the transaction of what happened. Call `told` after the commit.

        The description is made one line of at most 500 characters.
        """
        activity = Activity(
            id=new_id(),
            user_id=user_id,
            kind=kind,
            agent_type=agent_type,
            session_id=session_id,
            description=inert(description)[:_LONGEST],
            metadata=metadata or {},
            created_at=self._clock.now(),
        )
        activities.insert(tx, activity)
        return activity

    def told(self, *logged: Activity | None) -> None:
        """They are on the disk: tell listeners. None stands for nothing that was logged."""
        for activity in filter(None, logged):
            self._bus.publish(
                activity.user_id,
                ACTIVITY_LOGGED,
                activity.id,
                {
                    "id": activity.id,
                    "activity_type": activity.kind,
                    "agent_type": activity.agent_type,
                    "session_id": activity.session_id,
                    "description": activity.description,
                    "metadata": activity.metadata,
                    "created_at": rfc3339(activity.created_at),
                },
            )

    async def list(
        self,
        user_id: str,
        *,
        kind: ActivityKind | None = None,
        limit: int,
        before_id: str | None = None,
    ) -> list[Activity]:
        """The user's activities, of one kind or all, newest first."""
        return await self._database.read(
            lambda c: activities.list_page(c, user_id, kind=kind, limit=limit, before_id=before_id)
        )

    def oldest_kept(self) -> datetime:
        """Activities, interactions and counts from before then are to be deleted."""
        return self._clock.now() - self._kept
