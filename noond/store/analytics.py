"""The request_logs table, counted. Times are from `since` (included) to `until` (not included)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Literal, TypeAlias

from noond.clock import to_ms
from noond.models.analytics import EntityCount
from noond.models.request_log import AgentAction
from noond.store.rows import Connection, dump

GroupColumn: TypeAlias = Literal["agent_action", "intent_category"]

_SPAN = "user_id = :user AND created_at >= :since AND created_at < :until"

# An entity's value is a text or number, or a list of them.
_ENTITIES = """
    WITH named AS (
        SELECT {column} AS grouped, entity.key AS name, cast(each.value AS TEXT) AS value,
               count(DISTINCT request_logs.rowid) AS count
        FROM request_logs INDEXED BY request_logs_with_entities
             JOIN json_each(request_logs.entities) AS entity
             JOIN json_each(iif(entity.type = 'array', entity.value, json_array(entity.value)))
                  AS each
        WHERE {span} AND entities IS NOT NULL AND {column} IS NOT NULL
          AND entity.type <> 'object' AND each.type IN ('text', 'integer', 'real')
          AND (:names IS NULL OR entity.key IN (SELECT value FROM json_each(:names)))
        GROUP BY 1, 2, 3
    ), ranked AS (
        SELECT *, row_number() OVER (
            PARTITION BY grouped, name ORDER BY count DESC, value) AS place FROM named
    )
    SELECT grouped, name, value, count FROM ranked WHERE place <= :most
    ORDER BY grouped, count DESC, name, value
"""


def list_actions(
    connection: Connection, user_id: str, *, since: datetime, until: datetime
) -> list[tuple[AgentAction, int, float, float]]:
    """Action, requests, average milliseconds and success rate; the most frequent first."""
    rows = connection.execute(
        "SELECT agent_action, count(*), avg(response_time_ms), avg(agent_success) "
        f"FROM request_logs INDEXED BY request_logs_by_time WHERE {_SPAN} "
        "GROUP BY 1 ORDER BY 2 DESC, 1",
        {"user": user_id, "since": to_ms(since), "until": to_ms(until)},
    )
    return [(AgentAction(row[0]), row[1], row[2], row[3]) for row in rows]


def list_intents(
    connection: Connection, user_id: str, *, since: datetime, until: datetime, limit: int
) -> list[tuple[str, int]]:
    """Intent and requests, the most frequent first."""
    rows = connection.execute(
        "SELECT intent_category, count(*) FROM request_logs INDEXED BY request_logs_by_intent "
        f"WHERE {_SPAN} AND intent_category IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT :most",
        {"user": user_id, "since": to_ms(since), "until": to_ms(until), "most": limit},
    )
    return [(row[0], row[1]) for row in rows]


def list_entities(
    connection: Connection,
    user_id: str,
    column: GroupColumn,
    *,
    since: datetime,
    until: datetime,
    most: int,
    names: Sequence[str] | None = None,
) -> dict[str, tuple[EntityCount, ...]]:
    """By action or intent, what its requests named, counted; the most frequent first.

    Of each name at most so many values; without `names`, all names.
    """
    rows = connection.execute(
        _ENTITIES.format(column=column, span=_SPAN),
        {
            "user": user_id,
            "since": to_ms(since),
            "until": to_ms(until),
            "names": None if names is None else dump(list(names)),
            "most": most,
        },
    )
    found: dict[str, list[EntityCount]] = defaultdict(list)
    for row in rows:
        found[row["grouped"]].append(
            EntityCount(name=row["name"], value=row["value"], count=row["count"])
        )
    return {group: tuple(counts) for group, counts in found.items()}
