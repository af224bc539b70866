"""The watchdog of schedules: a fire that nobody served is noticed, said and announced."""

from __future__ import annotations

import structlog

from noond.clock import Clock
from noond.errors import StorageError
from noond.events import EventBus
from noond.findings.findings import Findings
from noond.findings.schedules import AGENT
from noond.hub.hub import Hub
from noond.models.agent import Agent
from noond.models.finding import FindingKind, Observation
from noond.runners.notices import SCHEDULE_OVERDUE
from noond.runners.schedule import overdue
from noond.store import agents
from noond.store.database import Database

log = structlog.get_logger(__name__)


class ScheduleWatchdog:
    """Looks at every schedule when the clock ticks."""

    def __init__(
        self, database: Database, clock: Clock, hub: Hub, bus: EventBus, findings: Findings
    ) -> None:
        self._database = database
        self._clock = clock
        self._hub = hub
        self._bus = bus
        self._findings = findings

    async def tick(self) -> None:
        """Note what is overdue on its agent, log it and tell the user, once for each fire."""
        try:
            late = []
            for agent in await self._database.read(agents.list_scheduled_all_users):
                note = await self._look_at(agent)
                if note is not None:
                    late.append(_observation(agent, note))
            await self._findings.settle(FindingKind.SCHEDULE_NOT_FIRED, late, subjects=AGENT)
        except StorageError as error:
            log.error("schedules_not_watched", error=error.message)

    async def _look_at(self, agent: Agent) -> str | None:
        """What there is to say of it, which is told the first time."""
        note = overdue(
            agent,
            now=self._clock.now(),
            device_online=self._hub.is_online(agent.user_id, agent.device_id),
        )
        if note is None or note == agent.schedule_note:
            return note
        await self._database.write(
            lambda tx: agents.set_note(tx, agent.user_id, agent.id, note=note)
        )
        log.warning("schedule_overdue", agent=agent.name, note=note)
        self._bus.publish(
            agent.user_id,
            SCHEDULE_OVERDUE,
            agent.id,
            {"agent_id": agent.id, "agent_name": agent.name, "note": note},
        )
        return note


def _observation(agent: Agent, note: str) -> Observation:
    return Observation(
        user_id=agent.user_id,
        kind=FindingKind.SCHEDULE_NOT_FIRED,
        subject=f"{AGENT}{agent.id}",
        title=f"{agent.name} has not run",
        detail=note,
    )
