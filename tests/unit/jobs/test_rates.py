"""Rates: at most so many starts in any span of that length, whatever came before."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from movable_clock import MovableClock

from noond.jobs.rates import Admission
from noond.models.rate import RateLimit


def admission(clock: MovableClock, limit: RateLimit) -> Admission:
    return Admission(
        clock.monotonic,
        queues={"*": limit},
        types={"t": limit},
        keys={"t": limit},
        concurrent={"few": 2},
    )


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("1000/min", RateLimit(1000, 60)),
        (" 5 / s ", RateLimit(5, 1)),
        ("20/10min", RateLimit(20, 600)),
        ("1/hour", RateLimit(1, 3600)),
    ],
)
def test_rates_are_read_as_people_write_them(text: str, limit: RateLimit) -> None:
    assert RateLimit.parse(text) == limit


@pytest.mark.parametrize("text", ["", "fast", "0/min", "5", "5/fortnight", "-1/s"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a rate"):
        RateLimit.parse(text)


@given(st.lists(st.integers(0, 400), min_size=10, max_size=80))
def test_no_span_has_more_starts_than_the_limit(pauses: list[int]) -> None:
    clock, limit = MovableClock(), RateLimit(3, 1)
    rates = admission(clock, limit)
    starts: list[float] = []
    for pause in pauses:
        clock.move(timedelta(milliseconds=pause))
        rates.begin({})
        room = rates.room("type", "t")
        assert room == limit.count - sum(
            start > clock.monotonic() - limit.seconds for start in starts
        )
        if room:
            rates.started("t", "q", None, clock.monotonic())
            starts.append(clock.monotonic())
        else:
            wait = rates.next_room_in()
            assert wait is not None
            assert wait == pytest.approx(starts[-3] + limit.seconds - clock.monotonic())


def test_keys_have_rates_of_their_own_and_are_released_when_there_is_room() -> None:
    clock = MovableClock()
    rates = admission(clock, RateLimit(1, 10))
    assert (rates.key_room("t", "a"), rates.key_room("other", "a")) == (1, None)
    rates.started("t", "q", "a", clock.monotonic())
    assert (rates.key_room("t", "a"), rates.key_room("t", "b")) == (0, 1)
    rates.key_held("t", "a")
    rates.forget_idle()
    assert rates.released_keys() == []
    assert rates.next_room_in() == 10
    clock.move(timedelta(seconds=10))
    assert rates.released_keys() == [("a", 1)]
    rates.forget_idle()
    assert (rates.key_room("t", "a"), rates.next_room_in()) == (1, None)


def test_a_type_runs_as_many_as_it_says() -> None:
    rates = admission(MovableClock(), RateLimit(1, 10))
    for running, room in ((0, 2), (1, 1), (2, 0)):
        rates.begin({"few": running})
        assert rates.room("type", "few") == room
    assert rates.room("type", "any other") is None
    assert rates.next_room_in() is None, "a job that ends wakes the engine, not the clock"
