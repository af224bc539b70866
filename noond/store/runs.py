"""The runs and run_errors tables."""

from __future__ import annotations

import sqlite3
from dataclasses import asdict
from datetime import datetime

from noond.clock import from_ms, to_ms
from noond.errors import Conflict, NotFound, RunInProgress
from noond.models.preview import Estimate, RunMode
from noond.models.run import Coverage, Run, RunStatus, Trigger, WaitingFor
from noond.store.rows import Connection, Row, Transaction, dump, load, time_or_none

_SELECT = """
    SELECT runs.*, agents.name AS agent_name,
           (SELECT count(DISTINCT file) FROM run_errors
             WHERE run_errors.run_id = runs.id AND file <> '') AS files_failed
      FROM runs JOIN agents ON agents.id = runs.agent_id
"""
_ACTIVE = "('queued', 'running', 'waiting')"


def _run(row: Row) -> Run:
    return Run(
        id=row["id"],
        user_id=row["user_id"],
        agent_id=row["agent_id"],
        agent_name=row["agent_name"],
        device_id=row["device_id"],
        trigger=row["trigger"],
        mode=RunMode(row["mode"]),
        status=RunStatus(row["status"]),
        waiting_for=row["waiting_for"],
        waiting_note=row["waiting_note"] if row["waiting_for"] == "budget" else None,
        scheduled_for=time_or_none(row["scheduled_for"]),
        late_reason=row["late_reason"],
        created_at=from_ms(row["created_at"]),
        started_at=time_or_none(row["started_at"]),
        waiting_since=time_or_none(row["waiting_since"]),
        cancel_requested=row["cancel_requested_at"] is not None,
        read_at=time_or_none(row["read_at"]),
        completed_at=time_or_none(row["completed_at"]),
        items_processed=row["items_processed"],
        items_created=row["items_created"],
        coverage=Coverage(
            listed=row["files_listed"],
            unchanged=row["files_unchanged"],
            read=row["items_processed"],
            skipped=row["files_skipped"],
            failed=row["files_failed"],
            dropped=load(row["dropped"]),
        ),
        llm_calls=row["llm_calls"],
        prompt_tokens=row["prompt_tokens"],
        completion_tokens=row["completion_tokens"],
        cost_usd=None if row["unpriced_calls"] else row["cost_usd"],
        estimate=Estimate(**load(row["estimate"])) if row["estimate"] else None,
        applied_at=time_or_none(row["applied_at"]),
        reverted_at=time_or_none(row["reverted_at"]),
    )


def insert(
    tx: Transaction,
    *,
    run_id: str,
    user_id: str,
    agent_id: str,
    device_id: str,
    trigger: Trigger,
    mode: RunMode,
    scheduled_for: datetime | None,
    late_reason: str | None,
    now: datetime,
) -> None:
    """Store a queued run.

    Raises RunInProgress when the agent has one that is not final, Conflict for a second run of
    the same fire of its schedule.
    """
    try:
        tx.execute(
            "INSERT INTO runs (id, user_id, agent_id, device_id, trigger, mode, status,"
            " scheduled_for, late_reason, created_at)"
            " VALUES (?, ?, ?, ?, ?, ?, 'queued', ?, ?, ?)",
            (
                run_id,
                user_id,
                agent_id,
                device_id,
                trigger,
                mode,
                None if scheduled_for is None else to_ms(scheduled_for),
                late_reason,
                to_ms(now),
            ),
        )
    except sqlite3.IntegrityError:
        active = find_active(tx, user_id, agent_id)
        if active is None:
            raise Conflict("this fire of the schedule has had its run") from None
        raise RunInProgress(active.id) from None


def get(connection: Connection, user_id: str, run_id: str) -> Run:
    """The run; raises NotFound."""
    row = connection.execute(
        _SELECT + "WHERE runs.user_id = ? AND runs.id = ?", (user_id, run_id)
    ).fetchone()
    if row is None:
        raise NotFound("there is no such run")
    return _run(row)


def find_active(connection: Connection, user_id: str, agent_id: str) -> Run | None:
    """The agent's run that is not final."""
    row = connection.execute(
        _SELECT + f"WHERE runs.user_id = ? AND runs.agent_id = ? AND status IN {_ACTIVE}",
        (user_id, agent_id),
    ).fetchone()
    return None if row is None else _run(row)


