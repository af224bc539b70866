from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from new_database import new_database

from noond.models.account import User
from noond.models.document import CallTexts, LLMCall
from noond.models.job import NewJob
from noond.store import job_claims, jobs, observability, runs, users
from noond.store.database import Database
from noond.store.rows import Connection, Transaction

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
CALL = LLMCall(
    id="c1",
    model="small",
    prompt_tokens=100,
    completion_tokens=20,
    cost_usd=0.25,
    execution_ms=1500,
    success=True,
    error=None,
    started_at=NOW,
)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """A database with a run `r-ana` and one `r-ben` of the users of these names."""
    path = tmp_path / "noond.db"
    new_database(path)
    database = await Database.open(path)

    def fill(tx: Transaction) -> None:
        for name in ("ana", "ben"):
            users.insert(tx, User(id=name, name=name, timezone="UTC", created_at=NOW))
            tx.execute(
                "INSERT INTO devices (user_id, id, name, created_at) VALUES (?, 'laptop', 'x', 0)",
                (name,),
            )
            tx.execute(
                "INSERT INTO agents (id, user_id, kind, name, device_id, directory_paths,"
                " file_extensions, prompt_template, data_types, timezone, missed, max_age_hours,"
                " enabled, created_at, updated_at)"
                " VALUES (?, ?, 'local', 'x', 'laptop', '[]', '[]', '', '[]', 'UTC', 'latest',"
                " 24, 1, 0, 0)",
                (f"a-{name}", name),
            )
            tx.execute(
                "INSERT INTO runs (id, user_id, agent_id, device_id, trigger, status, created_at)"
                " VALUES (?, ?, ?, 'laptop', 'manual', 'running', 0)",
                (f"r-{name}", name, f"a-{name}"),
            )

    await database.write(fill)
    yield database
    await database.close()


async def _enter(database: Database, user: str, *calls: LLMCall) -> None:
    def write(tx: Transaction) -> None:
        observability.insert_calls(tx, runs.get(tx, user, f"r-{user}"), "notes/a.md", calls)

    await database.write(write)


async def test_a_call_is_entered_and_counted_for_its_run(database: Database) -> None:
    failed = replace(CALL, id="c2", success=False, error="gone", completion_tokens=0, cost_usd=0.05)
    await _enter(database, "ana", CALL, failed)
    await _enter(database, "ana")

    def rows(connection: Connection) -> list[tuple[object, ...]]:
        found = connection.execute(
            "SELECT id, agent_id, agent_run_id, agent_action, file, llm_total_tokens, llm_cost_usd,"
            " execution_time_ms, success, error_message FROM agent_observability ORDER BY id"
        ).fetchall()
        return [tuple(row) for row in found]

    assert await database.read(rows) == [
        ("c1", "a-ana", "r-ana", "extract", "notes/a.md", 120, 0.25, 1500, 1, None),
        ("c2", "a-ana", "r-ana", "extract", "notes/a.md", 100, 0.05, 1500, 0, "gone"),
    ]
    run = await database.read(lambda c: runs.get(c, "ana", "r-ana"))
    assert (run.llm_calls, run.prompt_tokens, run.completion_tokens) == (2, 200, 20)
    assert run.cost_usd == pytest.approx(0.30)


async def test_one_call_of_unknown_price_makes_the_runs_cost_unknown(database: Database) -> None:
    await _enter(database, "ana", CALL, replace(CALL, id="c2", cost_usd=None))
    run = await database.read(lambda c: runs.get(c, "ana", "r-ana"))
    assert run.cost_usd is None
    assert run.llm_calls == 2


