"""Money: what a call may cost is reserved before it is made and settled after it."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

import structlog

from noond.clock import Clock
from noond.errors import BudgetReached

log = structlog.get_logger(__name__)

_BYTES_PER_TOKEN = 3
"""UTF-8 bytes that one token covers at least in ordinary text: estimates err on the high side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallAccount:
    """What a call is charged to; the budget's day is that of the user's `timezone` (IANA name).

    New calls start only while `proceed` is set (None: always): a run whose device has gone lets
    calls in flight finish and starts no others.
    """

    user_id: str
    agent_id: str
    run_id: str
    timezone: str
    proceed: asyncio.Event | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What reading some files may take; `cost_usd` is None when the price is not known."""

    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None


class SpentSince(Protocol):
    """Reads from the store what a user's calls, or those of one run alone, have cost."""

    async def __call__(self, user_id: str, since: datetime, run_id: str | None) -> float:
        """US dollars of calls made at or after `since`."""
        ...


def estimated_tokens(text: str) -> int:
    """Tokens that the text will hardly exceed: its UTF-8 bytes / 3."""
    return estimated_tokens_of_bytes(len(text.encode("utf-8", "surrogatepass")))


def estimated_tokens_of_bytes(size: int) -> int:
    """As `estimated_tokens`, of a text with that many UTF-8 bytes."""
    return math.ceil(size / _BYTES_PER_TOKEN)


@dataclass(slots=True)
class _Tally:
    """What one day of a user, or of a run, has cost and may still cost."""

    setting: str
    limit: float
    until: datetime
    spent: float
    reserved: float = 0.0


@dataclass(slots=True)
class Reservation:
    """Money set aside for one call; settle it whatever becomes of the call."""

    _budget: Budget
    _model: str
    _amount: float
    _tallies: list[_Tally] = field(default_factory=list)

    def settle(self, prompt_tokens: int, completion_tokens: int) -> float | None:
        """Give back what was not needed; returns the cost in US dollars, None if unknown."""
        cost = self._budget.cost(self._model, prompt_tokens, completion_tokens)
        for tally in self._tallies:
            tally.reserved -= self._amount
            tally.spent += cost or 0.0
        self._tallies = []
        self._budget.changed()
        return cost


class Budget:
    """The limits per user and day and per run and day, in the user's zone.

    `prices` are US dollars per million prompt and completion tokens, by model. A model without a
    price costs None and is never refused. What was spent is read from the store once a day and
    kept up here, so that calls whose file is not yet committed count too.
    """

    def __init__(
        self,
        *,
        prices: Mapping[str, tuple[float, float]],
        usd_per_day: float | None,
        usd_per_run: float | None,
        spent: SpentSince,
        clock: Clock,
    ) -> None:
        self._prices = prices
        self._usd_per_day = usd_per_day
        self._usd_per_run = usd_per_run
        self._spent = spent
        self._clock = clock
        self._tallies: dict[tuple[str, str, datetime], _Tally] = {}
        self._loading = asyncio.Lock()
        self._settled = asyncio.Event()
        self._unpriced: set[str] = set()

    def cost(self, model: str, prompt_tokens: int, completion_tokens: int) -> float | None:
        """US dollars of a call, None when the model's price is not known."""
        price = self._prices.get(model)
        if price is None:
            return None
        return (prompt_tokens * price[0] + completion_tokens * price[1]) / 1_000_000

    async def reserve(
        self, account: CallAccount, *, model: str, prompt_tokens: int, completion_tokens: int
    ) -> Reservation:
        """Set aside what a call may cost at most.

        Raises BudgetReached when the limits do not cover it. If they would once calls in flight
        are settled, waits for that.
        """
        amount = self.cost(model, prompt_tokens, completion_tokens)
        if amount is None:
            if model not in self._unpriced:
                self._unpriced.add(model)
                log.warning("model_price_unknown", model=model, hint="set llm.prices")
            return Reservation(self, model, 0.0)
        while True:
            tallies = await self._tallies_of(account)
            for tally in tallies:
                if tally.spent + amount > tally.limit:
                    raise BudgetReached(_explain(tally, amount), until=tally.until)
            if all(tally.spent + tally.reserved + amount <= tally.limit for tally in tallies):
                break
            await self._settled.wait()
        for tally in tallies:
            tally.reserved += amount
        return Reservation(self, model, amount, tallies)

    def changed(self) -> None:
        """Let those look again who wait for money that was reserved."""
        self._settled.set()
        self._settled = asyncio.Event()

    async def _tallies_of(self, account: CallAccount) -> list[_Tally]:
        since, until = _day(self._clock.now(), ZoneInfo(account.timezone))
        tallies = []
        for setting, limit, owner, run_id in (
            ("llm.usd_per_day", self._usd_per_day, account.user_id, None),
            ("llm.usd_per_run", self._usd_per_run, account.run_id, account.run_id),
        ):
            if limit is None:
                continue
            key = (setting, owner, since)
            async with self._loading:
                if key not in self._tallies:
                    spent = await self._spent(account.user_id, since, run_id)
                    self._forget_past_days()
                    self._tallies[key] = _Tally(setting, limit, until, spent)
            tallies.append(self._tallies[key])
        return tallies

    def _forget_past_days(self) -> None:
        now = self._clock.now()
        self._tallies = {key: tally for key, tally in self._tallies.items() if tally.until > now}


def _day(now: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The local day around an instant: its first instant and the next day's, as aware UTC."""
    today = now.astimezone(zone).date()
    first, following = (
        datetime.combine(day, time(), zone).astimezone(UTC)
        for day in (today, today + timedelta(days=1))
    )
    return first, following


def _explain(tally: _Tally, amount: float) -> str:
    return (
        f"{tally.setting} = {tally.limit:g}: {tally.spent:.4f} US dollars are spent and the next "
        f"call may cost {amount:.4f}; it renews at midnight, or raise the limit"
    )
