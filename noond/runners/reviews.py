"""What people decide about suggestions, as their devices tell it, and how an agent fares by it."""

from __future__ import annotations

from datetime import timedelta

import structlog

from noond.clock import Clock
from noond.errors import StorageError
from noond.hub.connection import Connection as DeviceConnection
from noond.hub.frames import Review, ReviewAck
from noond.models.review import AgentStats, ReviewedDelivery, Verdict
from noond.store import agents, reviews
from noond.store.database import Database
from noond.store.rows import Connection, Transaction
from noond.tasks import Supervisor

log = structlog.get_logger(__name__)

_WEEKS = 12


class Reviews:
    """Stores decisions and acknowledges them; a rejected suggestion then stays away."""

    def __init__(self, database: Database, clock: Clock, tasks: Supervisor) -> None:
        self._database = database
        self._clock = clock
        self._tasks = tasks

    def receive(self, connection: DeviceConnection, review: Review) -> None:
        """Take a device's decisions; they are acknowledged once they are stored."""
        self._tasks.start(self._store(connection, review), name="review")

    async def _store(self, connection: DeviceConnection, review: Review) -> None:
        now = self._clock.now()

        def work(tx: Transaction) -> int:
            return sum(
                reviews.put(
                    tx,
                    connection.user_id,
                    connection.device_id,
                    ReviewedDelivery(
                        delivery_id=decision.id,
                        verdict=Verdict(decision.decision),
                        data=decision.data,
                        decided_at=now,
                    ),
                )
                for decision in review.deliveries
            )

        try:
            stored = await self._database.write(work)
        except StorageError as error:
            # Not acknowledged: the device sends it again.
            log.error("review_not_stored", device=connection.device_id, error=error.message)
            return
        if stored < len(review.deliveries):
            # Of another device, or long forgotten: it would be sent for ever if it were not
            # acknowledged too.
            log.info("review_of_unknown", count=len(review.deliveries) - stored)
        connection.send(ReviewAck(ids=[decision.id for decision in review.deliveries]))

    async def stats(self, user_id: str, agent_id: str) -> AgentStats:
        """How the agent's suggestions fare, by week for the last twelve. Raises NotFound."""
        since = self._clock.now() - timedelta(weeks=_WEEKS)

        def work(connection: Connection) -> AgentStats:
            agents.get(connection, user_id, agent_id)
            return reviews.stats_of_agent(connection, user_id, agent_id, since=since)

        return await self._database.read(work)
