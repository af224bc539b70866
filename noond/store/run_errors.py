"""The run_errors table: what went wrong in a run, beside the deliveries that failed."""

from __future__ import annotations

from noond.models.run import RunError
from noond.store.rows import Connection, Transaction


def put(tx: Transaction, user_id: str, run_id: str, error: RunError) -> None:
    """Note what went wrong; the same thing with the same file is noted once."""
    tx.execute(
        "INSERT INTO run_errors (user_id, run_id, file, code, message) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (run_id, file, code) DO UPDATE SET message = excluded.message",
        (user_id, run_id, error.file or "", error.code, error.message[:2000]),
    )


def clear_file(tx: Transaction, user_id: str, run_id: str, file: str) -> None:
    """The file was read after all."""
    tx.execute(
        "DELETE FROM run_errors WHERE user_id = ? AND run_id = ? AND file = ?",
        (user_id, run_id, file),
    )


def list_all(connection: Connection, user_id: str, run_id: str) -> list[RunError]:
    """What went wrong, and the deliveries that failed; what concerns the whole run first."""
    rows = connection.execute(
        "SELECT file, code, message FROM run_errors WHERE user_id = :user AND run_id = :run"
        " UNION ALL "
        "SELECT records.path, coalesce(error_code, 'insert_failed'), coalesce(error, '')"
        "  FROM deliveries JOIN records ON records.id = deliveries.record_id"
        " WHERE deliveries.user_id = :user AND deliveries.run_id = :run"
        "   AND deliveries.status = 'failed' ORDER BY 1, 2, 3",
        {"user": user_id, "run": run_id},
    )
    return [RunError(file=row[0] or None, code=row[1], message=row[2]) for row in rows]
