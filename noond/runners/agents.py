"""Agents: made, changed, deleted, with everything about them checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from noond.clock import Clock, new_id
from noond.errors import Conflict, Invalid, RunInProgress
from noond.models.agent import Agent
from noond.models.document import Table
from noond.models.schedule import CronSchedule, MissedPolicy, QuietHours, zone_named
from noond.store import agents, devices, runs, users
from noond.store.database import Database
from noond.store.rows import Transaction

NEXT_FIRES = 5
_SCHEDULE_FIELDS = ("schedule_cron", "timezone", "enabled", "missed", "max_age_hours")


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSettings:
    """What a person says of an agent. `timezone` None is the user's own."""

    name: str
    device_id: str
    directory_paths: tuple[str, ...]
    file_extensions: tuple[str, ...]
    prompt_template: str
    data_types: tuple[Table, ...]
    schedule_cron: str | None
    timezone: str | None
    missed: MissedPolicy
    max_age_hours: int
    quiet_hours: str | None
    default_project_id: str | None
    enabled: bool


class Agents:
    """The agents of all users; every call is one user's."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def create(self, tx: Transaction, user_id: str, settings: AgentSettings) -> Agent:
        """Store a new agent, inside the caller's transaction.

        Raises Invalid naming the field, or Conflict when the name is taken.
        """
        now = self._clock.now()
        agent = Agent(
            id=new_id(),
            user_id=user_id,
            kind="local",
            name=settings.name,
            device_id=settings.device_id,
            directory_paths=settings.directory_paths,
            file_extensions=settings.file_extensions,
            prompt_template=settings.prompt_template,
            data_types=settings.data_types,
            schedule_cron=settings.schedule_cron,
            timezone=settings.timezone or users.get(tx, user_id).timezone,
            missed=settings.missed,
            max_age_hours=settings.max_age_hours,
            quiet_hours=_quiet_hours(settings.quiet_hours),
            default_project_id=settings.default_project_id,
            enabled=settings.enabled,
            schedule_base_at=None,
            schedule_note=None,
            last_run_at=None,
            created_at=now,
            updated_at=now,
        )
        agent = _checked(tx, agent)
        agents.insert(tx, agent)
        return agent

    async def get(self, user_id: str, agent_id: str) -> Agent:
        """The agent; raises NotFound."""
        return await self._database.read(lambda c: agents.get(c, user_id, agent_id))

    async def list(self, user_id: str, *, limit: int, before: str | None) -> list[Agent]:
        """Newest first, ids below `before`."""
        return await self._database.read(
            lambda c: agents.list_page(c, user_id, limit=limit, before=before)
        )

    async def change(
        self, user_id: str, agent_id: str, changes: Mapping[str, Any]
    ) -> tuple[Agent, Agent]:
        """Change some fields of AgentSettings; returns the agent before and after.

        Raises NotFound, Invalid or Conflict.

        A changed or resumed schedule starts to count now: what would have fired before the change
        was not missed.
        """

        def work(tx: Transaction) -> tuple[Agent, Agent]:
            before = agents.get(tx, user_id, agent_id)
            values = dict(changes)
            if "quiet_hours" in values:
                values["quiet_hours"] = _quiet_hours(values["quiet_hours"])
            if values.get("timezone", "") is None:
                values["timezone"] = users.get(tx, user_id).timezone
            after = _checked(tx, replace(before, **values, updated_at=self._clock.now()))
            if before.schedule_base_at is not None and _schedule(before) != _schedule(after):
                after = replace(after, schedule_base_at=self._clock.now(), schedule_note=None)
            agents.update(tx, after)
            return before, after

        return await self._database.write(work)

    async def delete(self, user_id: str, agent_id: str) -> None:
        """Delete the agent; its runs and records stay. Raises NotFound or RunInProgress."""

        def work(tx: Transaction) -> None:
            agents.get(tx, user_id, agent_id)
            active = runs.find_active(tx, user_id, agent_id)
            if active is not None:
                raise RunInProgress(active.id)
            agents.mark_deleted(tx, user_id, agent_id, now=self._clock.now())

        await self._database.write(work)

    def next_fires(self, agent: Agent) -> tuple[datetime, ...]:
        """When the agent's schedule fires next; nothing for a paused or manual agent."""
        if agent.schedule_cron is None or not agent.enabled:
            return ()
        schedule = CronSchedule(agent.schedule_cron, agent.timezone)
        return schedule.upcoming(self._clock.now(), NEXT_FIRES)


def _schedule(agent: Agent) -> tuple[Any, ...]:
    return tuple(getattr(agent, field) for field in _SCHEDULE_FIELDS)


def _quiet_hours(text: str | None) -> QuietHours | None:
    if text is None:
        return None
    try:
        return QuietHours.parse(text)
    except ValueError as error:
        raise Invalid.field("quiet_hours", str(error)) from None


def _checked(tx: Transaction, agent: Agent) -> Agent:
    """The agent with its lists tidied; raises Invalid naming the field, or Conflict."""
    name = agent.name.strip()
    if not name:
        raise Invalid.field("name", "give the agent a name")
    paths = tuple(dict.fromkeys(path.strip() for path in agent.directory_paths if path.strip()))
    if not paths:
        raise Invalid.field("directory_paths", "name at least one folder on the device")
    extensions = tuple(dict.fromkeys(_extension(text) for text in agent.file_extensions))
    if not extensions:
        raise Invalid.field("file_extensions", "name at least one file extension, such as .md")
    data_types = tuple(dict.fromkeys(agent.data_types))
    if not data_types:
        known = ", ".join(Table)
        raise Invalid.field("data_types", f"name at least one of {known}")
    if agent.max_age_hours < 1:
        raise Invalid.field("max_age_hours", "must be at least 1")
    zone_named(agent.timezone)
    if agent.schedule_cron is not None:
        CronSchedule(agent.schedule_cron, agent.timezone)
    device = devices.find(tx, agent.user_id, agent.device_id)
    if device is None or device.revoked_at is not None:
        raise Invalid.field("device_id", "no such device; pair it first with `noond pair`")
    namesake = agents.find_by_name(tx, agent.user_id, name)
    if namesake is not None and namesake.id != agent.id:
        raise Conflict(f"there is already an agent named {name!r}; choose another name")
    return replace(
        agent,
        name=name,
        directory_paths=paths,
        file_extensions=extensions,
        data_types=data_types,
    )


def _extension(text: str) -> str:
    extension = text.strip().lower().removeprefix("*")
    extension = extension if extension.startswith(".") else f".{extension}"
    if len(extension) < 2 or any(mark in extension for mark in "/\\*? "):
        raise Invalid.field("file_extensions", f"{text!r} is not a file extension such as .md")
    return extension
