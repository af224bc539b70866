"""The tables job_schedules and job_fires: each fire is dealt with once."""

from __future__ import annotations

from datetime import datetime

from noond.clock import from_ms, new_id, to_ms
from noond.errors import Conflict, NotFound
from noond.models.job import NewJob
from noond.models.job_schedule import CatchUp, JobSchedule
from noond.models.schedule import CronSchedule
from noond.store import jobs
from noond.store.rows import Connection, Row, Transaction, dump, load


def _schedule(row: Row) -> JobSchedule:
    return JobSchedule(
        id=row["id"],
        user_id=row["user_id"],
        name=row["name"],
        template=load(row["job"]),
        cron=row["cron"],
        timezone=row["timezone"],
        missed=row["missed"],
        most=row["most"],
        enabled=bool(row["enabled"]),
        base_at=from_ms(row["base_at"]),
        next_at=from_ms(row["next_at"]),
        created_at=from_ms(row["created_at"]),
    )


def insert(
    tx: Transaction,
    job: NewJob,
    *,
    name: str,
    cron: str,
    timezone: str,
    missed: CatchUp,
    most: int = 1,
    now: datetime,
) -> str:
    """Queue `job` at each fire from now on; returns the schedule's id.

    Raises Invalid for the expression or zone, Conflict when the user has one of that name.
    """
    next_at = CronSchedule(cron, timezone, field="cron").next_after(now)
    _require_free_name(tx, job.user_id, name)
    schedule_id = new_id()
    tx.execute(
        "INSERT INTO job_schedules (id, user_id, name, job, cron, timezone, missed, most,"
        " base_at, next_at, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            schedule_id, job.user_id, name, dump(jobs.as_template(job)), cron, timezone, missed,
            most, to_ms(now), to_ms(next_at), to_ms(now),
        ),
    )  # fmt: skip
    return schedule_id


def list_all(connection: Connection, user_id: str) -> list[JobSchedule]:
    """The user's schedules, by name."""
    rows = connection.execute(
        "SELECT * FROM job_schedules WHERE user_id = ? ORDER BY name", (user_id,)
    )
    return [_schedule(row) for row in rows]


def get(connection: Connection, user_id: str, schedule_id: str) -> JobSchedule:
    """The user's schedule; raises NotFound."""
    row = connection.execute(
        "SELECT * FROM job_schedules WHERE user_id = ? AND id = ?", (user_id, schedule_id)
    ).fetchone()
    if row is None:
        raise NotFound("there is no such schedule")
    return _schedule(row)


def change(
    tx: Transaction, user_id: str, schedule_id: str, after: JobSchedule, *, now: datetime
) -> JobSchedule:
    """Store what may be changed of a schedule; what passed before is not made up for.

    Raises NotFound, Invalid for the expression or zone, Conflict when the name is taken.
    """
    next_at = CronSchedule(after.cron, after.timezone, field="cron").next_after(now)
    _require_free_name(tx, user_id, after.name, but=schedule_id)
    tx.execute(
        "UPDATE job_schedules SET name = ?, job = ?, cron = ?, timezone = ?, missed = ?, most = ?,"
        " enabled = ?, base_at = ?, next_at = ? WHERE user_id = ? AND id = ?",
        (
            after.name, dump(after.template), after.cron, after.timezone, after.missed, after.most,
            after.enabled, to_ms(now), to_ms(next_at), user_id, schedule_id,
        ),
    )  # fmt: skip
    return get(tx, user_id, schedule_id)


def _require_free_name(tx: Transaction, user_id: str, name: str, *, but: str = "") -> None:
    taken = tx.execute(
        "SELECT 1 FROM job_schedules WHERE user_id = ? AND name = ? AND id <> ?",
        (user_id, name, but),
    ).fetchone()
    if taken is not None:
        raise Conflict(f"there is a schedule named {name!r}")


def disable(tx: Transaction, user_id: str, schedule_id: str) -> None:
    """Queue no more of it until it is changed."""
    tx.execute(
        "UPDATE job_schedules SET enabled = 0 WHERE user_id = ? AND id = ?", (user_id, schedule_id)
    )


def delete(tx: Transaction, user_id: str, schedule_id: str) -> None:
    """Queue no more of it; what is queued stays. Raises NotFound."""
    get(tx, user_id, schedule_id)
    tx.execute("DELETE FROM job_schedules WHERE user_id = ? AND id = ?", (user_id, schedule_id))


def due_all_users(tx: Transaction, *, now: datetime) -> list[JobSchedule]:
    """The schedules that have fires to deal with."""
    rows = tx.execute(
        "SELECT * FROM job_schedules WHERE enabled = 1 AND next_at <= ? ORDER BY next_at",
        (to_ms(now),),
    ).fetchall()
    return [_schedule(row) for row in rows]


def overdue_all_users(connection: Connection, *, before: datetime) -> list[JobSchedule]:
    """The schedules with a fire before this time that nothing has dealt with."""
    rows = connection.execute(
        "SELECT * FROM job_schedules WHERE enabled = 1 AND next_at < ? ORDER BY next_at",
        (to_ms(before),),
    ).fetchall()
    return [_schedule(row) for row in rows]


def waiting_and_running(tx: Transaction, user_id: str, concurrency_key: str) -> tuple[int, int]:
    """How many jobs of the key wait, and how many run."""
    row = tx.execute(
        "SELECT count(*) FILTER (WHERE status = 'pending'),"
        " count(*) FILTER (WHERE status = 'running') FROM jobs"
        " WHERE user_id = ? AND concurrency_key = ? AND status IN ('pending', 'running')",
        (user_id, concurrency_key),
    ).fetchone()
    return row[0], row[1]


def fire(
    tx: Transaction, schedule: JobSchedule, fire_at: datetime, job: NewJob | None, *, now: datetime
) -> None:
    """Deal with one fire: queue its job, or pass it over. A second time nothing happens."""
    fresh = tx.execute(
        "INSERT OR IGNORE INTO job_fires (schedule_id, fire_at) VALUES (?, ?)",
        (schedule.id, to_ms(fire_at)),
    )
    if fresh.rowcount == 1 and job is not None:
        made = jobs.insert(tx, job, now=now)
        tx.execute(
            "UPDATE job_fires SET job_id = ? WHERE schedule_id = ? AND fire_at = ?",
            (made.id, schedule.id, to_ms(fire_at)),
        )


def move_on(
    tx: Transaction, schedule_id: str, user_id: str, *, base_at: datetime, next_at: datetime
) -> None:
    """Fires up to `base_at` are dealt with."""
    tx.execute(
        "UPDATE job_schedules SET base_at = ?, next_at = ? WHERE user_id = ? AND id = ?",
        (to_ms(base_at), to_ms(next_at), user_id, schedule_id),
    )


def fires_of(
    connection: Connection, user_id: str, schedule_id: str, *, limit: int
) -> list[tuple[datetime, str | None]]:
    """The last fires, newest first: when, and the job; None: passed over."""
    rows = connection.execute(
        "SELECT fire_at, job_id FROM job_fires JOIN job_schedules ON job_schedules.id = schedule_id"
        " WHERE user_id = ? AND schedule_id = ? ORDER BY fire_at DESC LIMIT ?",
        (user_id, schedule_id, limit),
    )
    return [(from_ms(row["fire_at"]), row["job_id"]) for row in rows]
