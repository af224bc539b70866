"""What devices with capability `notify` are told: events, and what needs a person."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from noond.clock import new_id, rfc3339
from noond.errors import DeviceOffline
from noond.events import Event, EventBus
from noond.findings.findings import FINDING_OPENED, FINDING_UPDATED
from noond.hub.calls import CallError
from noond.hub.frames import EventFrame, ToolCall
from noond.hub.hub import Hub
from noond.runners.progress import TOPIC as RUN_PROGRESS
from noond.tasks import Supervisor

log = structlog.get_logger(__name__)

SCHEDULE_OVERDUE: Final = "schedule.overdue"
BUDGET_WARNING: Final = "budget.warning"
_TOPICS: Final = frozenset({RUN_PROGRESS, SCHEDULE_OVERDUE, BUDGET_WARNING})
_FINDINGS: Final = frozenset({FINDING_OPENED, FINDING_UPDATED})
"""Of these devices see what is announced, and nothing else."""
_BAD_ENDS = frozenset({"error", "partial"})


class Notices:
    """Forwards a user's events to their devices.

    Findings are announced, and scheduled runs that went wrong.
    """

    def __init__(self, bus: EventBus, hub: Hub, tasks: Supervisor, *, call_seconds: float) -> None:
        self._bus = bus
        self._hub = hub
        self._tasks = tasks
        self._deadline_ms = int(call_seconds * 1000)
        self._forwarding: dict[tuple[str, str], asyncio.Task[None]] = {}

    def device_online(self, user_id: str, device_id: str) -> None:
        """Begin to forward, if the device wants it."""
        if self._hub.has_capability(user_id, device_id, "notify"):
            self._forwarding[user_id, device_id] = self._tasks.start(
                self._forward(user_id, device_id), name=f"notices-{device_id}"
            )

    def device_offline(self, user_id: str, device_id: str) -> None:
        """Forward no more."""
        task = self._forwarding.pop((user_id, device_id), None)
        if task is not None:
            task.cancel()

    async def _forward(self, user_id: str, device_id: str) -> None:
        announced: set[str] = set()
        missed = False
        with self._bus.subscribe(user_id, topics=_TOPICS | _FINDINGS) as events:
            while True:
                event = await events.next()
                missed |= event.gap
                if event.topic in _FINDINGS:
                    if event.data["announced"]:
                        await self._announce(
                            user_id, device_id, event.data["title"], event.data["detail"]
                        )
                    continue
                frame = EventFrame(
                    topic=event.topic,
                    data=event.data,
                    at=rfc3339(event.at),
                    gap=missed or None,
                )
                missed = False
                self._hub.tell(user_id, device_id, frame)
                notice = _notice(event)
                if notice is not None and event.subject not in announced:
                    announced.add(event.subject)
                    await self._announce(user_id, device_id, *notice)

    async def _announce(self, user_id: str, device_id: str, title: str, body: str) -> None:
        call = ToolCall(
            id=new_id(), action="notify", title=title, body=body, deadline_ms=self._deadline_ms
        )
        try:
            await self._hub.call(user_id, device_id, call)
        except (CallError, DeviceOffline) as error:
            # A notice is worth one try: what it says stands in the run or the agent.
            log.info("notice_not_shown", device=device_id, reason=error.code)


def _notice(event: Event) -> tuple[str, str] | None:
    """Title and body of what a person should see at once; None for the rest."""
    data = event.data
    if event.topic == RUN_PROGRESS and data["status"] in _BAD_ENDS and data["trigger"] != "manual":
        return (
            f"{data['agent_name']}: {data['errors']} errors",
            f"The run ended as {data['status']} with {data['items_created']} new records.",
        )
    return None