def list_page(
    connection: Connection,
    user_id: str,
    *,
    agent_id: str | None,
    status: RunStatus | None,
    limit: int,
    before: str | None,
) -> list[tuple[Run, int]]:
    """Newest first, ids below `before`, each with its number of errors."""
    rows = connection.execute(
        "SELECT page.*,"
        " (SELECT count(*) FROM run_errors WHERE run_errors.run_id = page.id)"
        " + (SELECT count(*) FROM deliveries"
        "     WHERE deliveries.run_id = page.id AND deliveries.status = 'failed') AS error_count"
        f" FROM ({_SELECT} WHERE runs.user_id = :user AND runs.id < :before"
        "   AND (:agent IS NULL OR runs.agent_id = :agent)"
        "   AND (:status IS NULL OR runs.status = :status)"
        "  ORDER BY runs.id DESC LIMIT :limit) AS page",
        {
            "user": user_id,
            "before": before or "~",
            "agent": agent_id,
            "status": status,
            "limit": limit,
        },
    )
    return [(_run(row), row["error_count"]) for row in rows]


def list_active(connection: Connection, user_id: str) -> list[str]:
    """The ids of the user's runs that have not ended."""
    rows = connection.execute(
        "SELECT id FROM runs WHERE user_id = ? AND status IN ('queued', 'running', 'waiting')",
        (user_id,),
    )
    return [row["id"] for row in rows]


def ever_ran(connection: Connection, user_id: str, agent_id: str) -> bool:
    """Whether the agent has had a run, in whatever state."""
    row = connection.execute(
        "SELECT 1 FROM runs WHERE user_id = ? AND agent_id = ? LIMIT 1", (user_id, agent_id)
    ).fetchone()
    return row is not None


def set_running(tx: Transaction, user_id: str, run_id: str, *, now: datetime) -> None:
    """The run is being worked on."""
    tx.execute(
        "UPDATE runs SET status = 'running', waiting_for = NULL, waiting_since = NULL,"
        " started_at = coalesce(started_at, ?)"
        f" WHERE user_id = ? AND id = ? AND status IN {_ACTIVE}",
        (to_ms(now), user_id, run_id),
    )


def set_waiting(
    tx: Transaction,
    user_id: str,
    run_id: str,
    waiting_for: WaitingFor,
    *,
    now: datetime,
    note: str | None = None,
) -> None:
    """The run waits; the time since it has waited for the same thing is kept."""
    tx.execute(
        "UPDATE runs SET status = 'waiting', waiting_since ="
        " CASE WHEN waiting_for IS ? THEN coalesce(waiting_since, ?) ELSE ? END, waiting_for = ?,"
        f" waiting_note = ? WHERE user_id = ? AND id = ? AND status IN {_ACTIVE}",
        (waiting_for, to_ms(now), to_ms(now), waiting_for, note, user_id, run_id),
    )


def request_cancel(tx: Transaction, user_id: str, run_id: str, *, now: datetime) -> None:
    """Note durably that the run shall end."""
    tx.execute(
        "UPDATE runs SET cancel_requested_at = coalesce(cancel_requested_at, ?)"
        f" WHERE user_id = ? AND id = ? AND status IN {_ACTIVE}",
        (to_ms(now), user_id, run_id),
    )


def set_read(tx: Transaction, user_id: str, run_id: str, *, now: datetime) -> None:
    """All of the device's files were processed; what is left is delivery."""
    tx.execute(
        "UPDATE runs SET read_at = coalesce(read_at, ?) WHERE user_id = ? AND id = ?",
        (to_ms(now), user_id, run_id),
    )


def finish(tx: Transaction, user_id: str, run_id: str, status: RunStatus, *, now: datetime) -> bool:
    """Give an active run its final status; False when it was final already."""
    cursor = tx.execute(
        "UPDATE runs SET status = ?, waiting_for = NULL, waiting_since = NULL, completed_at = ?"
        f" WHERE user_id = ? AND id = ? AND status IN {_ACTIVE}",
        (status, to_ms(now), user_id, run_id),
    )
    return cursor.rowcount == 1


def set_final_status(tx: Transaction, user_id: str, run_id: str, status: RunStatus) -> None:
    """Correct the final status after a delivery was sent again."""
    tx.execute(
        f"UPDATE runs SET status = ? WHERE user_id = ? AND id = ? AND status NOT IN {_ACTIVE}",
        (status, user_id, run_id),
    )


