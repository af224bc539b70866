"""The clock queues each clean-up once, for an owner who is there; each deletes what is over."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest
from movable_clock import MovableClock
from new_database import new_database

from noond.config import JobSettings, LLMSettings, Settings
from noond.jobs.context import JobContext
from noond.jobs.policy import JobType
from noond.models.account import PairingCode, Role, User
from noond.models.document import CallTexts, LLMCall
from noond.models.job import JobStatus, NewJob
from noond.store import (
    clockwork,
    idempotency,
    job_claims,
    job_endings,
    jobs,
    observability,
    pairing,
    users,
)
from noond.store.database import Database
from noond.store.idempotency import StoredReply
from noond.store.rows import Connection, Transaction
from noond.work.call_text_purge import CallTextPurgeJob
from noond.work.cleanup import Cleanup
from noond.work.clockwork import keep_schedules
from noond.work.job_purge import JobPurgeJob
from noond.work.sign_in_purge import SignInPurgeJob
from noond.work.spent_key_purge import SpentKeyPurgeJob

SETTINGS = JobSettings()


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
async def database(tmp_path: Path, clock: MovableClock) -> AsyncIterator[Database]:
    """With ana and ben, both owners; ana was first."""
    path = tmp_path / "noond.db"
    new_database(path)
    database = await Database.open(path)
    for name in ("ana", "ben"):
        user = User(id=name, name=name, timezone="UTC", created_at=clock.now(), role=Role.OWNER)
        await database.write(partial(users.insert, user=user))
    yield database
    await database.close()


async def schedules(database: Database) -> dict[str, tuple[str, str]]:
    """Whose schedule each type has, and its id."""
    found = await database.read(clockwork.list_all_users)
    return {each.template["job_type"]: (each.user_id, each.id) for each in found}


def first_column(connection: Connection, query: str) -> list[str]:
    return [row[0] for row in connection.execute(query)]


async def run(job_type: JobType, clock: MovableClock, database: Database) -> dict[str, Any]:
    """Do it as a job; what it gives back."""
    new = NewJob(user_id="ana", job_type=job_type.name)
    made = await database.write(lambda tx: jobs.insert(tx, new, now=clock.now()))
    job = await database.read(lambda c: jobs.get(c, "ana", made.id))
    result: dict[str, Any] = await job_type.run(
        job, cast("JobContext", None)
    )  # none of them talks to it
    return result


async def test_schedules_are_made_once_and_follow_types_and_owners(
    database: Database, clock: MovableClock
) -> None:
    sign_ins = SignInPurgeJob(database, clock, SETTINGS)
    old = JobPurgeJob(database, clock, SETTINGS)

    async def keep(*types: Cleanup) -> dict[str, tuple[str, str]]:
        await database.write(lambda tx: keep_schedules(tx, types, clock))
        return await schedules(database)

    first = await keep(sign_ins, old)
    assert {name: user for name, (user, _) in first.items()} == {
        "purge_sign_ins": "ana",
        "purge_jobs": "ana",
    }
    clock.move(timedelta(days=3))
    assert await keep(sign_ins, old) == first
    assert await keep(sign_ins) == {"purge_sign_ins": first["purge_sign_ins"]}
    changed = SignInPurgeJob(database, clock, JobSettings(max_retries=7))
    assert (await keep(changed))["purge_sign_ins"] != first["purge_sign_ins"]
    await database.write(lambda tx: users.mark_removed(tx, "ana", at=clock.now()))
    assert (await keep(changed))["purge_sign_ins"][0] == "ben"


async def test_keys_and_codes_that_are_over_are_deleted(
    database: Database, clock: MovableClock
) -> None:
    def store(tx: Transaction, name: str) -> None:
        reply = StoredReply(body_hash=b"", status=201, reply=None, object_id=None)
        idempotency.put(tx, "ana", "POST /", name, reply, now=clock.now())
        code = PairingCode(
            id=name, user_id="ana", device_id=None, expires_at=clock.now(), tries_left=1,
            used_at=None,
        )  # fmt: skip
        pairing.insert(tx, code, name.encode(), now=clock.now())

    await database.write(partial(store, name="old"))
    clock.move(timedelta(hours=25))
    await database.write(partial(store, name="new"))
    clock.move(timedelta(hours=1))

    result = await run(SpentKeyPurgeJob(database, clock, SETTINGS), clock, database)

    assert result["counts"] == {"idempotency_keys": 1, "pairing_codes": 1}
    for query in ("SELECT key FROM idempotency_keys", "SELECT id FROM pairing_codes"):
        left = await database.read(partial(first_column, query=query))
        assert left == ["new"], query


async def test_jobs_that_ended_long_ago_are_deleted(
    database: Database, clock: MovableClock
) -> None:
    def end_one(tx: Transaction) -> str:
        made = jobs.insert(tx, NewJob(user_id="ben", job_type="test"), now=clock.now())
        (job,) = job_claims.claim_all_users(tx, job_types=["test"], free=1, now=clock.now())
        job_endings.finish(tx, job, JobStatus.COMPLETED, error=None, now=clock.now())
        return made.id

    old = await database.write(end_one)
    clock.move(timedelta(days=8))
    new = await database.write(end_one)

    result = await run(JobPurgeJob(database, clock, SETTINGS), clock, database)

    assert result["counts"] == {"jobs": 1, "results": 0, "fires": 0, "batches": 0}
    assert result["cutoff"] == "2026-11-21T09:00:00.000Z"
    for job_id, kept in ((old, False), (new, True)):
        found = await database.read(partial(jobs.find, user_id="ben", job_id=job_id))
        assert (found is not None) is kept


async def test_texts_of_calls_are_forgotten_after_their_days(
    database: Database, clock: MovableClock
) -> None:
    async def enter(name: str) -> None:
        call = LLMCall(
            id=name, model="small", prompt_tokens=1, completion_tokens=1, cost_usd=None,
            execution_ms=1, success=True, error=None, started_at=clock.now(),
            texts=CallTexts(user_message=name),
        )  # fmt: skip
        await database.write(
            lambda tx: observability.insert_dialogue_calls(
                tx, "ben", agent_id="assistant", run_id="t", action="invoke", calls=[call]
            )
        )

    await enter("old")
    clock.move(timedelta(days=8))
    await enter("new")
    settings = Settings(llm=LLMSettings(text_days=7))
    result = await run(CallTextPurgeJob(database, clock, settings), clock, database)
    assert result["counts"] == {"calls": 1}
    left = "SELECT coalesce(user_message, 'empty') FROM agent_observability ORDER BY created_at"
    assert await database.read(partial(first_column, query=left)) == ["empty", "new"]
