"""What happened to a user's agents, for the user to read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from noond.models.agent_session import AgentType


class ActivityKind(StrEnum):
    """What happened."""

    SESSION_CREATED = "SessionCreated"
    SESSION_ENDED = "SessionEnded"
    TOKEN_STORED = "TokenStored"  # noqa: S105 - a kind, not a secret
    TOKEN_REFRESHED = "TokenRefreshed"  # noqa: S105 - a kind, not a secret
    INTERACTION_COMPLETED = "InteractionCompleted"
    ERROR_OCCURRED = "ErrorOccurred"
    CONNECTION_ESTABLISHED = "ConnectionEstablished"
    TASK_CREATED = "TaskCreated"
    TASK_UPDATED = "TaskUpdated"
    EMAIL_SENT = "EmailSent"
    EMAIL_READ = "EmailRead"
    MEETING_SCHEDULED = "MeetingScheduled"
    ISSUE_CREATED = "IssueCreated"
    PULL_REQUEST_CREATED = "PullRequestCreated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """One thing that happened; `description` says it in a line, `metadata` is JSON."""

    id: str
    user_id: str
    kind: ActivityKind
    agent_type: AgentType | None
    session_id: str | None
    description: str
    metadata: Mapping[str, Any]
    created_at: datetime