def set_files(
    tx: Transaction, user_id: str, run_id: str, *, listed: int | None, unchanged: int
) -> None:
    """What the manifest said, counted."""
    tx.execute(
        "UPDATE runs SET files_listed = ?, files_unchanged = ? WHERE user_id = ? AND id = ?",
        (listed, unchanged, user_id, run_id),
    )


def set_estimate(tx: Transaction, user_id: str, run_id: str, estimate: Estimate) -> None:
    """What the estimate came to."""
    tx.execute(
        "UPDATE runs SET estimate = ? WHERE user_id = ? AND id = ?",
        (dump(asdict(estimate)), user_id, run_id),
    )


def set_applied(tx: Transaction, user_id: str, run_id: str, *, now: datetime) -> bool:
    """The dry run's proposals are journaled; False when they were before."""
    cursor = tx.execute(
        "UPDATE runs SET applied_at = ? WHERE user_id = ? AND id = ? AND applied_at IS NULL",
        (to_ms(now), user_id, run_id),
    )
    return cursor.rowcount == 1


def set_reverted(tx: Transaction, user_id: str, run_id: str, *, now: datetime) -> None:
    """The run was undone; the first time is kept."""
    tx.execute(
        "UPDATE runs SET reverted_at = coalesce(reverted_at, ?) WHERE user_id = ? AND id = ?",
        (to_ms(now), user_id, run_id),
    )


def count_unchanged(tx: Transaction, user_id: str, run_id: str) -> None:
    """A file came that was known already (a basic device sends all of them)."""
    tx.execute(
        "UPDATE runs SET files_unchanged = files_unchanged + 1 WHERE user_id = ? AND id = ?",
        (user_id, run_id),
    )


def count_skipped(tx: Transaction, user_id: str, run_id: str) -> None:
    """A file was empty."""
    tx.execute(
        "UPDATE runs SET files_skipped = files_skipped + 1 WHERE user_id = ? AND id = ?",
        (user_id, run_id),
    )


def reset_counts(tx: Transaction, user_id: str, run_id: str) -> None:
    """The device's files are read from the start again."""
    tx.execute(
        "UPDATE runs SET files_skipped = 0, files_unchanged = 0 WHERE user_id = ? AND id = ?",
        (user_id, run_id),
    )


def count_read(tx: Transaction, user_id: str, run_id: str, *, dropped: dict[str, int]) -> None:
    """One file was read; `dropped` are the candidates that the gate refused."""
    row = tx.execute(
        "SELECT dropped FROM runs WHERE user_id = ? AND id = ?", (user_id, run_id)
    ).fetchone()
    total: dict[str, int] = load(row["dropped"])
    for reason, count in dropped.items():
        total[reason] = total.get(reason, 0) + count
    tx.execute(
        "UPDATE runs SET items_processed = items_processed + 1, dropped = ?"
        " WHERE user_id = ? AND id = ?",
        (dump(total), user_id, run_id),
    )


def count_calls(
    tx: Transaction,
    user_id: str,
    run_id: str,
    *,
    calls: int,
    prompt_tokens: int,
    completion_tokens: int,
    cost_usd: float,
    unpriced: int,
) -> None:
    """Add up what the model's calls used."""
    tx.execute(
        "UPDATE runs SET llm_calls = llm_calls + ?, prompt_tokens = prompt_tokens + ?,"
        " completion_tokens = completion_tokens + ?, cost_usd = cost_usd + ?,"
        " unpriced_calls = unpriced_calls + ? WHERE user_id = ? AND id = ?",
        (calls, prompt_tokens, completion_tokens, cost_usd, unpriced, user_id, run_id),
    )


def count_created(tx: Transaction, user_id: str, run_id: str) -> None:
    """The device has applied one of the run's records."""
    tx.execute(
        "UPDATE runs SET items_created = items_created + 1 WHERE user_id = ? AND id = ?",
        (user_id, run_id),
    )


def list_running_all_users(connection: Connection) -> list[Run]:
    """The runs that were being worked on; at start, what a dead daemon left."""
    rows = connection.execute(_SELECT + "WHERE status = 'running' ORDER BY runs.id")
    return [_run(row) for row in rows]


def requeue(tx: Transaction, user_id: str, run_id: str) -> None:
    """The run goes on later: after a restart, or in the next daemon."""
    tx.execute(
        "UPDATE runs SET status = 'queued', waiting_for = NULL, waiting_since = NULL"
        f" WHERE user_id = ? AND id = ? AND status IN {_ACTIVE} AND waiting_for IS NOT 'device'",
        (user_id, run_id),
    )
