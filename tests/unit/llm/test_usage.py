from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime, timedelta
from typing import Protocol

import pytest

from noond.config import LLMSettings
from noond.errors import BudgetReached
from noond.llm.usage import Budget, CallAccount, Reservation, Warn, estimated_tokens
from noond.models.usage import BudgetStanding, Payer

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
        self.asked: list[tuple[Payer, datetime]] = []

    async def __call__(self, payer: Payer, since: datetime) -> float:
        self.asked.append((payer, since))
        return self.spent


def _account(
    user: str = "ana",
    run: str = "r1",
    agent: str = "a1",
    timezone: str = "Europe/Berlin",
    *,
    low: bool = False,
) -> CallAccount:
    return CallAccount(
        user_id=user, agent_id=agent, run_id=run, timezone=timezone, low_priority=low
    )


def _budget(
    clock: MovableClock, store: Store, warn: Warn = lambda *_: None, **limits: float
) -> Budget:
    return Budget(LLMSettings(prices=PRICES, **limits), spent=store, clock=clock, warn=warn)


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
    budget = _budget(clock, Store(spent=99), usd_per_day=0.01)
    reservation = await budget.reserve(
        _account(), model="unheard-of", prompt_tokens=10**9, completion_tokens=0
    )
    assert reservation.settle(10**9, 0) is None


async def test_the_day_of_the_users_zone_is_limited_and_renews_at_its_midnight(
    clock: MovableClock,
) -> None:
    store = Store(spent=1.5)
    budget = _budget(clock, store, usd_per_day=2.0)
    assert await _spend(budget, _account(), 0.5) == pytest.approx(0.5)
    with pytest.raises(BudgetReached, match=r"llm\.usd_per_day = 2") as caught:
        await _spend(budget, _account(run="r2"), 0.1)
    midnight = datetime(2026, 11, 20, 23, tzinfo=UTC)
    assert caught.value.until == midnight
    assert store.asked == [(Payer(user_id="ana"), midnight - timedelta(days=1))]

    await _spend(budget, _account(user="ben"), 0.5)  # another user's money
    clock.advance(midnight - clock.now())
    store.spent = 0
    assert await _spend(budget, _account(), 2.0) == pytest.approx(2.0)


async def test_a_run_is_limited_by_itself(clock: MovableClock) -> None:
    store = Store()
    budget = _budget(clock, store, usd_per_run=1.0)
    await _spend(budget, _account(), 0.9)
    with pytest.raises(BudgetReached, match=r"llm\.usd_per_run"):
        await _spend(budget, _account(), 0.2)
    await _spend(budget, _account(run="r2"), 0.9)
    assert [payer.run_id for payer, _ in store.asked] == ["r1", "r2"]


async def test_calls_at_once_never_overshoot_and_wait_for_each_other(clock: MovableClock) -> None:
    budget = _budget(clock, Store(), usd_per_day=1.05)

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
    budget = _budget(clock, Store(), usd_per_day=1.0)
    reservation = await budget.reserve(
        _account(), model="small", prompt_tokens=500_000, completion_tokens=0
    )
    reservation.settle(500_000, 0)
    reservation.settle(500_000, 0)
    assert await _spend(budget, _account(), 0.5) == pytest.approx(0.5)


async def test_the_store_is_read_once_however_many_start_at_once(clock: MovableClock) -> None:
    store = Store()
    budget = _budget(clock, store, usd_per_day=10.0)
    await asyncio.gather(*(_spend(budget, _account(), 0.1) for _ in range(20)))
    assert len(store.asked) == 1


