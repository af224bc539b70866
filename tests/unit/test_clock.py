"""Time and ids."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from noond.clock import SystemClock, from_ms, new_id, rfc3339, to_ms


@given(st.datetimes(datetime(1970, 1, 1), datetime(9999, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_milliseconds_keep_a_moment_to_the_millisecond(moment: datetime) -> None:
    cut = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    assert from_ms(to_ms(moment)) == cut


def test_ids_are_uuid7_and_sort_in_the_order_they_were_made() -> None:
    ids = [new_id() for _ in range(10_000)]
    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)
    assert {uuid.UUID(each).version for each in ids} == {7}


def test_now_is_aware_and_survives_the_database() -> None:
    now = SystemClock().now()
    assert now.tzinfo is UTC
    assert from_ms(to_ms(now)) == now


def test_moments_are_shown_in_utc() -> None:
    moment = datetime.fromisoformat("2026-11-20T09:00:00.123456+01:00")
    assert rfc3339(moment) == "2026-11-20T08:00:00.123Z"
