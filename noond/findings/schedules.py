"""Watches the schedules of jobs: a fire that has passed and that nothing has dealt with."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

from noond.clock import Clock
from noond.findings.findings import Findings
from noond.models.finding import FindingKind, Observation
from noond.models.job_schedule import JobSchedule
from noond.store import clockwork, job_schedules
from noond.store.database import Database

AGENT: Final = "agent:"
SCHEDULE: Final = "schedule:"
"""How the subjects of findings about schedules begin; an id follows."""

_LATE: Final = timedelta(minutes=1)


class Schedules:
    """Looks at the schedules when the clock ticks: the engine deals with each within moments."""

    def __init__(self, database: Database, clock: Clock, findings: Findings) -> None:
        self._database = database
        self._clock = clock
        self._findings = findings

    async def tick(self) -> None:
        """Open the findings of schedules that did not fire; close those of others."""
        before = self._clock.now() - _LATE
        late = await self._database.read(
            lambda c: job_schedules.overdue_all_users(c, before=before)
        )
        await self._findings.settle(
            FindingKind.SCHEDULE_NOT_FIRED, [_overdue(each) for each in late], subjects=SCHEDULE
        )


def _overdue(schedule: JobSchedule) -> Observation:
    due = schedule.next_at.astimezone(ZoneInfo(schedule.timezone))
    return Observation(
        user_id=None if clockwork.is_daemons(schedule) else schedule.user_id,
        kind=FindingKind.SCHEDULE_NOT_FIRED,
        subject=f"{SCHEDULE}{schedule.id}",
        title=f"The schedule {schedule.name} has not fired",
        detail=f"It was due at {due:%Y-%m-%d %H:%M %Z}, and nothing was queued.",
    )
