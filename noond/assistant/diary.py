"""What users can read later of their agents' work: sessions, interactions, activities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from noond.accounts.activities import Activities
from noond.accounts.agent_sessions import AgentSessions
from noond.accounts.interactions import Interactions
from noond.models.activity import Activity
from noond.models.agent_session import AgentType
from noond.store.rows import Transaction


class Diary:
    """Enters what chat agents did, within the transaction that keeps it."""

    def __init__(
        self, sessions: AgentSessions, interactions: Interactions, activities: Activities
    ) -> None:
        self._sessions = sessions
        self._interactions = interactions
        self._activities = activities

    def enter(
        self,
        tx: Transaction,
        user_id: str,
        *,
        message: str,
        response: str | None,
        error: str | None = None,
        metadata: Mapping[str, Any],
    ) -> tuple[Activity | None, ...]:
        """An answer, or that there is none because of `error`. `told` must follow the commit."""
        session = self._sessions.touch(tx, user_id, AgentType.UNIFIED)
        _, logged = self._interactions.insert(
            tx,
            user_id,
            session.id,
            message=message,
            response=response,
            success=error is None,
            error=error,
            metadata=metadata,
        )
        return session.opened, logged

    def told(self, entered: tuple[Activity | None, ...]) -> None:
        """It is on the disk: tell who listens."""
        self._activities.told(*entered)
