"""Claiming: which due jobs start next. The cost goes with what is started, not with the history.

Due jobs stand in lanes (queue, priority, user, type), each in the order of time and id. A claim
goes through the lanes; a type or queue that may not start anything is passed over with all that
waits in it.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from noond.models.job import Job
from noond.store import job_holds, job_lanes
from noond.store.job_lanes import KEY_HELD, RATE_HELD, READY, Lane
from noond.store.job_rates import Rates, Unlimited
from noond.store.rows import Transaction, load

LONELY_CRASHES = 3
"""A job that brought the daemon down that often in a row starts alone. The index says it too."""


def claim_all_users(
    tx: Transaction,
    *,
    job_types: Collection[str],
    free: int,
    now: datetime,
    queues: Sequence[str] = (),
    rates: Rates | None = None,
) -> list[Job]:
    """Take up to `free` due jobs and start their next attempt.

    In the order queue (those of `queues` in their order, others in the place of `default`, by
    name), priority (1 first), the user served longest ago, due time, id; of one concurrency key
    only while it has a place. A job that brought the daemon down three times in a row runs alone,
    so that it takes nothing else down with it. Raises nothing for a type it does not know: such
    jobs stay.
    """
    job_holds.promote_all_users(tx, now=now)
    rates = rates or Unlimited()
    for key, room in rates.released_keys():
        job_holds.release_rate_key_all_users(tx, key, room)
    overall = rates.room("queue", "*")
    free = free if overall is None else min(free, overall)
    if free <= 0 or job_lanes.lonely_runs_all_users(tx):
        return []
    claim = _Claim(tx, job_types, free, rates, now)
    groups = job_lanes.distinct_all_users(tx, ("queue", "priority"), hold=READY, fixed={})
    for queue, priority in sorted(groups, key=lambda group: _rank(queues, *group)):
        if not claim.goes_on:
            break
        if claim.queue_room(queue) > 0:
            claim.take_group(queue, priority)
    return claim.start()


def _rank(queues: Sequence[str], queue: str, priority: int) -> tuple[int, str, int]:
    known = queue if queue in queues else "default"
    place = queues.index(known) if known in queues else len(queues)
    return place, queue, priority


class _Claim:
    """One claim: what it has taken so far, and what it holds back."""

    def __init__(
        self,
        tx: Transaction,
        job_types: Collection[str],
        free: int,
        rates: Rates,
        now: datetime,
    ) -> None:
        self._tx, self._types, self._free, self._rates = tx, job_types, free, rates
        self._now = now
        self.goes_on = True
        self._taken: list[Job] = []
        self._held: dict[int, list[str]] = {KEY_HELD: [], RATE_HELD: []}
        self._rooms: dict[tuple[str, str], int] = {}
        self._queue_started: Counter[str] = Counter()
        self._keys_started: Counter[tuple[str, str]] = Counter()
        self._key_runs: dict[str, int] = {}
        self._any_runs: bool | None = None
        self._turns = job_lanes.turns_all_users(tx)
        self._turn = max(self._turns.values(), default=0)
        self._queues = {
            row["queue"]: row
            for row in self._tx.execute("SELECT queue, paused_at, concurrency FROM job_queues")
        }

    def queue_room(self, queue: str) -> int:
        """How many jobs of the queue may start now."""
        rule = self._queues.get(queue)
        room = self._room("queue", queue)
        if rule is None:
            return room
        if rule["paused_at"] is not None:
            return 0
        if rule["concurrency"] is not None:
            runs = job_lanes.running_of_queue_all_users(self._tx, queue)
            room = min(room, rule["concurrency"] - runs - self._queue_started[queue])
        return room

    def take_group(self, queue: str, priority: int) -> None:
        """Take what the queue has of this priority, the users in turn."""
        room = min(self._free, self.queue_room(queue))
        fixed = {"queue": queue, "priority": priority}
        found = job_lanes.distinct_all_users(
            self._tx, ("user_id", "job_type"), hold=READY, fixed=fixed
        )
        names = [(user, kind) for user, kind in found if self._startable(kind)]
        chunk = max(2, -(-room // max(1, len(names))))
        lanes = [
            Lane(self._tx, (queue, priority, user, kind), chunk=chunk, now=self._now)
            for user, kind in names
        ]
        if len(lanes) == 1:
            self._take_lane(lanes[0], room)
            return
        # A lane is read when the turn comes to its user: () stands before every time.
        heads: list[tuple[int, tuple[datetime, str] | tuple[()], int, Lane]] = [
            (self._turns.get(lane.user, 0), (), number, lane) for number, lane in enumerate(lanes)
        ]
        heapq.heapify(heads)
        while heads and room > 0 and self.goes_on:
            turn, place, number, lane = heapq.heappop(heads)
            if not self._startable(lane.kind):
                continue
            if place and turn == self._turns.get(lane.user, 0):
                room -= self._take(lane)
                heapq.heappush(heads, (self._turns.get(lane.user, 0), (), number, lane))
            elif (head := lane.head()) is not None:
                place = (head.scheduled_at, head.id)
                heapq.heappush(heads, (self._turns.get(lane.user, 0), place, number, lane))

    def _take_lane(self, lane: Lane, room: int) -> None:
        """Take from the only lane there is."""
        while room > 0 and self.goes_on and self._startable(lane.kind) and lane.head() is not None:
            room -= self._take(lane)

    def _take(self, lane: Lane) -> bool:
        """Take the lane's first job, or hold it back; False when none was taken."""
        job = lane.head()
        assert job is not None
        key, rate_key = job.concurrency_key, job.rate_key
        if key is not None and self._runs(key) >= job.concurrency_limit:
            self._held[KEY_HELD].append(job.id)
            lane.drop()
            return False
        if rate_key is not None and not self._rate_admits(job.job_type, rate_key):
            self._held[RATE_HELD].append(job.id)
            lane.drop()
            return False
        if job.crashes >= LONELY_CRASHES:
            self.goes_on = False
            if self._taken or self._something_runs():
                return False
        lane.drop()
        self._taken.append(job)
        self._turn += 1
        self._turns[job.user_id] = self._turn
        self._free -= 1
        if self._free == 0:
            self.goes_on = False
        self._rooms["type", job.job_type] -= 1
        self._rooms["queue", job.queue] -= 1
        self._queue_started[job.queue] += 1
        if key is not None:
            self._key_runs[key] += 1
        if rate_key is not None:
            self._keys_started[job.job_type, rate_key] += 1
        return True

    def _rate_admits(self, job_type: str, key: str) -> bool:
        room = self._rates.key_room(job_type, key)
        if room is None or room > self._keys_started[job_type, key]:
            return True
        self._rates.key_held(job_type, key)
        return False

    def _runs(self, key: str) -> int:
        if key not in self._key_runs:
            self._key_runs[key] = job_lanes.running_of_key_all_users(self._tx, key)
        return self._key_runs[key]

    def _startable(self, kind: str) -> bool:
        return kind in self._types and self._room("type", kind) > 0

    def _room(self, kind: str, name: str) -> int:
        if (kind, name) not in self._rooms:
            room = self._rates.room(kind, name)
            self._rooms[kind, name] = self._free if room is None else room
        return self._rooms[kind, name]

    def _something_runs(self) -> bool:
        if self._any_runs is None:
            self._any_runs = job_lanes.something_runs_all_users(self._tx)
        return self._any_runs

    def start(self) -> list[Job]:
        """Store what was decided; returns the started jobs in their order."""
        for hold, job_ids in self._held.items():
            if job_ids:
                job_holds.hold_all_users(self._tx, job_ids, hold)
        if not self._taken:
            return []
        job_lanes.start_all_users(self._tx, [job.id for job in self._taken], now=self._now)
        users = {job.user_id for job in self._taken}
        job_lanes.keep_turns_all_users(self._tx, {user: self._turns[user] for user in users})
        return [job if job.attempt == 1 else self._with_checkpoint(job) for job in self._taken]

    def _with_checkpoint(self, job: Job) -> Job:
        state = self._tx.execute(
            "SELECT checkpoint FROM job_states WHERE job_id = ?", (job.id,)
        ).fetchone()
        if state is None or state["checkpoint"] is None:
            return job
        return replace(job, checkpoint=load(state["checkpoint"]))