async def test_an_agent_is_limited_by_itself_and_all_users_together(clock: MovableClock) -> None:
    budget = _budget(clock, Store(), usd_per_agent=1.0, usd_all_users=1.5)
    await _spend(budget, _account(), 0.9)
    with pytest.raises(BudgetReached, match=r"llm\.usd_per_agent = 1: 0\.9000 US dollars"):
        await _spend(budget, _account(run="r2"), 0.2)
    await _spend(budget, _account(run="r2", agent="a2"), 0.2)
    with pytest.raises(BudgetReached) as caught:
        await _spend(budget, _account(user="ben", agent="b1", run="r3"), 0.5)
    # Its day is UTC's, and it does not tell what others have spent.
    assert caught.value.until == datetime(2026, 11, 21, tzinfo=UTC)
    assert caught.value.message == (
        "llm.usd_all_users = 1.5: all users together have used it up; it renews at "
        "2026-11-21 00:00 (UTC), or raise the limit"
    )


async def test_a_refusal_names_the_limit_and_when_it_renews(clock: MovableClock) -> None:
    budget = _budget(clock, Store(spent=1.5), usd_per_day=2.0)
    with pytest.raises(BudgetReached) as caught:
        await _spend(budget, _account(), 0.6)
    assert caught.value.message == (
        "llm.usd_per_day = 2: 1.5000 US dollars are spent and the next call may cost 0.6000; "
        "it renews at 2026-11-21 00:00 (Europe/Berlin), or raise the limit"
    )
    with pytest.raises(BudgetReached, match=r"the next call alone may cost 2\.5000.*raise"):
        await _spend(budget, _account(), 2.5)


@pytest.mark.parametrize(
    "limits",
    [
        {"usd_per_day": 1.0},
        {"usd_per_agent": 1.0},
        {"usd_per_run": 1.0},
        {"usd_all_users": 1.0},
        {"usd_per_day": 1.3, "usd_per_agent": 1.2, "usd_per_run": 1.1, "usd_all_users": 1.0},
    ],
)
async def test_a_hundred_at_once_never_overspend(
    clock: MovableClock, limits: dict[str, float]
) -> None:
    chance = random.Random(7)
    budget = _budget(clock, Store(), lambda *_: None, **limits)
    spent = 0.0
    refused = 0

    async def call() -> None:
        nonlocal spent, refused
        try:
            reservation = await budget.reserve(
                _account(), model="small", prompt_tokens=20_000, completion_tokens=10_000
            )
        except BudgetReached:
            refused += 1
            return
        for _ in range(chance.randrange(5)):
            await asyncio.sleep(0)
        spent += reservation.settle(20_000, chance.choice((0, 5_000, 10_000))) or 0.0
        assert spent <= 1.0 + 1e-9

    await asyncio.gather(*(call() for _ in range(100)))
    assert refused > 0
    assert spent > 1.0 - 0.04  # and nothing that fits is refused


@pytest.mark.parametrize("limit", ["usd_per_day", "usd_per_agent", "usd_all_users"])
async def test_low_priority_waits_at_four_fifths_of_a_limit(
    clock: MovableClock, limit: str
) -> None:
    store = Store()
    budget = _budget(clock, store, lambda *_: None, **{limit: 1.0})
    low = _account(run="r2", low=True)
    await _spend(budget, _account(), 0.7)
    await _spend(budget, low, 0.09)
    with pytest.raises(BudgetReached, match=r"of which scheduled runs may use 80 %") as caught:
        await _spend(budget, low, 0.02)
    await _spend(budget, _account(), 0.2)  # of high priority: all of it
    clock.advance(caught.value.until - clock.now())
    store.spent = 0
    assert await _spend(budget, low, 0.8) == pytest.approx(0.8)
    with pytest.raises(BudgetReached, match=r"the next call alone may cost 0\.8100"):
        await _spend(budget, low, 0.81)


async def test_what_others_have_spent_is_not_told_to_low_priority(clock: MovableClock) -> None:
    budget = _budget(clock, Store(spent=0.75), usd_all_users=1.0)
    with pytest.raises(BudgetReached) as caught:
        await _spend(budget, _account(low=True), 0.06)
    assert caught.value.message == (
        "llm.usd_all_users = 1, of which scheduled runs may use 80 %: all users together have used "
        "that part; it renews at 2026-11-21 00:00 (UTC), or raise the limit"
    )


