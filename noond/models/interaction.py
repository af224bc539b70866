"""What a user said to an agent, and what came back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from noond.models.agent_session import AgentType


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """A message and its answer. Without success there may be none; `metadata` is JSON."""

    id: str
    user_id: str
    session_id: str
    agent_type: AgentType
    message: str
    response: str | None
    success: bool
    metadata: Mapping[str, Any]
    created_at: datetime
