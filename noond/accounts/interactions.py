"""What users said to agents, and what came back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from noond.accounts.activities import Activities
from noond.clock import Clock, new_id
from noond.models.activity import Activity, ActivityKind
from noond.models.agent_session import AgentType
from noond.models.interaction import Interaction
from noond.store import agent_sessions, interactions
from noond.store.database import Database
from noond.store.rows import Transaction


class Interactions:
    """The interactions of all users; every call is one user's."""

    def __init__(self, database: Database, activities: Activities, *, clock: Clock) -> None:
        self._database = database
        self._activities = activities
        self._clock = clock

    def insert(
        self,
        tx: Transaction,
        user_id: str,
        session_id: str,
        *,
        message: str,
        response: str | None,
        success: bool,
        error: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> tuple[Interaction, Activity]:
        """Store one, and log it: as completed, or as the error that there was.

        Within the caller's transaction; the session counts as used. Hand the activity to
        `Activities.told` after the commit. Raises NotFound for another's session.
        """
        session = agent_sessions.get(tx, user_id, session_id)
        now = self._clock.now()
        interaction = Interaction(
            id=new_id(),
            user_id=user_id,
            session_id=session.id,
            agent_type=session.agent_type,
            message=message,
            response=response,
            success=success,
            metadata=metadata or {},
            created_at=now,
        )
        interactions.insert(tx, interaction)
        agent_sessions.touch(tx, user_id, session.id, now=now)
        kind, what = ActivityKind.INTERACTION_COMPLETED, "has answered"
        if not success:
            kind, what = ActivityKind.ERROR_OCCURRED, f"has failed: {error or 'see its log'}"
        logged = self._activities.log(
            tx,
            user_id,
            kind,
            agent_type=session.agent_type,
            session_id=session.id,
            description=f"the agent {session.agent_type} {what}",
            metadata={"interaction_id": interaction.id},
        )
        return interaction, logged

    async def list(
        self,
        user_id: str,
        *,
        agent_type: AgentType | None = None,
        session_id: str | None = None,
        limit: int,
        before_id: str | None = None,
    ) -> list[Interaction]:
        """The user's interactions that match, newest first; None stands for all."""
        return await self._database.read(
            lambda c: interactions.list_page(
                c,
                user_id,
                agent_type=agent_type,
                session_id=session_id,
                limit=limit,
                before_id=before_id,
            )
        )
