"""How a run ended: errors and nothing created → error; errors and something → partial."""

from __future__ import annotations

from datetime import datetime

from noond.accounts.activities import Activities
from noond.models.activity import Activity, ActivityKind
from noond.models.run import Run, RunStatus
from noond.store import agents, run_errors, runs
from noond.store.rows import Connection, Transaction

_BROKEN_PROTOCOL = frozenset({"sequence_gap", "credit_exceeded", "frame_too_large", "bad_frames"})
"""Errors of a whole run that fail it, whatever was created before."""

_JUDGED = frozenset({RunStatus.SUCCESS, RunStatus.PARTIAL, RunStatus.ERROR})


def judge(connection: Connection, run: Run) -> RunStatus:
    """The final status that the run's errors and created records ask for."""
    errors = run_errors.list_all(connection, run.user_id, run.id)
    if not errors:
        return RunStatus.SUCCESS
    if any(error.file is None and error.code in _BROKEN_PROTOCOL for error in errors):
        return RunStatus.ERROR
    return RunStatus.PARTIAL if run.items_created else RunStatus.ERROR


def finish(
    tx: Transaction, user_id: str, run_id: str, *, now: datetime, status: RunStatus | None = None
) -> bool:
    """End an active run, by the rule unless a status is given; False when it had ended."""
    run = runs.get(tx, user_id, run_id)
    ended = runs.finish(tx, user_id, run_id, status or judge(tx, run), now=now)
    agents.set_last_run(tx, user_id, run.agent_id, at=now)
    return ended


def log_failure(
    tx: Transaction, user_id: str, run_id: str, activities: Activities
) -> Activity | None:
    """Log that the run has just ended as an error; None when it has not."""
    run = runs.get(tx, user_id, run_id)
    if run.status is not RunStatus.ERROR:
        return None
    first, *_ = run_errors.list_all(tx, user_id, run_id)
    return activities.log(
        tx,
        user_id,
        ActivityKind.ERROR_OCCURRED,
        description=f"a run of {run.agent_name} has failed: {first.message}",
        metadata={"run_id": run_id, "agent_id": run.agent_id, "code": first.code},
    )


def correct_final_status(tx: Transaction, user_id: str, run_id: str) -> None:
    """After a delivery was settled: the status of a run that ended by the rule follows."""
    run = runs.get(tx, user_id, run_id)
    if run.status in _JUDGED:
        status = judge(tx, run)
        if status is not run.status:
            runs.set_final_status(tx, user_id, run_id, status)
