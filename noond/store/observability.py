"""The accounts of calls to models: what was asked when, what it cost, how it went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from noond.clock import to_ms
from noond.models.document import CallTexts, LLMCall
from noond.models.run import Run
from noond.redaction import safe_json
from noond.store import runs
from noond.store.rows import Connection, Transaction

_ACTION = "extract"
_TEXTS = "user_message, agent_response, agent_state, tool_result"


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
    carrier = tx.execute(
        "SELECT id FROM jobs INDEXED BY jobs_running"
        " WHERE status = 'running' AND user_id = ? AND payload ->> 'run_id' = ?",
        (user_id, run_id),
    ).fetchone()
    job_id = None if carrier is None else carrier["id"]
    for call in calls:
        _insert(
            tx,
            user_id,
            call,
            agent_id=agent_id,
            agent_run_id=run_id,
            job_id=job_id,
            agent_action=_ACTION,
            file=file,
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
    intent_category: str | None = None,
    entities: Mapping[str, Any] | None = None,
) -> None:
    """Enter calls that belong to no run but to a task: `run_id` is the id of its job.

    What the user's message was about (`intent_category`, `entities`) is kept without secrets.
    """
    for call in calls:
        _insert(
            tx,
            user_id,
            call,
            agent_id=agent_id,
            agent_run_id=run_id,
            job_id=run_id,
            agent_action=action,
            intent_category=intent_category,
            entities=safe_json(entities),
        )


def _insert(tx: Transaction, user_id: str, call: LLMCall, **about: str | None) -> None:
    texts = call.texts or CallTexts()
    row = {
        "id": call.id,
        "user_id": user_id,
        **about,
        "agent_tool": call.tool,
        "llm_model": call.model,
        "llm_prompt_tokens": call.prompt_tokens,
        "llm_completion_tokens": call.completion_tokens,
        "llm_total_tokens": call.prompt_tokens + call.completion_tokens,
        "llm_cost_usd": call.cost_usd,
        "user_message": texts.user_message,
        "agent_response": texts.agent_response,
        "agent_state": texts.agent_state,
        "tool_result": texts.tool_result,
        "execution_time_ms": call.execution_ms,
        "success": call.success,
        "error_message": call.error,
        "created_at": to_ms(call.started_at),
    }
    marks = ", ".join("?" * len(row))
    tx.execute(
        f"INSERT INTO agent_observability ({', '.join(row)}) VALUES ({marks})", tuple(row.values())
    )


def empty_texts_all_users(tx: Transaction, *, before: datetime, limit: int) -> int:
    """Forget what was said in some of the calls made before this time; returns how many."""
    emptied = ", ".join(f"{name} = NULL" for name in _TEXTS.split(", "))
    return tx.execute(
        f"UPDATE agent_observability SET {emptied} WHERE id IN (SELECT id FROM agent_observability"
        f" WHERE coalesce({_TEXTS}) IS NOT NULL AND created_at < ? LIMIT ?)",
        (to_ms(before), limit),
    ).rowcount


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
