"""Jobs that end or go on without an attempt of their own: after a crash, past a deadline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from noond.clock import to_ms
from noond.models.job import JobStatus, Reason
from noond.store import job_endings, job_holds
from noond.store.job_rows import COLUMNS, job_of
from noond.store.rows import Transaction

OnCrash = Literal["retry", "fail"]


def recover_all_users(
    tx: Transaction,
    *,
    now: datetime,
    on_crash: Mapping[str, OnCrash] | None = None,
    never_quarantined: Sequence[str] = (),
    max_crashes: int = 20,
) -> int:
    """At start every running job is an orphan of a dead daemon: it is pending again.

    A crash uses up no retry. A job of a type that says `fail`, and one that has brought the daemon
    down `max_crashes` times in a row, has failed; who was being cancelled is cancelled.
    """
    rows = tx.execute(f"SELECT {COLUMNS} FROM jobs WHERE status = 'running' ORDER BY id").fetchall()
    job_holds.release_everything_all_users(tx)
    for row in rows:
        job = job_of(row)
        crashes = job.crashes + 1
        limited = job.job_type not in never_quarantined
        if job.cancel_requested:
            job_endings.finish(tx, job, JobStatus.CANCELLED, error=None, now=now)
        elif (on_crash or {}).get(job.job_type) == "fail" or (limited and crashes >= max_crashes):
            error = f"the daemon ended while this job ran, {crashes} times in a row"
            job_endings.finish(
                tx, job, JobStatus.FAILED, reason=Reason.CRASHED, error=error, now=now
            )
            tx.execute("UPDATE jobs SET crashes = ? WHERE id = ?", (crashes, job.id))
        else:
            tx.execute(
                "UPDATE jobs SET status = 'pending', started_at = NULL, crashes = ?, hold = 1"
                " WHERE id = ?",
                (crashes, job.id),
            )
            job_endings.keep_attempt(
                tx, job, Reason.CRASHED, "the daemon ended", now=now, next_at=now
            )
    return len(rows)


def expire_all_users(tx: Transaction, *, now: datetime) -> int:
    """Waiting jobs whose deadline has passed have failed; returns how many."""
    rows = tx.execute(
        f"SELECT {COLUMNS} FROM jobs INDEXED BY jobs_deadline"
        " WHERE status = 'pending' AND deadline_at <= ? LIMIT 512",
        (to_ms(now),),
    ).fetchall()
    for row in rows:
        job_endings.end_waiting(
            tx, job_of(row), JobStatus.FAILED, reason=Reason.DEADLINE,
            error="its deadline passed while it waited", now=now,
        )  # fmt: skip
    return len(rows)
