from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Protocol

import pytest

from noond.errors import BudgetReached
from noond.llm.usage import Budget, CallAccount, Reservation, estimated_tokens

PRICES = {"small": (1.0, 2.0)}  # a million of each: 3 US dollars


class MovableClock(Protocol):
    moment: datetime

    def now(self) -> datetime: ...

    def monotonic(self) -> float: ...

    def advance(self, by: timedelta) -> None: ...


class Store:
    """What was spent before, and what was asked about it."""

    def __init__(self, spent: float = 0.0) -> None:
        self.spent = spent
        self.asked: list[tuple[str, datetime, str | None]] = []

    async def __call__(self, user_id: str, since: datetime, run_id: str | None) -> float:
        self.asked.append((user_id, since, run_id))
        return self.spent


def _account(user: str = "ana", run: str = "r1", timezone: str = "Europe/Berlin") -> CallAccount:
    return CallAccount(user_id=user, agent_id="a1", run_id=run, timezone=timezone)


def _budget(
    clock: MovableClock, store: Store, *, day: float | None = None, run: float | None = None
) -> Budget:
    return Budget(prices=PRICES, usd_per_day=day, usd_per_run=run, spent=store, clock=clock)


async def _spend(budget: Budget, account: CallAccount, million: float) -> float | None:
    tokens = round(million * 1_000_000)
    reservation = await budget.reserve(
        account, model="small", prompt_tokens=tokens, completion_tokens=0
    )
    return reservation.settle(tokens, 0)


def test_the_price_is_per_million_tokens(clock: MovableClock) -> None:
    budget = _budget(clock, Store())
    assert budget.cost("small", 500_000, 250_000) == pytest.approx(1.0)
    assert budget.cost("unheard-of", 1, 1) is None


def test_tokens_are_estimated_on_the_high_side() -> None:
    assert estimated_tokens("") == 0
    assert estimated_tokens("four") == 2
    assert estimated_tokens("日本語") == 3


async def test_an_unknown_price_is_never_refused(clock: MovableClock) -> None:
    budget = _budget(clock, Store(spent=99), day=0.01)
    reservation = await budget.reserve(
        _account(), model="unheard-of", prompt_tokens=10**9, completion_tokens=0
    )
    assert reservation.settle(10**9, 0) is None


async def test_the_day_of_the_users_zone_is_limited_and_renews_at_its_midnight(
    clock: MovableClock,
) -> None:
    store = Store(spent=1.5)
    budget = _budget(clock, store, day=2.0)
    assert await _spend(budget, _account(), 0.5) == pytest.approx(0.5)
    with pytest.raises(BudgetReached, match=r"llm\.usd_per_day = 2") as caught:
        await _spend(budget, _account(run="r2"), 0.1)
    midnight = datetime(2026, 11, 20, 23, tzinfo=UTC)
    assert caught.value.until == midnight
    assert store.asked == [("ana", midnight - timedelta(days=1), None)]

    await _spend(budget, _account(user="ben"), 0.5)  # another user's money
    clock.advance(midnight - clock.now())
    store.spent = 0
    assert await _spend(budget, _account(), 2.0) == pytest.approx(2.0)


async def test_a_run_is_limited_by_itself(clock: MovableClock) -> None:
    store = Store()
    budget = _budget(clock, store, run=1.0)
    await _spend(budget, _account(), 0.9)
    with pytest.raises(BudgetReached, match=r"llm\.usd_per_run"):
        await _spend(budget, _account(), 0.2)
    await _spend(budget, _account(run="r2"), 0.9)
    assert [run_id for _, _, run_id in store.asked] == ["r1", "r2"]


async def test_calls_at_once_never_overshoot_and_wait_for_each_other(clock: MovableClock) -> None:
    budget = _budget(clock, Store(), day=1.05)

    async def reserve() -> Reservation:  # 0.3 US dollars at worst
        return await budget.reserve(
            _account(), model="small", prompt_tokens=100_000, completion_tokens=100_000
        )

    flying = [await reserve() for _ in range(3)]
    fourth = asyncio.create_task(reserve())
    await asyncio.sleep(0)
    assert not fourth.done()

    assert flying[0].settle(100_000, 0) == pytest.approx(0.1)  # cheaper than feared
    await fourth
    for reservation in (*flying[1:], fourth.result()):
        reservation.settle(100_000, 100_000)
    with pytest.raises(BudgetReached):
        await _spend(budget, _account(), 0.06)
    assert await _spend(budget, _account(), 0.04) == pytest.approx(0.04)


async def test_settling_twice_counts_once(clock: MovableClock) -> None:
    budget = _budget(clock, Store(), day=1.0)
    reservation = await budget.reserve(
        _account(), model="small", prompt_tokens=500_000, completion_tokens=0
    )
    reservation.settle(500_000, 0)
    reservation.settle(500_000, 0)
    assert await _spend(budget, _account(), 0.5) == pytest.approx(0.5)


async def test_the_store_is_read_once_however_many_start_at_once(clock: MovableClock) -> None:
    store = Store()
    budget = _budget(clock, store, day=10.0)
    await asyncio.gather(*(_spend(budget, _account(), 0.1) for _ in range(20)))
    assert len(store.asked) == 1
