"""What pending jobs wait for. A claim looks only at those that wait for nothing but a slot.

A claim that meets a job whose key is taken holds it back, so that no later claim meets it again
while the key is taken. Whatever frees a place of the key lets the first of each lane (queue,
priority, user, type) of the key come forward; the claim then takes the right one of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from noond.clock import to_ms
from noond.store.job_lanes import KEY_HELD, RATE_HELD, distinct_all_users
from noond.store.rows import Transaction

_LANE = ("queue", "priority", "user_id", "job_type")
_COLUMN = {KEY_HELD: "concurrency_key", RATE_HELD: "rate_key"}


def promote_all_users(tx: Transaction, *, now: datetime) -> None:
    """Jobs whose time has come wait for a slot."""
    tx.execute(
        "UPDATE jobs SET hold = 0 WHERE status = 'pending' AND hold = 1 AND scheduled_at <= ?",
        (to_ms(now),),
    )


def hold_all_users(tx: Transaction, job_ids: Iterable[str], hold: int) -> None:
    """These jobs are not looked at until their key is released."""
    tx.executemany("UPDATE jobs SET hold = ? WHERE id = ?", [(hold, each) for each in job_ids])


def release_key_all_users(tx: Transaction, key: str) -> None:
    """A place of the concurrency key is free, or who would have taken it is gone."""
    _release_all_users(tx, KEY_HELD, key, 1)


def release_rate_key_all_users(tx: Transaction, key: str, room: int) -> None:
    """So many jobs of the rate key may start."""
    _release_all_users(tx, RATE_HELD, key, room)


def release_everything_all_users(tx: Transaction) -> None:
    """At start nothing runs: every place of every key is free."""
    tx.execute("UPDATE jobs SET hold = 0 WHERE status = 'pending' AND hold = 2")
    tx.execute("UPDATE jobs SET hold = 0 WHERE status = 'pending' AND hold = 3")


def _release_all_users(tx: Transaction, hold: int, key: str, room: int) -> None:
    column = _COLUMN[hold]
    lanes = list(distinct_all_users(tx, _LANE, hold=hold, fixed={column: key}))
    for lane in lanes:
        tx.execute(
            "UPDATE jobs SET hold = 0 WHERE id IN (SELECT id FROM jobs"
            f" WHERE status = 'pending' AND hold = {hold} AND {column} = ? AND queue = ?"
            " AND priority = ? AND user_id = ? AND job_type = ?"
            " ORDER BY scheduled_at, id LIMIT ?)",
            (key, *lane, room),
        )
