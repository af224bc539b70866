"""What watchers are told of a run: its present state, soon after it changes; its deliveries."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Any, Final

from noond.events import EventBus
from noond.models.delivery import Retracted, Settled
from noond.models.run import Run
from noond.store import run_errors, runs
from noond.store.database import Database
from noond.store.rows import Connection
from noond.tasks import Supervisor

TOPIC: Final = "run.progress"
DELIVERY_SETTLED: Final = "delivery.settled"
DELIVERY_RETRACTED: Final = "delivery.retracted"
_EVERY_SECONDS = 0.1


def progress_of(run: Run, *, errors: int) -> dict[str, Any]:
    """The data of a `run.progress` event."""
    coverage = run.coverage
    return {
        "run_id": run.id,
        "agent_name": run.agent_name,
        "trigger": run.trigger,
        "status": run.status.value,
        "waiting_for": run.waiting_for,
        "items_processed": run.items_processed,
        "items_created": run.items_created,
        "files_listed": coverage.listed,
        "files_done": coverage.unchanged + coverage.read + coverage.skipped + coverage.failed,
        "errors": errors,
    }


class Progress:
    """Publishes the state of runs that changed, each at most ten times a second.

    The state is read from the store, so what watchers see is what is true.
    """

    def __init__(self, database: Database, bus: EventBus, tasks: Supervisor) -> None:
        self._database = database
        self._bus = bus
        self._tasks = tasks
        self._changed: set[tuple[str, str]] = set()
        self._publishing = False

    def touch(self, user_id: str, run_id: str) -> None:
        """The run changed."""
        self._changed.add((user_id, run_id))
        if not self._publishing:
            self._publishing = True
            self._tasks.start(self._publish(), name="run-progress")

    def settled(self, user_id: str, outcome: Settled | Retracted) -> None:
        """The device has answered, or never will; called once that is stored."""
        topic = DELIVERY_SETTLED if isinstance(outcome, Settled) else DELIVERY_RETRACTED
        if self._bus.has_listener(user_id, topic, outcome.delivery_id):
            self._bus.publish(user_id, topic, outcome.delivery_id, asdict(outcome))

    async def _publish(self) -> None:
        try:
            while self._changed:
                changed, self._changed = self._changed, set()
                for user_id, run_id in changed:
                    if self._bus.has_listener(user_id, TOPIC, run_id):
                        await self._publish_one(user_id, run_id)
                await asyncio.sleep(_EVERY_SECONDS)
        finally:
            self._publishing = False

    async def _publish_one(self, user_id: str, run_id: str) -> None:
        def load(connection: Connection) -> tuple[Run, int]:
            run = runs.get(connection, user_id, run_id)
            return run, len(run_errors.list_all(connection, user_id, run_id))

        run, errors = await self._database.read(load)
        self._bus.publish(user_id, TOPIC, run_id, progress_of(run, errors=errors))
