"""A finding: something that is wrong and needs a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal, TypeAlias


class FindingKind(StrEnum):
    """What can be wrong; each says what its subject is."""

    JOB_TYPE_FAILING = "job_type_failing"
    """A type of jobs."""
    QUEUE_GROWING = "queue_growing"
    """A queue."""
    SCHEDULE_NOT_FIRED = "schedule_not_fired"
    """`agent:` or `schedule:` and its id."""
    BUDGET_NEARLY_USED = "budget_nearly_used"
    """The setting that limits, and `:` with the id of the agent or run that it limits."""


FindingState: TypeAlias = Literal["open", "closed", "all"]
FindingChange: TypeAlias = Literal["opened", "updated", "closed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What somebody who watches has just seen to be wrong.

    Without a user it concerns the whole daemon. With the same `detail` as before it is nothing
    new. At `expires_at` it is over by itself.
    """

    user_id: str | None
    kind: FindingKind
    subject: str
    title: str
    detail: str
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that is wrong, or was until `closed_at`; without a user: of the whole daemon."""

    id: str
    user_id: str | None
    kind: FindingKind
    subject: str
    title: str
    detail: str
    count: int
    """How often something new was seen of it."""
    opened_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    expires_at: datetime | None
    announced_at: datetime
    """When devices and the webhook were last told that it is open."""
    changes: int
    """How many changes the webhook was told, or would have been."""
    told_open: bool
    """Whether that is what they were told last."""

    @property
    def daemon_wide(self) -> bool:
        """Whether it is for administrators."""
        return self.user_id is None


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingFilter:
    """Which findings; a kind of None: any. `daemon_wide` adds those of the whole daemon."""

    state: FindingState = "open"
    kind: FindingKind | None = None
    daemon_wide: bool = False
