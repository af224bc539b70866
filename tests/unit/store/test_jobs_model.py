"""Whatever happens in whatever order, the jobs table agrees with a model of a few lines."""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from new_database import new_database

from noond.clock import from_ms
from noond.models.account import User
from noond.models.job import Job, JobStatus, NewJob, Reason
from noond.store import job_claims, job_endings, job_recovery, jobs, users
from noond.store.database import connect_writer

START = from_ms(1_800_000_000_000)
USERS = ("ana", "ben", "cem")
SLOTS = 4
PLACES = {"k": 1, "l": 2}
"""The keys, and how many of each may run at once."""
LONELY = 3


@dataclass
class Modelled:
    """What the model knows of a job."""

    id: str
    user: str
    queue: str
    priority: int
    key: str | None
    due: int
    known_type: bool = True
    status: str = "pending"
    attempt: int = 0
    crashes: int = 0
    retries: int = 0
    cancelling: bool = False


class JobsMachine(RuleBasedStateMachine):
    """Inserts, claims, endings, crashes and time in any order."""

    @initialize()
    def open(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        path = Path(self.folder.name) / "noond.db"
        new_database(path)
        self.database = connect_writer(path)
        self.database.execute("PRAGMA synchronous=OFF")
        for name in USERS:
            users.insert(self.database, User(id=name, name=name, timezone="UTC", created_at=START))
        self.model: dict[str, Modelled] = {}
        self.turns: dict[str, int] = {}
        self.attempts: list[Job] = []
        self.now = 0

    def teardown(self) -> None:
        if hasattr(self, "database"):
            self.database.close()
            self.folder.cleanup()

    def at(self, seconds: int) -> Any:
        return START + timedelta(seconds=seconds)

    @rule(
        user=st.sampled_from(USERS),
        queue=st.sampled_from("ab"),
        priority=st.integers(1, 3),
        key=st.sampled_from([None, "k", "k", "l"]),
        wait=st.integers(0, 3),
        known_type=st.sampled_from([True, True, True, False]),
    )
    def insert(
        self, user: str, queue: str, priority: int, key: str | None, wait: int, known_type: bool
    ) -> None:
        due = self.now + wait
        job = NewJob(
            user_id=user, job_type="t" if known_type else "later", queue=queue,
            priority=priority, concurrency_key=key, scheduled_at=self.at(due),
            concurrency_limit=PLACES.get(key or "", 1),
        )  # fmt: skip
        job_id = jobs.insert(self.database, job, now=self.at(self.now)).id
        self.model[job_id] = Modelled(job_id, user, queue, priority, key, due, known_type)

    @rule(seconds=st.integers(1, 3))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds

    def expected_claim(self) -> Modelled | None:
        running = [job for job in self.model.values() if job.status == "running"]
        taken = Counter(job.key for job in running)
        busy = {key for key, places in PLACES.items() if taken[key] >= places}
        if any(job.crashes >= LONELY for job in running):
            return None
        ready = [
            job
            for job in self.model.values()
            if job.status == "pending"
            and job.due <= self.now
            and job.known_type
            and job.key not in busy
        ]
        if not ready:
            return None
        first = min(
            ready,
            key=lambda j: (j.queue, j.priority, self.turns.get(j.user, 0), j.due, j.id),
        )
        return None if first.crashes >= LONELY and running else first

    @rule()
    def claim(self) -> None:
        running = sum(job.status == "running" for job in self.model.values())
        expected = []
        for _ in range(SLOTS - running):
            job = self.expected_claim()
            if job is None:
                break
            job.status, job.attempt = "running", job.attempt + 1
            self.turns[job.user] = 1 + max(self.turns.values(), default=0)
            expected.append((job.id, job.attempt))
        claimed = job_claims.claim_all_users(
            self.database, job_types=["t"], free=SLOTS - running, now=self.at(self.now)
        )
        assert [(job.id, job.attempt) for job in claimed] == expected
        self.attempts += claimed

    def current(self, job: Job) -> Modelled | None:
        known = self.model[job.id]
        return known if (known.status, known.attempt) == ("running", job.attempt) else None

    @precondition(lambda self: self.attempts)
    @rule(data=st.data(), status=st.sampled_from(["completed", "failed", "cancelled"]))
    def finish(self, data: st.DataObject, status: str) -> None:
        job = data.draw(st.sampled_from(self.attempts))
        known = self.current(job)
        done = job_endings.finish(
            self.database, job, JobStatus(status), error=None, now=self.at(self.now)
        )
        assert done is (known is not None)
        if known is not None:
            known.status, known.crashes = status, 0

    @precondition(lambda self: self.attempts)
    @rule(data=st.data(), wait=st.integers(0, 3))
    def give_back(self, data: st.DataObject, wait: int) -> None:
        job = data.draw(st.sampled_from(self.attempts))
        known = self.current(job)
        given = job_endings.give_back(
            self.database, job, due=self.at(self.now + wait), now=self.at(self.now)
        )
        assert given is (known is not None)
        if known is not None:
            self.model_back(known, wait)

    def model_back(self, known: Modelled, wait: int) -> None:
        known.crashes = 0
        if known.cancelling:
            known.status = "cancelled"
        else:
            known.status, known.due = "pending", self.now + wait

    @precondition(lambda self: self.attempts)
    @rule(data=st.data(), wait=st.integers(0, 3))
    def retry(self, data: st.DataObject, wait: int) -> None:
        job = data.draw(st.sampled_from(self.attempts))
        known = self.current(job)
        done = job_endings.retry(
            self.database, job, due=self.at(self.now + wait), reason=Reason.ERROR, error="x",
            now=self.at(self.now),
        )  # fmt: skip
        assert done is (known is not None)
        if known is not None:
            known.retries += not known.cancelling
            self.model_back(known, wait)

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        known = data.draw(st.sampled_from(list(self.model.values())))
        answer = job_endings.cancel(self.database, known.user, known.id, now=self.at(self.now))
        final = known.status not in ("pending", "running")
        assert answer == ("already_final" if final else "requested")
        if known.status == "pending":
            known.status = "cancelled"
        elif known.status == "running":
            known.cancelling = True

    @precondition(lambda self: self.attempts)
    @rule(data=st.data())
    def make_due(self, data: st.DataObject) -> None:
        job = data.draw(st.sampled_from(self.attempts))
        known = self.model[job.id]
        waits = (known.status, known.attempt) == ("pending", job.attempt) and known.due > self.now
        assert jobs.make_due(self.database, job, now=self.at(self.now)) is waits
        if waits:
            known.due = self.now

    @rule()
    def crash_and_recover(self) -> None:
        orphans = [job for job in self.model.values() if job.status == "running"]
        assert job_recovery.recover_all_users(self.database, now=self.at(self.now)) == len(orphans)
        for job in orphans:
            if job.cancelling:
                job.status, job.crashes = "cancelled", 0
            else:
                job.status, job.crashes = "pending", job.crashes + 1

    @invariant()
    def agrees(self) -> None:
        rows = self.database.execute("SELECT id, status, attempt, crashes, retry_count FROM jobs")
        assert {tuple(row) for row in rows} == {
            (job.id, job.status, job.attempt, job.crashes, job.retries)
            for job in self.model.values()
        }

    @invariant()
    def keys_and_slots_hold(self) -> None:
        running = [job for job in self.model.values() if job.status == "running"]
        taken = Counter(job.key for job in running if job.key is not None)
        assert all(taken[key] <= places for key, places in PLACES.items())
        assert len(running) <= SLOTS


TestJobs = JobsMachine.TestCase
TestJobs.settings = settings(max_examples=40, stateful_step_count=50, deadline=None)
