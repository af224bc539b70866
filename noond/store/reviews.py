"""The reviews table: what people did with the suggestions they got."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from noond.clock import to_ms
from noond.models.review import AgentStats, ReviewedDelivery, Tally
from noond.store.rows import Connection, Row, Transaction, dump

_COUNTS = """
    count(*) AS suggested,
    count(*) FILTER (WHERE decision = 'approved') AS approved,
    count(*) FILTER (WHERE decision = 'edited') AS edited,
    count(*) FILTER (WHERE decision = 'rejected') AS rejected
"""
_FROM = """
    FROM deliveries LEFT JOIN reviews ON reviews.delivery_id = deliveries.id
   WHERE deliveries.user_id = ? AND deliveries.agent_id = ?
     AND (deliveries.status = 'delivered' OR decision IS NOT NULL)
"""
# Monday 1970-01-05 is day 4; a week is 604,800,000 ms.
_WEEK = "(deliveries.created_at - 345600000) / 604800000"
_FIRST_MONDAY = date(1970, 1, 5)


def put(tx: Transaction, user_id: str, device_id: str, review: ReviewedDelivery) -> bool:
    """Store a decision; False when this device never got such a delivery."""
    cursor = tx.execute(
        "INSERT INTO reviews (delivery_id, user_id, agent_id, decision, data, decided_at)"
        " SELECT id, user_id, agent_id, ?, ?, ? FROM deliveries"
        "  WHERE user_id = ? AND device_id = ? AND id = ?"
        " ON CONFLICT (delivery_id) DO UPDATE SET decision = excluded.decision,"
        " data = excluded.data, decided_at = excluded.decided_at",
        (
            review.verdict,
            None if review.data is None else dump(review.data),
            to_ms(review.decided_at),
            user_id,
            device_id,
            review.delivery_id,
        ),
    )
    return cursor.rowcount == 1


def stats_of_agent(
    connection: Connection, user_id: str, agent_id: str, *, since: datetime
) -> AgentStats:
    """The agent's suggestions and decisions in all, and by week since that time."""
    total = connection.execute(f"SELECT {_COUNTS} {_FROM}", (user_id, agent_id)).fetchone()
    rows = connection.execute(
        f"SELECT {_WEEK} AS week, {_COUNTS} {_FROM} AND deliveries.created_at >= ?"
        " GROUP BY week ORDER BY week",
        (user_id, agent_id, to_ms(since)),
    )
    weeks = tuple((_FIRST_MONDAY + timedelta(weeks=row["week"]), _tally(row)) for row in rows)
    return AgentStats(total=_tally(total), weeks=weeks)


def _tally(row: Row) -> Tally:
    return Tally(
        suggested=row["suggested"],
        approved=row["approved"],
        edited=row["edited"],
        rejected=row["rejected"],
    )
