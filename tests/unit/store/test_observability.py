from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from new_database import new_database

from noond.models.account import User
from noond.models.document import LLMCall
from noond.store import observability, runs, users
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
