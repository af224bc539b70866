"""Messages that the clock sends to chat agents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from noond.assistant.invocations import Invocations
from noond.clock import Clock
from noond.errors import Invalid, NotFound
from noond.models.invocation import INVOCATION, Invocation
from noond.models.job_schedule import CatchUp, JobSchedule
from noond.models.schedule import CronSchedule
from noond.store import job_schedules, jobs, users
from noond.store.database import Database
from noond.store.rows import Connection, Transaction

NEXT_FIRES: Final = 5
MOST_MISSED: Final = 100

_MESSAGE_FIELDS: Final = frozenset({"agent_id", "message", "conversation_id", "metadata", "scopes"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleSettings:
    """What a person says of a schedule. `timezone` None is the user's own.

    `most` bounds how many missed fires `all` makes up for.
    """

    name: str
    cron: str
    timezone: str | None
    invocation: Invocation
    missed: CatchUp
    most: int
    enabled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleView:
    """A schedule with its message and next fires."""

    schedule: JobSchedule
    invocation: Invocation
    next_fires: tuple[datetime, ...]


class Schedules:
    """The schedules of all users; every call is one user's."""

    def __init__(self, database: Database, clock: Clock, invocations: Invocations) -> None:
        self._database = database
        self._clock = clock
        self._invocations = invocations

    def create(self, tx: Transaction, user_id: str, settings: ScheduleSettings) -> ScheduleView:
        """A new schedule, inside the caller's transaction; `changed` must follow its commit.

        Raises Invalid naming the field, Conflict when the name is taken, and what
        `Invocations.submit` raises.
        """
        _check_name(settings.name)
        schedule_id = job_schedules.insert(
            tx,
            self._invocations.job(tx, user_id, settings.invocation),
            name=settings.name,
            cron=settings.cron,
            timezone=settings.timezone or users.get(tx, user_id).timezone,
            missed=settings.missed,
            most=settings.most,
            now=self._clock.now(),
        )
        made = self._get(tx, user_id, schedule_id)
        if not settings.enabled:
            job_schedules.disable(tx, user_id, schedule_id)
            made = replace(made, enabled=False)
        return self._view(made)

    def changed(self) -> None:
        """A schedule was made or changed: its next fire counts."""
        self._invocations.submitted()

    async def get(self, user_id: str, schedule_id: str) -> ScheduleView:
        """The schedule; raises NotFound."""
        return self._view(await self._database.read(lambda c: self._get(c, user_id, schedule_id)))

    async def list(self, user_id: str, *, limit: int, before: str | None) -> Sequence[ScheduleView]:
        """Newest first, ids below `before`."""
        found = await self._database.read(lambda c: job_schedules.list_all(c, user_id))
        mine = sorted(
            (each for each in found if _is_message(each) and (before is None or each.id < before)),
            key=lambda each: each.id,
            reverse=True,
        )
        return [self._view(each) for each in mine[:limit]]

    async def change(
        self, user_id: str, schedule_id: str, changes: Mapping[str, Any]
    ) -> tuple[ScheduleView, ScheduleView]:
        """Change fields of ScheduleSettings or of its message; before and after.

        What passed before is not made up for. Raises as `create`, and NotFound.
        """

        def work(tx: Transaction) -> tuple[ScheduleView, ScheduleView]:
            before = self._view(self._get(tx, user_id, schedule_id))
            values = {name: value for name, value in changes.items() if name not in _MESSAGE_FIELDS}
            said = {name: value for name, value in changes.items() if name in _MESSAGE_FIELDS}
            if "name" in values:
                _check_name(values["name"])
            if values.get("timezone", "") is None:
                values["timezone"] = users.get(tx, user_id).timezone
            invocation = replace(before.invocation, **said)
            if said.keys() <= {"scopes"}:
                # A schedule whose agent or conversation is gone can be paused all the same.
                template = {**before.schedule.template, "payload": invocation.payload()}
            else:
                template = jobs.as_template(self._invocations.job(tx, user_id, invocation))
            values["template"] = template
            after = replace(before.schedule, **values)
            stored = job_schedules.change(tx, user_id, schedule_id, after, now=self._clock.now())
            return before, self._view(stored)

        before, after = await self._database.write(work)
        self.changed()
        return before, after

    async def delete(self, user_id: str, schedule_id: str) -> None:
        """Send no more of it; tasks that are queued stay. Raises NotFound."""

        def work(tx: Transaction) -> None:
            self._get(tx, user_id, schedule_id)
            job_schedules.delete(tx, user_id, schedule_id)

        await self._database.write(work)

    async def fires(
        self, user_id: str, schedule_id: str, *, limit: int
    ) -> Sequence[tuple[datetime, str | None]]:
        """The last fires, newest first: when, and the task; None: passed over. Raises NotFound."""

        def read(connection: Connection) -> Sequence[tuple[datetime, str | None]]:
            self._get(connection, user_id, schedule_id)
            return job_schedules.fires_of(connection, user_id, schedule_id, limit=limit)

        return await self._database.read(read)

    def _get(self, connection: Connection, user_id: str, schedule_id: str) -> JobSchedule:
        """The user's schedule of a message; the daemon's own are none. Raises NotFound."""
        schedule = job_schedules.get(connection, user_id, schedule_id)
        if not _is_message(schedule):
            raise NotFound("there is no such schedule")
        return schedule

    def _view(self, schedule: JobSchedule) -> ScheduleView:
        fires: tuple[datetime, ...] = ()
        if schedule.enabled:
            cron = CronSchedule(schedule.cron, schedule.timezone, field="cron")
            fires = cron.upcoming(self._clock.now(), NEXT_FIRES)
        return ScheduleView(
            schedule=schedule,
            invocation=Invocation.of_payload(schedule.template["payload"]),
            next_fires=fires,
        )


def _is_message(schedule: JobSchedule) -> bool:
    return bool(schedule.template["job_type"] == INVOCATION)


def _check_name(name: str) -> None:
    if name.startswith("daemon:"):
        raise Invalid.field("name", "must not begin with `daemon:`")
