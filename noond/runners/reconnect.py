"""What begins when a device comes online, and what the clock begins: runs that are due."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import structlog

from noond.accounts.audit import AuditLog
from noond.clock import Clock
from noond.errors import RunInProgress, StorageError
from noond.hub.hub import Hub
from noond.models.agent import Agent
from noond.models.audit import Action, Actor, AuditEvent
from noond.runners.outbox import Outbox
from noond.runners.runs import device_lane, insert_run
from noond.runners.schedule import Circumstances, DroppedFires, DueRun, decide
from noond.store import agents, jobs, runs
from noond.store.database import Database
from noond.store.rows import Transaction
from noond.tasks import Supervisor

log = structlog.get_logger(__name__)


class Reconnect:
    """Starts what a device's agents owe, when it says hello and each time the clock ticks."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        hub: Hub,
        outbox: Outbox,
        tasks: Supervisor,
        audit: AuditLog,
        *,
        wake: Callable[[], None],
    ) -> None:
        self._database = database
        self._clock = clock
        self._hub = hub
        self._outbox = outbox
        self._tasks = tasks
        self._audit = audit
        self._wake = wake
        self._started_at = clock.now()
        self._online_at: dict[tuple[str, str], datetime] = {}

    def device_online(self, user_id: str, device_id: str) -> None:
        """The device was welcomed."""
        self._online_at[user_id, device_id] = self._clock.now()
        self._tasks.start(self._resume(user_id, device_id), name=f"reconnect-{device_id}")

    def device_offline(self, user_id: str, device_id: str) -> None:
        """The device has no socket any more."""
        self._online_at.pop((user_id, device_id), None)
        self._outbox.device_offline(user_id, device_id)

    def device_shut_out(self, user_id: str, device_id: str) -> None:
        """The device's token has ended: what waits for the device looks at it again."""
        self._tasks.start(self._wake_lane(user_id, device_id), name=f"shut-out-{device_id}")

    async def tick(self) -> None:
        """Start the due runs of every device that is online."""
        for user_id, device_id in self._hub.online_devices():
            await self._start_due(user_id, device_id, on_hello=False)

    async def _resume(self, user_id: str, device_id: str) -> None:
        """In this order: unanswered calls, interrupted runs, due runs."""
        await self._outbox.device_online(user_id, device_id)
        await self._wake_lane(user_id, device_id)
        await self._start_due(user_id, device_id, on_hello=True)

    async def _wake_lane(self, user_id: str, device_id: str) -> None:
        lane = device_lane(user_id, device_id)
        await self._database.write(
            lambda tx: jobs.make_key_due(tx, user_id, lane, now=self._clock.now())
        )
        self._wake()

    async def _start_due(self, user_id: str, device_id: str, *, on_hello: bool) -> None:
        try:
            started = await self._database.write(
                lambda tx: self._insert_due(tx, user_id, device_id, on_hello=on_hello)
            )
        except StorageError as error:
            # Nothing was stored: the agents stay due, and the next tick looks again.
            log.error("due_runs_not_started", device=device_id, error=error.message)
            return
        if started:
            self._wake()

    def _insert_due(
        self, tx: Transaction, user_id: str, device_id: str, *, on_hello: bool
    ) -> list[str]:
        now = self._clock.now()
        circumstances = Circumstances(
            now=now,
            daemon_started_at=self._started_at,
            device_online_at=self._online_at.get((user_id, device_id), now),
        )
        started = []
        for agent in agents.list_scheduled(tx, user_id, device_id):
            due = decide(
                agent,
                ever_ran=runs.ever_ran(tx, user_id, agent.id),
                on_hello=on_hello,
                circumstances=circumstances,
            )
            if isinstance(due, DroppedFires):
                agents.set_schedule(tx, user_id, agent.id, base_at=due.base_at, note=due.note)
                log.info("fires_dropped", agent=agent.name, note=due.note)
            elif due is not None:
                started += self._insert(tx, agent, due, now)
        return started

    def _insert(self, tx: Transaction, agent: Agent, due: DueRun, now: datetime) -> list[str]:
        try:
            run_id = insert_run(
                tx,
                agent,
                trigger=due.trigger,
                now=now,
                scheduled_for=due.scheduled_for,
                late_reason=due.late_reason,
            )
        except RunInProgress:
            return []  # it stays due
        agents.set_schedule(tx, agent.user_id, agent.id, base_at=due.base_at, note=None)
        self._audit.append(
            tx,
            AuditEvent(
                actor=Actor(kind="daemon", id=agent.user_id),
                action=Action.EXECUTE,
                resource="agent",
                resource_id=agent.id,
                changes={"run_id": {"before": None, "after": run_id}},
            ),
        )
        log.info("run_due", agent=agent.name, run=run_id, late=due.late_reason)
        return [run_id]
