"""A run: one execution of an agent, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from noond.models.preview import Estimate, RunMode


class RunStatus(StrEnum):
    """queued → running → a final state; `waiting` says for what in `waiting_for`."""

    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"
    SUCCESS = "success"
    PARTIAL = "partial"
    ERROR = "error"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"

    @property
    def final(self) -> bool:
        """Whether nothing more happens to the run by itself."""
        return self not in ACTIVE_STATUSES


ACTIVE_STATUSES = frozenset({RunStatus.QUEUED, RunStatus.RUNNING, RunStatus.WAITING})

WaitingFor = Literal["device", "files", "budget"]
Trigger = Literal["manual", "schedule", "first"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunError:
    """One thing that went wrong; `file` is None when it concerns the whole run."""

    file: str | None
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What of the folder was looked at, in files (`dropped`: candidates the gate refused).

    `listed` is None while the device has not told, or never does (a basic device).
    """

    listed: int | None
    unchanged: int
    read: int
    skipped: int
    failed: int
    dropped: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One execution of an agent.

    `read_at` is when the device's last file was processed: what is left then is delivery.
    `waiting_note` says which limit it waits for and when that renews, None when it waits for no
    money. `cost_usd` is None when a call was made whose price is not known.
    """

    id: str
    user_id: str
    agent_id: str
    agent_name: str
    device_id: str
    trigger: Trigger
    mode: RunMode
    status: RunStatus
    waiting_for: WaitingFor | None
    waiting_note: str | None
    scheduled_for: datetime | None
    late_reason: str | None
    created_at: datetime
    started_at: datetime | None
    waiting_since: datetime | None
    cancel_requested: bool
    read_at: datetime | None
    completed_at: datetime | None
    items_processed: int
    items_created: int
    coverage: Coverage
    llm_calls: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None
    estimate: Estimate | None
    applied_at: datetime | None
    reverted_at: datetime | None
