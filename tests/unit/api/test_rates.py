from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from noond.api.rates import FailureThrottle, RequestRates
from noond.errors import RateLimited

if TYPE_CHECKING:
    from tests.unit.api.conftest import ManualClock


def test_the_burst_is_the_limit_and_it_grows_back_evenly(clock: ManualClock) -> None:
    rates = RequestRates(clock=clock)

    assert [rates.take("k", per_minute=60)[0] for _ in range(61)] == [True] * 60 + [False]
    clock.seconds += 1
    assert [rates.take("k", per_minute=60)[0] for _ in range(2)] == [True, False]
    clock.seconds += 3600
    assert sum(rates.take("k", per_minute=60)[0] for _ in range(100)) == 60


def test_one_caller_takes_nothing_from_another(clock: ManualClock) -> None:
    rates = RequestRates(clock=clock)
    rates.take("a", per_minute=1)

    assert not rates.take("a", per_minute=1)[0]
    assert rates.take("b", per_minute=1)[0]


def test_the_allowance_tells_what_is_left(clock: ManualClock) -> None:
    rates = RequestRates(clock=clock)
    rates.take("k", per_minute=10)
    _, allowance = rates.take("k", per_minute=10)

    assert (allowance.limit, allowance.remaining, allowance.reset_seconds) == (10, 8, 12)


def test_callers_that_went_are_forgotten(clock: ManualClock) -> None:
    rates = RequestRates(clock=clock)
    for number in range(1000):
        rates.take(f"k{number}", per_minute=10)
    clock.seconds += 60
    for _ in range(100):
        rates.take("k", per_minute=1000)

    assert len(rates._buckets) == 1


def test_ten_failures_in_any_minute_and_no_more(clock: ManualClock) -> None:
    throttle = FailureThrottle(10, clock=clock)
    looked_at = []
    for _ in range(600):
        clock.seconds += 0.5
        try:
            throttle.count("key", "192.0.2.1")
        except RateLimited:
            continue
        looked_at.append(clock.seconds)

    assert len(looked_at) == 50
    for first, eleventh in zip(looked_at, looked_at[10:], strict=False):
        assert eleventh - first >= 60


def test_the_wait_is_told(clock: ManualClock) -> None:
    throttle = FailureThrottle(2, clock=clock)
    throttle.count("key", "a")
    clock.seconds += 20
    throttle.count("key", "a")

    with pytest.raises(RateLimited) as caught:
        throttle.check("key", "a")
    assert caught.value.retry_after_seconds == 40
    clock.seconds += 40
    throttle.check("key", "a")


def test_kinds_and_addresses_are_apart(clock: ManualClock) -> None:
    throttle = FailureThrottle(1, clock=clock)
    throttle.count("key", "a")

    throttle.check("code", "a")
    throttle.check("key", "b")
    with pytest.raises(RateLimited):
        throttle.check("key", "a")


def test_addresses_that_went_are_forgotten(clock: ManualClock) -> None:
    throttle = FailureThrottle(10, clock=clock)
    for number in range(1000):
        throttle.count("key", f"a{number}")
    clock.seconds += 61
    for number in range(100):
        throttle.count("key", f"b{number}")

    assert len(throttle._failures) == 100
