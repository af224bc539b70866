"""What calls to models come to, and how much of each spending limit is used."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class UsageGroup(StrEnum):
    """By what calls are added up."""

    DAY = "day"
    MODEL = "model"
    AGENT = "agent"
    RUN = "run"
    JOB = "job"


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageFigures:
    """Calls, added up. Latencies are in milliseconds and None where there was no call.

    `cost_usd` is that of the calls whose price is known, `unpriced_calls` counts the others.
    """

    calls: int
    failed: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float
    unpriced_calls: int
    average_ms: float | None
    p95_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageRow:
    """The figures of one group: `key` is a local date, a model, or the id of an agent, run or job.

    `name` is the agent's, None where there is none, or none any more.
    """

    key: str
    name: str | None
    figures: UsageFigures


@dataclass(frozen=True, slots=True, kw_only=True)
class Payer:
    """Whose calls a limit is about: everybody's, a user's, or one agent's or run's of theirs."""

    user_id: str | None = None
    agent_id: str | None = None
    run_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetStanding:
    """How much of a limit is used today.

    `setting` names the limit, `limit_usd` is None where none is set. `reserved_usd` is what calls
    in flight may still cost. `reset_at` (UTC) is when the day ends in `timezone`.
    """

    setting: str
    payer: Payer
    limit_usd: float | None
    used_usd: float
    reserved_usd: float
    reset_at: datetime
    timezone: str
