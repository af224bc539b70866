"""Cron arithmetic: five zones, two years, and what a clock change does to a schedule."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

import pytest
from croniter import croniter
from hypothesis import given, settings
from hypothesis import strategies as st

from noond.errors import Invalid
from noond.models.schedule import CronSchedule, QuietHours

ZONES = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",  # changes by half an hour
    "America/Santiago",  # changes at midnight
    "Asia/Kolkata",  # never changes
]
START = datetime(2025, 1, 1, tzinfo=UTC)
END = datetime(2027, 1, 1, tzinfo=UTC)


def fires(expression: str, zone: str) -> list[datetime]:
    schedule = CronSchedule(expression, zone)
    return list(takewhile(lambda fire: fire < END, schedule.fires_after(START)))


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("expression", ["30 2 * * *", "0 8 * * 1-5", "15 0 * * *", "0 3 1 * *"])
def test_a_fixed_time_fires_once_per_local_date(expression: str, zone: str) -> None:
    found = fires(expression, zone)

    local_dates = [fire.astimezone(ZoneInfo(zone)).date() for fire in found]
    assert len(local_dates) == len(set(local_dates))
    assert found == sorted(found)
    first, last = local_dates[0], local_dates[-1]
    expected = []
    midnight = datetime(first.year, first.month, first.day)  # noqa: DTZ001 - wall-clock time
    walk = croniter(expression, midnight - timedelta(minutes=1))
    while (wall := walk.get_next(datetime)).date() <= last:
        expected.append(wall.date())
    assert local_dates == expected


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(
    ("expression", "hours", "minutes"),
    [
        ("*/30 * * * *", range(24), (0, 30)),
        ("0 * * * *", range(24), (0,)),
        ("5 */6 * * *", (0, 6, 12, 18), (5,)),
    ],
)
def test_a_repeating_time_fires_at_every_minute_that_matches(
    expression: str, hours: Collection[int], minutes: Collection[int], zone: str
) -> None:
    found = fires(expression, zone)

    tz = ZoneInfo(zone)
    expected = []
    for step in range(1, (END - START) // timedelta(minutes=5)):
        moment = START + step * timedelta(minutes=5)
        local = moment.astimezone(tz)
        if local.minute in minutes and local.hour in hours:
            expected.append(moment)
    assert found == expected


def test_a_time_that_spring_skips_fires_when_the_clock_jumps() -> None:
    schedule = CronSchedule("30 2 * * *", "Europe/Berlin")
    fire = schedule.next_after(datetime(2026, 3, 28, 12, tzinfo=UTC))
    assert fire == datetime(2026, 3, 29, 1, tzinfo=UTC)  # 03:00 summer time


def test_a_time_that_autumn_repeats_fires_the_first_time_round() -> None:
    schedule = CronSchedule("30 2 * * *", "Europe/Berlin")
    assert schedule.upcoming(datetime(2026, 10, 24, 12, tzinfo=UTC), 2) == (
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        datetime(2026, 10, 26, 1, 30, tzinfo=UTC),
    )


def test_sunday_is_0_and_7_and_monday_is_1() -> None:
    saturday = datetime(2026, 11, 21, tzinfo=UTC)
    for sunday in ("0 8 * * 0", "0 8 * * 7", "0 8 * * sun"):
        fire = CronSchedule(sunday, "UTC").next_after(saturday)
        assert fire == datetime(2026, 11, 22, 8, tzinfo=UTC)
    assert CronSchedule("0 8 * * 1", "UTC").next_after(saturday).isoweekday() == 1


@pytest.mark.parametrize(
    ("expression", "zone", "field"),
    [
        ("0 8 * *", "UTC", "schedule_cron"),
        ("0 8 * * * *", "UTC", "schedule_cron"),
        ("61 8 * * *", "UTC", "schedule_cron"),
        ("0 8 * * mondays", "UTC", "schedule_cron"),
        ("", "UTC", "schedule_cron"),
        ("0 0 31 2 *", "UTC", "schedule_cron"),
        ("0 8 * * *", "Mars/Olympus", "timezone"),
        ("0 8 * * *", "../etc/passwd", "timezone"),
    ],
)
def test_what_is_no_schedule_is_refused_by_field(expression: str, zone: str, field: str) -> None:
    with pytest.raises(Invalid) as caught:
        CronSchedule(expression, zone)
    assert [error.field for error in caught.value.fields] == [field]


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(ZONES),
    st.sampled_from(["30 2 * * *", "0 8 * * 1-5", "*/20 * * * *", "0 3 1 * *", "0 0 29 2 *"]),
    st.datetimes(datetime(2025, 1, 1), datetime(2026, 12, 1)),  # noqa: DTZ001
    st.timedeltas(timedelta(0), timedelta(days=45)),
)
def test_the_latest_fire_is_the_last_of_all_fires(
    zone: str, expression: str, moment: datetime, span: timedelta
) -> None:
    after = moment.replace(tzinfo=UTC, second=0, microsecond=0)
    until = after + span
    schedule = CronSchedule(expression, zone)
    every = list(takewhile(lambda fire: fire <= until, schedule.fires_after(after)))
    assert schedule.latest_between(after, until) == (every[-1] if every else None)


def test_the_latest_fire_is_found_across_years() -> None:
    schedule = CronSchedule("0 0 29 2 *", "UTC")
    assert schedule.latest_between(
        datetime(2023, 1, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)
    ) == datetime(2024, 2, 29, tzinfo=UTC)


def test_quiet_hours_may_cross_midnight() -> None:
    quiet = QuietHours.parse("22:00-07:00")
    berlin = ZoneInfo("Europe/Berlin")
    assert quiet.covers(datetime(2026, 7, 1, 20, 0, tzinfo=UTC), berlin)
    assert quiet.covers(datetime(2026, 7, 1, 4, 59, tzinfo=UTC), berlin)
    assert not quiet.covers(datetime(2026, 7, 1, 5, 0, tzinfo=UTC), berlin)
    assert not quiet.covers(datetime(2026, 7, 1, 19, 59, tzinfo=UTC), berlin)
    assert str(quiet) == "22:00-07:00"


@pytest.mark.parametrize("text", ["22:00", "22-7", "25:00-07:00", "07:00-07:00", "a-b"])
def test_quiet_hours_must_be_a_span(text: str) -> None:
    with pytest.raises(ValueError, match=r"HH:MM|time of day|different"):
        QuietHours.parse(text)
