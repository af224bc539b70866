"""What a user's requests did, counted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from noond.models.request_log import AgentAction


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityCount:
    """How many requests named this: `name` is a kind of thing (people, location, time, …)."""

    name: str
    value: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionFigures:
    """Requests of one action; `success_rate` is from 0 to 1. The most frequent entities first."""

    action: AgentAction
    count: int
    average_ms: float
    success_rate: float
    entities: tuple[EntityCount, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentFigures:
    """Requests of one intent, and what they named, the most frequent first."""

    intent: str
    count: int
    entities: tuple[EntityCount, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalyticsReport:
    """Requests made at or after `since` and before `until`, by action and by intent."""

    since: datetime
    until: datetime
    actions: tuple[ActionFigures, ...]
    intents: tuple[IntentFigures, ...]