async def test_a_runs_own_limit_is_all_its_own(clock: MovableClock) -> None:
    budget = _budget(clock, Store(), usd_per_run=1.0)
    assert await _spend(budget, _account(low=True), 1.0) == pytest.approx(1.0)


async def test_low_priority_waits_for_what_may_become_free(clock: MovableClock) -> None:
    budget = _budget(clock, Store(), usd_per_day=1.0)
    flying = await budget.reserve(
        _account(), model="small", prompt_tokens=600_000, completion_tokens=0
    )
    low = asyncio.create_task(_spend(budget, _account(low=True), 0.3))
    for _ in range(3):
        await asyncio.sleep(0)
    assert not low.done()
    flying.settle(100_000, 0)
    assert await low == pytest.approx(0.3)


@pytest.mark.parametrize("seed", range(100))
async def test_both_priorities_at_once_never_overspend(clock: MovableClock, seed: int) -> None:
    chance = random.Random(seed)
    budget = _budget(clock, Store(), usd_per_day=1.0)
    spent = flying = 0.0
    refused = {True: 0, False: 0}

    async def call(*, low: bool) -> None:
        nonlocal spent, flying
        for _ in range(chance.randrange(4)):
            await asyncio.sleep(0)
        try:
            reservation = await budget.reserve(
                _account(low=low), model="small", prompt_tokens=20_000, completion_tokens=10_000
            )
        except BudgetReached:
            refused[low] += 1
            return
        flying += 0.04
        assert spent + flying <= (0.8 if low else 1.0) + 1e-9
        for _ in range(chance.randrange(5)):
            await asyncio.sleep(0)
        flying -= 0.04
        spent += reservation.settle(20_000, chance.choice((0, 5_000, 10_000))) or 0.0

    await asyncio.gather(*(call(low=chance.random() < 0.5) for _ in range(80)))
    assert spent <= 1.0 + 1e-9
    assert refused[True] > 0


async def test_at_four_fifths_of_a_limit_one_warning_a_day(clock: MovableClock) -> None:
    warnings: list[tuple[str, BudgetStanding]] = []

    def warn(user_id: str, standing: BudgetStanding) -> None:
        warnings.append((user_id, standing))

    store = Store()
    budget = _budget(clock, store, warn, usd_per_day=1.0, usd_per_agent=10.0)
    await _spend(budget, _account(), 0.79)
    assert warnings == []
    await _spend(budget, _account(), 0.02)
    await _spend(budget, _account(), 0.02)
    ((user_id, standing),) = warnings
    assert (user_id, standing.setting, standing.payer) == (
        "ana", "llm.usd_per_day", Payer(user_id="ana"),
    )  # fmt: skip
    assert standing.used_usd == pytest.approx(0.81)
    clock.advance(timedelta(days=1))
    await _spend(budget, _account(), 0.9)
    assert len(warnings) == 2

    store.spent = 0.85  # a restart: the day's warning was given before it
    again = _budget(clock, store, warn, usd_per_day=1.0)
    await _spend(again, _account(), 0.05)
    assert len(warnings) == 2


async def test_the_standing_of_a_limit_counts_calls_in_flight(clock: MovableClock) -> None:
    budget = _budget(clock, Store(spent=0.25), usd_per_agent=1.0)
    await budget.reserve(_account(), model="small", prompt_tokens=100_000, completion_tokens=0)
    agent = await budget.standing(Payer(user_id="ana", agent_id="a1"), "Europe/Berlin")
    assert (agent.limit_usd, agent.used_usd) == (1.0, 0.25)
    assert agent.reserved_usd == pytest.approx(0.1)
    assert agent.reset_at == datetime(2026, 11, 20, 23, tzinfo=UTC)
    user = await budget.standing(Payer(user_id="ana"), "Europe/Berlin")
    assert (user.limit_usd, user.used_usd, user.reserved_usd) == (None, 0.25, 0.0)
