"""A user's sessions with agents, each of one type, and how they stand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class AgentType(StrEnum):
    """What an agent of a session works with."""

    GITHUB = "github"
    ASANA = "asana"
    GMAIL = "gmail"
    CALENDAR = "calendar"
    UNIFIED = "unified"
    """All of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSession:
    """A session with an agent of this type; a user may have several at once, also of one type."""

    id: str
    user_id: str
    agent_type: AgentType
    project: str | None
    """What the agent works on, as its service names it."""
    repository: str | None
    """As `owner/name`."""
    created_at: datetime
    last_activity: datetime
    ended_at: datetime | None

    @property
    def is_active(self) -> bool:
        """Whether it has not ended."""
        return self.ended_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionCounts:
    """A user's sessions, counted: the active ones, and all that there have been."""

    active: int
    total: int
    connected: tuple[AgentType, ...]
    """The types of the active ones."""
    last_activity: datetime | None
    """The latest of all sessions."""