async def test_sums_keep_users_runs_and_days_apart(database: Database) -> None:
    await _enter(database, "ana", CALL, replace(CALL, id="c2", cost_usd=None))
    await _enter(
        database, "ana", replace(CALL, id="c3", cost_usd=1, started_at=NOW - timedelta(days=1))
    )
    await _enter(database, "ben", replace(CALL, id="c4", cost_usd=5))

    async def spent(user: str, since: datetime, **part: str) -> float:
        return await database.read(lambda c: observability.sum_since(c, user, since, **part))

    assert await spent("ana", NOW) == pytest.approx(0.25)
    assert await spent("ana", NOW - timedelta(days=2)) == pytest.approx(1.25)
    assert await spent("ana", NOW, run_id="r-ana") == pytest.approx(0.25)
    assert await spent("ana", NOW, run_id="r-ben") == 0
    assert await spent("ana", NOW, agent_id="a-ana") == pytest.approx(0.25)
    assert await spent("ana", NOW, agent_id="a-ben") == 0
    assert await spent("ben", NOW) == pytest.approx(5)
    assert await spent("ana", NOW + timedelta(seconds=1)) == 0
    everybody = await database.read(lambda c: observability.sum_since_all_users(c, NOW))
    assert everybody == pytest.approx(5.25)


TEXTS = CallTexts(
    user_message="Plan my day", agent_response="Done", agent_state="{}", tool_result="[]"
)
_SAID = "user_message, agent_response, agent_state, tool_result"


def _rows(connection: Connection, columns: str) -> list[tuple[object, ...]]:
    query = f"SELECT {columns} FROM agent_observability ORDER BY id"
    return [tuple(row) for row in connection.execute(query)]


async def test_calls_of_a_task_are_entered_with_what_they_were_about(database: Database) -> None:
    call = replace(CALL, tool="search", texts=TEXTS)
    await database.write(
        lambda tx: observability.insert_dialogue_calls(
            tx,
            "ana",
            agent_id="assistant",
            run_id="task",
            action="invoke",
            calls=[call, replace(CALL, id="c2")],
            intent_category="calendar",
            entities={"people": ["Bo"], "token": "s3cret"},
        )
    )
    about = await database.read(
        lambda c: _rows(
            c, "agent_id, agent_run_id, job_id, agent_action, agent_tool, intent_category, entities"
        )
    )
    entities = '{"people":["Bo"],"token":"[secret]"}'
    assert about == [
        ("assistant", "task", "task", "invoke", "search", "calendar", entities),
        ("assistant", "task", "task", "invoke", None, "calendar", entities),
    ]
    said = await database.read(lambda c: _rows(c, _SAID))
    assert said == [("Plan my day", "Done", "{}", "[]"), (None,) * 4]
    assert await database.read(
        lambda c: observability.sum_since(c, "ana", NOW, agent_id="assistant", run_id="task")
    ) == pytest.approx(0.5)


async def test_a_runs_calls_name_the_job_that_carries_it(database: Database) -> None:
    def start(tx: Transaction) -> str:
        payload = {"run_id": "r-ana"}
        new = NewJob(user_id="ana", job_type="agent_run", payload=payload)
        waiting = NewJob(user_id="ana", job_type="agent_run", payload={"run_id": "r-other"})
        made = jobs.insert(tx, new, now=NOW)
        job_claims.claim_all_users(tx, job_types=["agent_run"], free=1, now=NOW)
        jobs.insert(tx, waiting, now=NOW)
        return made.id

    await _enter(database, "ana", CALL)
    job_id = await database.write(start)
    await _enter(database, "ana", replace(CALL, id="c2"))
    await _enter(database, "ben", replace(CALL, id="c3"))
    assert await database.read(lambda c: _rows(c, "id, job_id")) == [
        ("c1", None), ("c2", job_id), ("c3", None),
    ]  # fmt: skip


async def test_old_texts_are_emptied_and_the_figures_stay(database: Database) -> None:
    old = NOW - timedelta(days=1)
    await _enter(
        database,
        "ana",
        replace(CALL, started_at=old, texts=TEXTS),
        replace(CALL, id="c2", started_at=old, texts=CallTexts(tool_result="[]")),
        replace(CALL, id="c3", texts=TEXTS),
    )

    async def empty() -> int:
        return await database.write(
            lambda tx: observability.empty_texts_all_users(tx, before=NOW, limit=1)
        )

    assert [await empty() for _ in range(3)] == [1, 1, 0]
    assert [row[0] for row in await database.read(lambda c: _rows(c, _SAID))] == [
        None, None, "Plan my day",
    ]  # fmt: skip
    assert await database.read(lambda c: observability.sum_since(c, "ana", old)) == 0.75
