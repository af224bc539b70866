"""The lanes that have something ready, in the order in which their users' turns come.

A claim must not look at everybody who waits. So the writer's connection keeps a row for each such
lane in memory: the turn in which its user was last served, and a place (time, id) before which the
lane has no job. Triggers add lanes; a claim drops those that it finds empty. Memory follows the
transaction as the database does, and is filled anew on a new connection and after a commit by
another one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from noond.store.job_lanes import READY, distinct_all_users
from noond.store.rows import Transaction

Place: TypeAlias = tuple[int, str]
"""Where a job stands in its lane: due time in milliseconds, and id."""

LaneKey: TypeAlias = tuple[str, int, str, str]
"""Queue, priority, user, type."""

_LANE = "queue = ? AND priority = ? AND user_id = ? AND job_type = ?"
_ADD = (
    " AND NOT EXISTS (SELECT 1 FROM waiting_lanes WHERE queue = NEW.queue"
    " AND priority = NEW.priority AND user_id = NEW.user_id AND job_type = NEW.job_type"
    " AND (due, job_id) <= (NEW.scheduled_at, NEW.id))"
    " BEGIN INSERT INTO waiting_lanes VALUES (NEW.queue, NEW.priority, NEW.user_id, NEW.job_type,"
    " coalesce((SELECT turn FROM job_turns WHERE user_id = NEW.user_id), 0),"
    " NEW.scheduled_at, NEW.id)"
    " ON CONFLICT DO UPDATE SET due = excluded.due, job_id = excluded.job_id; END"
)
_SET_UP = (
    """CREATE TEMP TABLE waiting_lanes (queue, priority, user_id, job_type, turn, due, job_id,
    PRIMARY KEY (user_id, queue, priority, job_type)) WITHOUT ROWID""",
    """CREATE INDEX temp.waiting_in_turn
    ON waiting_lanes (queue, priority, job_type, turn, due, job_id, user_id)""",
    "CREATE TEMP TABLE waiting_state (version, turn)",
    "CREATE TEMP TRIGGER waiting_inserted AFTER INSERT ON main.jobs"
    " WHEN NEW.status = 'pending' AND NEW.hold = 0" + _ADD,
    "CREATE TEMP TRIGGER waiting_released AFTER UPDATE OF hold ON main.jobs"
    " WHEN NEW.status = 'pending' AND NEW.hold = 0" + _ADD,
)
_PAGE = (
    "SELECT user_id, turn, due, job_id FROM waiting_lanes INDEXED BY waiting_in_turn"
    " WHERE queue = ? AND priority = ? AND job_type = ?"
    " AND (turn, due, job_id, user_id) > (?, ?, ?, ?)"
    " ORDER BY turn, due, job_id, user_id LIMIT ?"
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A lane as it is kept: nothing in it stands before `place`."""

    key: LaneKey
    turn: int
    place: Place


class LanesInTurn:
    """The lanes of a queue, priority and type, a page at a time."""

    def __init__(self, tx: Transaction, queue: str, priority: int, kind: str, size: int) -> None:
        self._tx, self._lane, self._size = tx, (queue, priority, kind), size
        self._last: tuple[int, int, str, str] = (-1, 0, "", "")

    def next_page_all_users(self) -> tuple[list[Waiting], bool]:
        """The next lanes, and whether there may be more: none of those comes before these."""
        queue, priority, kind = self._lane
        rows = self._tx.execute(_PAGE, (*self._lane, *self._last, self._size)).fetchall()
        if rows:
            user, *order = rows[-1]
            self._last = (*order, user)
        lanes = [
            Waiting((queue, priority, user, kind), turn, (due, job_id))
            for user, turn, due, job_id in rows
        ]
        return lanes, len(rows) == self._size


def last_turn_all_users(tx: Transaction) -> int:
    """The turn of the last job that was claimed. Sees to it that the lanes are known."""
    version = tx.execute("PRAGMA data_version").fetchone()[0]
    known = tx.execute("SELECT 1 FROM sqlite_temp_master WHERE name = 'waiting_state'").fetchone()
    if known is None:
        for sql in _SET_UP:
            tx.execute(sql)
    state = tx.execute("SELECT version, turn FROM waiting_state").fetchone()
    if state is not None and state["version"] == version:
        return int(state["turn"])
    return _fill_all_users(tx, version)


def _fill_all_users(tx: Transaction, version: int) -> int:
    tx.execute("DELETE FROM waiting_lanes")
    tx.execute("DELETE FROM waiting_state")
    turns = dict(tx.execute("SELECT user_id, turn FROM job_turns").fetchall())
    columns = ("queue", "priority", "user_id", "job_type")
    lanes = distinct_all_users(tx, columns, hold=READY, fixed={})
    tx.executemany(
        "INSERT INTO waiting_lanes VALUES (?, ?, ?, ?, ?, 0, '')",
        [(*lane, turns.get(lane[2], 0)) for lane in lanes],
    )
    last = max(turns.values(), default=0)
    tx.execute("INSERT INTO waiting_state VALUES (?, ?)", (version, last))
    return last


def keep_all_users(
    tx: Transaction,
    *,
    empty: Iterable[LaneKey],
    places: Mapping[LaneKey, Place],
    turns: Mapping[str, int],
) -> None:
    """What a claim has found out: lanes without a job, first places of others, who was served."""
    tx.executemany(f"DELETE FROM waiting_lanes WHERE {_LANE}", empty)
    tx.executemany(
        f"UPDATE waiting_lanes SET due = ?, job_id = ? WHERE {_LANE}",
        [(*place, *key) for key, place in places.items()],
    )
    if not turns:
        return
    tx.executemany(
        "UPDATE waiting_lanes SET turn = ? WHERE user_id = ?",
        [(turn, user) for user, turn in turns.items()],
    )
    tx.executemany(
        "INSERT INTO job_turns (user_id, turn) VALUES (?, ?)"
        " ON CONFLICT (user_id) DO UPDATE SET turn = excluded.turn",
        list(turns.items()),
    )
    tx.execute("UPDATE waiting_state SET turn = ?", (max(turns.values()),))
