"""A schedule: jobs that the clock queues."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

CatchUp = Literal["skip", "latest", "all"]
"""What becomes of fires that passed while noond was down or the one before still ran."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSchedule:
    """Queues a job at each fire of a crontab expression in a zone.

    `skip`: a fire is served only when it is on time and nothing of the schedule is left.
    `latest`: of those missed the last one. `all`: each, the last `most` of them. Never do two jobs
    of a schedule run at once.
    """

    id: str
    user_id: str
    name: str
    template: dict[str, Any]
    cron: str
    timezone: str
    missed: CatchUp
    most: int
    enabled: bool
    base_at: datetime
    """Fires up to here are dealt with."""
    next_at: datetime
    created_at: datetime
