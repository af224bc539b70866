"""The due rule: when an agent runs, and what becomes of the fires that nobody served."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from noond.models.agent import Agent
from noond.models.document import Table
from noond.models.schedule import MissedPolicy, QuietHours
from noond.runners.schedule import Circumstances, DroppedFires, DueRun, decide

EIGHT = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def an_agent(**changes: Any) -> Agent:
    agent = Agent(
        id="a",
        user_id="u",
        kind="local",
        name="inbox",
        device_id="laptop",
        directory_paths=("~/Notes",),
        file_extensions=(".md",),
        prompt_template="",
        data_types=(Table.TASKS,),
        schedule_cron="0 8 * * *",
        timezone="UTC",
        missed=MissedPolicy.LATEST,
        max_age_hours=24,
        quiet_hours=None,
        default_project_id=None,
        enabled=True,
        schedule_base_at=EIGHT - timedelta(days=1),
        schedule_note=None,
        last_run_at=None,
        created_at=LONG_AGO,
        updated_at=LONG_AGO,
    )
    return replace(agent, **changes)


def at(now: datetime, *, daemon: datetime = LONG_AGO, device: datetime = LONG_AGO) -> Circumstances:
    return Circumstances(now=now, daemon_started_at=daemon, device_online_at=device)


def test_an_agent_that_never_ran_is_due_on_hello_only() -> None:
    fresh = an_agent(schedule_base_at=None)
    noon = at(EIGHT.replace(hour=12))
    assert decide(fresh, ever_ran=False, on_hello=False, circumstances=noon) is None
    due = decide(fresh, ever_ran=False, on_hello=True, circumstances=noon)
    assert isinstance(due, DueRun)
    assert (due.trigger, due.scheduled_for) == ("first", None)


@pytest.mark.parametrize("on_hello", [True, False])
def test_it_is_due_once_the_fire_has_passed(on_hello: bool) -> None:
    agent = an_agent()
    before = at(EIGHT - timedelta(seconds=1))
    assert decide(agent, ever_ran=True, on_hello=on_hello, circumstances=before) is None
    due = decide(agent, ever_ran=True, on_hello=on_hello, circumstances=at(EIGHT))
    assert due == DueRun(trigger="schedule", scheduled_for=EIGHT, late_reason=None, base_at=EIGHT)


def test_all_missed_fires_give_one_run_for_the_latest() -> None:
    agent = an_agent(schedule_base_at=EIGHT - timedelta(days=5))
    due = decide(
        agent,
        ever_ran=True,
        on_hello=True,
        circumstances=at(EIGHT + timedelta(hours=3), device=EIGHT + timedelta(hours=3)),
    )
    assert due == DueRun(
        trigger="schedule",
        scheduled_for=EIGHT,
        late_reason="the device was away",
        base_at=EIGHT,
    )


@pytest.mark.parametrize(
    ("daemon", "device", "reason"),
    [
        (EIGHT + timedelta(hours=1), EIGHT + timedelta(hours=1), "the daemon was not running"),
        (LONG_AGO, EIGHT + timedelta(hours=1), "the device was away"),
        (LONG_AGO, LONG_AGO, "an earlier run was still going on"),
    ],
)
def test_a_late_run_says_why(daemon: datetime, device: datetime, reason: str) -> None:
    due = decide(
        an_agent(),
        ever_ran=True,
        on_hello=False,
        circumstances=at(EIGHT + timedelta(hours=2), daemon=daemon, device=device),
    )
    assert isinstance(due, DueRun)
    assert due.late_reason == reason


def test_skip_lets_a_missed_fire_go_and_says_so() -> None:
    agent = an_agent(missed=MissedPolicy.SKIP)
    late = at(EIGHT + timedelta(hours=2), device=EIGHT + timedelta(hours=2))
    dropped = decide(agent, ever_ran=True, on_hello=True, circumstances=late)
    assert isinstance(dropped, DroppedFires)
    assert dropped.base_at == EIGHT
    assert "2026-11-20 08:00 UTC" in dropped.note
    assert "the device was away" in dropped.note


def test_skip_still_serves_a_fire_in_time() -> None:
    agent = an_agent(missed=MissedPolicy.SKIP)
    due = decide(
        agent, ever_ran=True, on_hello=False, circumstances=at(EIGHT + timedelta(minutes=1))
    )
    assert isinstance(due, DueRun)


def test_what_is_older_than_the_maximum_age_is_dropped_with_a_note() -> None:
    weekly = an_agent(schedule_cron="0 8 * * 1", schedule_base_at=LONG_AGO, max_age_hours=24)
    dropped = decide(weekly, ever_ran=True, on_hello=True, circumstances=at(EIGHT))
    assert isinstance(dropped, DroppedFires)
    assert dropped.base_at == datetime(2026, 11, 16, 8, tzinfo=UTC)
    assert "24 h late" in dropped.note


@pytest.mark.parametrize("missed", list(MissedPolicy))
def test_quiet_hours_delay_a_run_under_either_policy(missed: MissedPolicy) -> None:
    agent = an_agent(missed=missed, quiet_hours=QuietHours.parse("22:00-09:00"))
    assert decide(agent, ever_ran=True, on_hello=True, circumstances=at(EIGHT)) is None
    due = decide(agent, ever_ran=True, on_hello=False, circumstances=at(EIGHT.replace(hour=9)))
    assert isinstance(due, DueRun)
    assert due.scheduled_for == EIGHT
    assert due.late_reason == "quiet hours"


def test_an_agent_without_a_schedule_is_never_due() -> None:
    manual = an_agent(schedule_cron=None)
    assert decide(manual, ever_ran=False, on_hello=True, circumstances=at(EIGHT)) is None
