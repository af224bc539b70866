"""What is kept of a request that concerns agents."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class AgentAction(StrEnum):
    """What a request did with agents and what they brought."""

    CREATE = "create"
    READ = "read"
    UPDATE = "update"
    DELETE = "delete"
    SEARCH = "search"
    SCHEDULE = "schedule"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedRequest:
    """A request as it is kept: redacted, cut, inert. Bodies, headers and entities are JSON."""

    id: str
    user_id: str
    endpoint: str
    method: str
    request_body: str | None
    request_headers: str
    response_body: str | None
    response_status: int
    response_time_ms: int
    agent_action: AgentAction
    agent_tool: str | None
    agent_success: bool
    intent_category: str | None
    entities: str | None
    user_pattern: str | None
    agent_summary: str | None
    ip_address: str
    user_agent: str
    request_id: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFilter:
    """Which requests; None stands for all. `since` is included, `until` is not."""

    agent_action: AgentAction | None = None
    status: int | None = None
    since: datetime | None = None
    until: datetime | None = None
