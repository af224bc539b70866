"""Calls to models, added up: what was used by day, model, agent, run and job."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final

from noond.clock import to_ms
from noond.models.usage import UsageFigures, UsageGroup, UsageRow
from noond.store.rows import Connection, Row, dump

_KEYS: Final = MappingProxyType(
    {
        UsageGroup.DAY: "span.value ->> 0",
        UsageGroup.MODEL: "call.llm_model",
        UsageGroup.AGENT: "call.agent_id",
        UsageGroup.RUN: "call.agent_run_id",
        # Of old runs the job is not known any more.
        UsageGroup.JOB: "coalesce(call.job_id, call.agent_run_id)",
    }
)
# Ids of runs and jobs grow with time, and so do dates.
_NEWEST_FIRST = frozenset({UsageGroup.DAY, UsageGroup.RUN, UsageGroup.JOB})

_OF_ONE_AGENT = frozenset({UsageGroup.AGENT, UsageGroup.RUN, UsageGroup.JOB})
_NOTHING: Final = UsageFigures(
    calls=0,
    failed=0,
    prompt_tokens=0,
    completion_tokens=0,
    cost_usd=0.0,
    unpriced_calls=0,
    average_ms=None,
    p95_ms=None,
)


def list_groups(
    connection: Connection,
    user_id: str,
    group: UsageGroup,
    spans: Sequence[tuple[str, datetime, datetime]],
    *,
    limit: int,
) -> list[UsageRow]:
    """The user's calls by group: days, runs and jobs newest first, the others by cost.

    `spans` are the local days (date, first instant, instant after it) that are looked at.
    """
    order = "key DESC" if group in _NEWEST_FIRST else "cost_usd DESC, calls DESC, key"
    rows = _add_up(connection, user_id, _KEYS[group], spans, order=order, limit=limit)
    named = group in _OF_ONE_AGENT
    return [
        UsageRow(key=row["key"], name=row["agent_name"] if named else None, figures=_figures(row))
        for row in rows
    ]


def total(
    connection: Connection, user_id: str, spans: Sequence[tuple[str, datetime, datetime]]
) -> UsageFigures:
    """All of the user's calls within these days."""
    rows = _add_up(connection, user_id, "''", spans, order="key", limit=1)
    return _figures(rows[0]) if rows else _NOTHING


def list_agents_since(connection: Connection, user_id: str, since: datetime) -> list[str]:
    """The ids of the user's agents that made calls at or after `since`."""
    rows = connection.execute(
        "SELECT DISTINCT agent_id FROM agent_observability WHERE user_id = ? AND created_at >= ?"
        " ORDER BY agent_id",
        (user_id, to_ms(since)),
    )
    return [row["agent_id"] for row in rows]


def _add_up(
    connection: Connection,
    user_id: str,
    key: str,
    spans: Sequence[tuple[str, datetime, datetime]],
    *,
    order: str,
    limit: int,
) -> list[Row]:
    # CROSS JOIN: for each span its calls are looked up in the index, never the other way around.
    # The 95th percentile is the nearest rank's.
    return connection.execute(
        f"""
        WITH calls AS (
            SELECT {key} AS key, agent_id, success, llm_prompt_tokens, llm_completion_tokens,
                   llm_cost_usd, execution_time_ms,
                   cume_dist() OVER (PARTITION BY {key} ORDER BY execution_time_ms) AS part
              FROM json_each(:spans) AS span CROSS JOIN agent_observability AS call
             WHERE call.user_id = :user
               AND call.created_at >= span.value ->> 1 AND call.created_at < span.value ->> 2
        )
        SELECT added.*, agents.name AS agent_name
          FROM (SELECT key, min(agent_id) AS agent_id, count(*) AS calls,
                       sum(NOT success) AS failed,
                       sum(llm_prompt_tokens) AS prompt_tokens,
                       sum(llm_completion_tokens) AS completion_tokens,
                       total(llm_cost_usd) AS cost_usd,
                       sum(llm_cost_usd IS NULL) AS unpriced_calls,
                       avg(execution_time_ms) AS average_ms,
                       min(execution_time_ms) FILTER (WHERE part >= 0.95) AS p95_ms
                  FROM calls GROUP BY key) AS added
          LEFT JOIN agents ON agents.user_id = :user AND agents.id = added.agent_id
         ORDER BY {order} LIMIT :limit
        """,
        {
            "user": user_id,
            "limit": limit,
            "spans": dump([(day, to_ms(since), to_ms(until)) for day, since, until in spans]),
        },
    ).fetchall()


def _figures(row: Row) -> UsageFigures:
    return UsageFigures(
        calls=row["calls"],
        failed=row["failed"],
        prompt_tokens=row["prompt_tokens"],
        completion_tokens=row["completion_tokens"],
        cost_usd=row["cost_usd"],
        unpriced_calls=row["unpriced_calls"],
        average_ms=row["average_ms"],
        p95_ms=row["p95_ms"],
    )
