"""What the clock queues. SQLite holds the state; each fire is dealt with in one transaction."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from itertools import takewhile

import structlog

from noond.errors import Invalid
from noond.models.job_schedule import JobSchedule
from noond.models.schedule import CronSchedule
from noond.store import job_schedules, jobs
from noond.store.rows import Transaction

log = structlog.get_logger(__name__)

ON_TIME = timedelta(minutes=1)
"""A fire this late still counts as met."""


def fire_due(tx: Transaction, *, now: datetime) -> int:
    """Queue what the schedules owe; returns how many jobs that made."""
    return sum(
        _fire_or_end(tx, schedule, now) for schedule in job_schedules.due_all_users(tx, now=now)
    )


def _fire_or_end(tx: Transaction, schedule: JobSchedule, now: datetime) -> int:
    try:
        return _fire(tx, schedule, now)
    except Invalid as error:
        # It was valid when it was made: the time zone data has changed since.
        log.error("schedule_ended", schedule=schedule.name, error=error.message)
        job_schedules.disable(tx, schedule.user_id, schedule.id)
        return 0


def _fire(tx: Transaction, schedule: JobSchedule, now: datetime) -> int:
    cron = CronSchedule(schedule.cron, schedule.timezone, field="cron")
    key = f"schedule:{schedule.id}"
    waiting, running = job_schedules.waiting_and_running(tx, schedule.user_id, key)
    most = schedule.most if schedule.missed == "all" else 1
    fires = _owed(cron, schedule, most, now)
    served = list(fires)
    if schedule.missed == "skip":
        served = [each for each in fires if now - each <= ON_TIME and not waiting and not running]
    elif waiting >= most:
        served = []  # what waits already serves it: a late job is not followed by an older one
    else:
        served = served[-(most - waiting) :]
    for fire_at in fires:
        job = None
        if fire_at in served:
            job = jobs.from_template(
                schedule.user_id, schedule.template, concurrency_key=key, concurrency_limit=1
            )
        job_schedules.fire(tx, schedule, fire_at, job, now=now)
    job_schedules.move_on(
        tx, schedule.id, schedule.user_id, base_at=now, next_at=cron.next_after(now)
    )
    return len(served)


def _owed(cron: CronSchedule, schedule: JobSchedule, most: int, now: datetime) -> list[datetime]:
    """The last `most` fires that were not dealt with, oldest first."""
    if most == 1:
        latest = cron.latest_between(schedule.base_at, now)
        return [] if latest is None else [latest]
    passed = takewhile(lambda fire: fire <= now, cron.fires_after(schedule.base_at))
    return list(deque(passed, maxlen=most))
