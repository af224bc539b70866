"""The accounts of calls to models: what was asked when, what it cost, how it went."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from noond.clock import to_ms
from noond.models.document import LLMCall
from noond.models.run import Run
from noond.store import runs
from noond.store.rows import Connection, Transaction

_ACTION = "extract"


def insert_calls(tx: Transaction, run: Run, file: str | None, calls: Sequence[LLMCall]) -> None:
    """Enter the calls made for a file of a run, and add them to the run's counters."""
    insert_calls_of(tx, run.user_id, agent_id=run.agent_id, run_id=run.id, file=file, calls=calls)


def insert_calls_of(
    tx: Transaction,
    user_id: str,
    *,
    agent_id: str,
    run_id: str,
    file: str | None,
    calls: Sequence[LLMCall],
) -> None:
    """As `insert_calls`, for who knows the run only by its ids."""
    if not calls:
        return
    tx.executemany(
        "INSERT INTO agent_observability (id, user_id, agent_id, agent_run_id, agent_action, file,"
        " llm_model, llm_prompt_tokens, llm_completion_tokens, llm_total_tokens, llm_cost_usd,"
        " execution_time_ms, success, error_message, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                call.id,
                user_id,
                agent_id,
                run_id,
                _ACTION,
                file,
                call.model,
                call.prompt_tokens,
                call.completion_tokens,
                call.prompt_tokens + call.completion_tokens,
                call.cost_usd,
                call.execution_ms,
                call.success,
                call.error,
                to_ms(call.started_at),
            )
            for call in calls
        ],
    )
    costs = [call.cost_usd for call in calls if call.cost_usd is not None]
    runs.count_calls(
        tx,
        user_id,
        run_id,
        calls=len(calls),
        prompt_tokens=sum(call.prompt_tokens for call in calls),
        completion_tokens=sum(call.completion_tokens for call in calls),
        cost_usd=sum(costs),
        unpriced=len(calls) - len(costs),
    )


def insert_dialogue_calls(
    tx: Transaction,
    user_id: str,
    *,
    agent_id: str,
    run_id: str,
    action: str,
    calls: Sequence[LLMCall],
) -> None:
    """Enter calls that belong to no run: `run_id` is the id of the task that made them."""
    tx.executemany(
        "INSERT INTO agent_observability (id, user_id, agent_id, agent_run_id, agent_action,"
        " llm_model, llm_prompt_tokens, llm_completion_tokens, llm_total_tokens, llm_cost_usd,"
        " execution_time_ms, success, error_message, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                call.id, user_id, agent_id, run_id, action, call.model, call.prompt_tokens,
                call.completion_tokens, call.prompt_tokens + call.completion_tokens,
                call.cost_usd, call.execution_ms, call.success, call.error,
                to_ms(call.started_at),
            )
            for call in calls
        ],
    )  # fmt: skip


def sum_since(
    connection: Connection,
    user_id: str,
    since: datetime,
    *,
    agent_id: str | None = None,
    run_id: str | None = None,
) -> float:
    """US dollars of the user's calls made at or after `since`, or of one agent's or run's alone."""
    row = connection.execute(
        "SELECT total(llm_cost_usd) FROM agent_observability"
        " WHERE user_id = ? AND created_at >= ?"
        " AND (? IS NULL OR agent_id = ?) AND (? IS NULL OR agent_run_id = ?)",
        (user_id, to_ms(since), agent_id, agent_id, run_id, run_id),
    ).fetchone()
    return float(row[0])


def sum_since_all_users(connection: Connection, since: datetime) -> float:
    """US dollars of everybody's calls made at or after `since`."""
    row = connection.execute(
        "SELECT total(llm_cost_usd) FROM agent_observability WHERE created_at >= ?",
        (to_ms(since),),
    ).fetchone()
    return float(row[0])
