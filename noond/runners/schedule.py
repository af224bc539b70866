"""The due rule: when an agent shall run, and what becomes of fires that nobody served."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from noond.models.agent import Agent
from noond.models.run import Trigger
from noond.models.schedule import CronSchedule, MissedPolicy

ON_TIME = timedelta(minutes=2)
"""A run that starts within this of its fire is on time: ticks come once a minute."""


OVERDUE = timedelta(minutes=10)
"""After this long without its run a fire is reported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What explains a late run."""

    now: datetime
    daemon_started_at: datetime
    device_online_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DueRun:
    """A run that shall start now; the next fire is then looked for after `base_at`."""

    trigger: Trigger
    scheduled_for: datetime | None
    late_reason: str | None
    base_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DroppedFires:
    """Fires that are let go: the next one is looked for after `base_at`; `note` says why."""

    base_at: datetime
    note: str


def decide(
    agent: Agent, *, ever_ran: bool, on_hello: bool, circumstances: Circumstances
) -> DueRun | DroppedFires | None:
    """Whether an enabled agent with a schedule is due. None: not now.

    An agent that never ran is due when its device says hello. After that it is due when a fire
    after the last scheduled time has passed: one run for all the fires that were missed
    (`latest`), or none for fires that nobody served in time (`skip`). Fires older than the
    agent's maximum age are let go with a note; quiet hours delay.
    """
    if agent.schedule_cron is None:
        return None
    now = circumstances.now
    schedule = CronSchedule(agent.schedule_cron, agent.timezone)
    if agent.quiet_hours is not None and agent.quiet_hours.covers(now, schedule.zone):
        return None
    if not ever_ran:
        if not on_hello:
            return None
        return DueRun(trigger="first", scheduled_for=None, late_reason=None, base_at=now)
    base = agent.schedule_base_at or agent.created_at
    fire = schedule.latest_between(base, now)
    if fire is None:
        return None
    if now - fire > timedelta(hours=agent.max_age_hours):
        return DroppedFires(
            base_at=fire,
            note=f"the run of {_local(fire, schedule)} was not made up for: it came more than "
            f"{agent.max_age_hours} h late",
        )
    late = now - fire > ON_TIME
    reason = _late_reason(agent, schedule, fire, circumstances) if late else None
    if late and agent.missed is MissedPolicy.SKIP and reason != _QUIET:
        return DroppedFires(
            base_at=fire, note=f"the run of {_local(fire, schedule)} was skipped: {reason}"
        )
    return DueRun(trigger="schedule", scheduled_for=fire, late_reason=reason, base_at=fire)


def overdue(agent: Agent, *, now: datetime, device_online: bool) -> str | None:
    """What to say of an agent whose fire has passed for ten minutes without a run; None if none.

    For agents that are enabled, have a schedule and have run before.
    """
    if agent.schedule_cron is None or agent.schedule_base_at is None:
        return None
    schedule = CronSchedule(agent.schedule_cron, agent.timezone)
    fire = schedule.latest_between(agent.schedule_base_at, now - OVERDUE)
    if fire is None:
        return None
    if agent.quiet_hours is not None and agent.quiet_hours.covers(now, schedule.zone):
        reason = _QUIET
    elif not device_online:
        reason = "the device is away"
    else:
        reason = "an earlier run is still going on"
    return f"due since {_local(fire, schedule)}: {reason}"


_QUIET = "quiet hours"


def _late_reason(
    agent: Agent, schedule: CronSchedule, fire: datetime, circumstances: Circumstances
) -> str:
    if agent.quiet_hours is not None and agent.quiet_hours.covers(fire, schedule.zone):
        return _QUIET
    if circumstances.daemon_started_at > fire:
        return "the daemon was not running"
    if circumstances.device_online_at > fire:
        return "the device was away"
    return "an earlier run was still going on"


def _local(moment: datetime, schedule: CronSchedule) -> str:
    return f"{moment.astimezone(schedule.zone):%Y-%m-%d %H:%M %Z}"
