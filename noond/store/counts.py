"""How much is going on: runs and jobs that have not ended, of all users together."""

from __future__ import annotations

from noond.store.rows import Connection


def active_runs_all_users(connection: Connection) -> dict[str, int]:
    """How many runs are in each state that is not final."""
    rows = connection.execute(
        "SELECT status, count(*) AS number FROM runs"
        " WHERE status IN ('queued', 'running', 'waiting') GROUP BY status"
    )
    return {"queued": 0, "running": 0, "waiting": 0} | {
        row["status"]: row["number"] for row in rows
    }


def active_jobs_all_users(connection: Connection) -> dict[str, int]:
    """How many jobs wait for their time or their turn, and how many run."""
    # Two queries: each has an index of its own.
    states = {}
    for state in ("pending", "running"):
        (states[state],) = connection.execute(
            f"SELECT count(*) FROM jobs WHERE status = '{state}'"
        ).fetchone()
    return states
