"""The daemon's own schedules in the table job_schedules, and the user that they belong to."""

from __future__ import annotations

from datetime import datetime

from noond.models.account import Role
from noond.models.job import NewJob
from noond.models.job_schedule import JobSchedule
from noond.store import job_schedules, jobs
from noond.store.rows import Connection, Transaction

_PREFIX = "daemon:"
"""How the names of the daemon's own schedules begin; no user names any."""


def list_all_users(connection: Connection) -> list[JobSchedule]:
    """The daemon's own schedules."""
    found = connection.execute("SELECT DISTINCT user_id FROM job_schedules ORDER BY user_id")
    return [
        each
        for row in found.fetchall()
        for each in job_schedules.list_all(connection, row["user_id"])
        if is_daemons(each)
    ]


def is_daemons(schedule: JobSchedule) -> bool:
    """Whether the schedule is the daemon's own."""
    return schedule.name.startswith(_PREFIX)


def stands(schedule: JobSchedule, job: NewJob, *, cron: str) -> bool:
    """Whether the schedule queues this very job at these times."""
    return (schedule.user_id, schedule.cron, schedule.template) == (
        job.user_id,
        cron,
        jobs.as_template(job),
    )


def keeper_all_users(connection: Connection) -> str | None:
    """The first of the owners, whose the daemon's own jobs are."""
    row = connection.execute(
        "SELECT id FROM users WHERE role = ? AND removed_at IS NULL ORDER BY id LIMIT 1",
        (Role.OWNER,),
    ).fetchone()
    return None if row is None else str(row["id"])


def add(tx: Transaction, job: NewJob, *, cron: str, now: datetime) -> None:
    """Queue the job at each fire in UTC; of those missed the last one is made up for."""
    name = f"{_PREFIX}{job.job_type}"
    job_schedules.insert(tx, job, name=name, cron=cron, timezone="UTC", missed="latest", now=now)
