"""Money: what a call may cost is reserved before it is made and settled after it."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol
from zoneinfo import ZoneInfo

import structlog

from noond.clock import Clock, day_around
from noond.config import LLMSettings
from noond.errors import BudgetReached
from noond.models.usage import BudgetStanding, Payer

log = structlog.get_logger(__name__)

PER_USER: Final = "llm.usd_per_day"
PER_AGENT: Final = "llm.usd_per_agent"
PER_RUN: Final = "llm.usd_per_run"
ALL_USERS: Final = "llm.usd_all_users"

WARNED_AT: Final = 0.8
"""The part of a limit at which its user is warned, once a day, and low priority waits."""

_BYTES_PER_TOKEN = 3
"""UTF-8 bytes that one token covers at least in ordinary text: estimates err on the high side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallAccount:
    """What a call is charged to; the budget's day is that of the user's `timezone` (IANA name).

    `run_id` is that of a run or of a task. A call of low priority lets others have the last part
    of a limit.
    New calls start only while `proceed` is set (None: always): a run whose device has gone lets
    calls in flight finish and starts no others.
    """

    user_id: str
    agent_id: str
    run_id: str
    timezone: str
    proceed: asyncio.Event | None = None
    low_priority: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What reading some files may take; `cost_usd` is None when the price is not known."""

    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None


class SpentSince(Protocol):
    """Reads from the store what calls have cost."""

    async def __call__(self, payer: Payer, since: datetime) -> float:
        """US dollars of the payer's calls made at or after `since`."""
        ...


Warn = Callable[[str, BudgetStanding], None]
"""Called with a user whose call has used a limit to WARNED_AT; must not wait."""


def estimated_tokens(text: str) -> int:
    """Tokens that the text will hardly exceed: its UTF-8 bytes / 3."""
    return estimated_tokens_of_bytes(len(text.encode("utf-8", "surrogatepass")))


def estimated_tokens_of_bytes(size: int) -> int:
    """As `estimated_tokens`, of a text with that many UTF-8 bytes."""
    return math.ceil(size / _BYTES_PER_TOKEN)


@dataclass(slots=True)
class _Tally:
    """What one day of a payer has cost and may still cost."""

    setting: str
    limit: float
    payer: Payer
    timezone: str
    until: datetime
    spent: float
    reserved: float = 0.0
    warned: bool = False

    def ceiling(self, account: CallAccount) -> float:
        """What the account's calls may bring this to.

        Low priority leaves the rest to others; of what one run may cost nobody else has a share.
        """
        shared = account.low_priority and self.payer.run_id is None
        return self.limit * WARNED_AT if shared else self.limit

    def standing(self) -> BudgetStanding:
        """The tally as others see it."""
        return BudgetStanding(
            setting=self.setting,
            payer=self.payer,
            limit_usd=self.limit,
            used_usd=self.spent,
            reserved_usd=self.reserved,
            reset_at=self.until,
            timezone=self.timezone,
        )


@dataclass(slots=True)
class Reservation:
    """Money set aside for one call; settle it whatever becomes of the call."""

    _budget: Budget
    _model: str
    _user_id: str
    _amount: float
    _tallies: list[_Tally] = field(default_factory=list)

    def settle(self, prompt_tokens: int, completion_tokens: int) -> float | None:
        """Give back what was not needed; returns the cost in US dollars, None if unknown."""
        cost = self._budget.cost(self._model, prompt_tokens, completion_tokens)
        tallies, self._tallies = self._tallies, []
        for tally in tallies:
            tally.reserved -= self._amount
            tally.spent += cost or 0.0
        self._budget.settled(self._user_id, tallies)
        return cost


class Budget:
    """The limits of a day: of a user, of one of their agents or runs, of all users together.

    A day is one of the user's zone, of UTC for all users. Prices are US dollars per million prompt
    and completion tokens, by model. A model without a price costs None and is never refused. What
    was spent is read from the store once a day and kept up here, so that calls whose file is not
    yet committed count too.
    """

    def __init__(
        self, settings: LLMSettings, *, spent: SpentSince, clock: Clock, warn: Warn
    ) -> None:
        self._prices = settings.prices
        self._limits = {
            PER_USER: settings.usd_per_day,
            PER_AGENT: settings.usd_per_agent,
            PER_RUN: settings.usd_per_run,
            ALL_USERS: settings.usd_all_users,
        }
        self._spent = spent
        self._clock = clock
        self._warn = warn
        self._tallies: dict[tuple[Payer, datetime], _Tally] = {}
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

        Raises BudgetReached when the limits do not cover it, or for low priority WARNED_AT of
        them. If they would once calls in flight are settled, waits for that.
        """
        amount = self.cost(model, prompt_tokens, completion_tokens)
        if amount is None:
            if model not in self._unpriced:
                self._unpriced.add(model)
                log.warning("model_price_unknown", model=model, hint="set llm.prices")
            return Reservation(self, model, account.user_id, 0.0)
        while True:
            tallies = await self._tallies_of(account)
            if any(tally.until <= self._clock.now() for tally in tallies):
                continue  # a day ended while its tallies were read
            for tally in tallies:
                if tally.spent + amount > tally.ceiling(account):
                    raise BudgetReached(_explain(tally, amount, account), until=tally.until)
            if all(
                tally.spent + tally.reserved + amount <= tally.ceiling(account) for tally in tallies
            ):
                break
            await self._settled.wait()
        for tally in tallies:
            tally.reserved += amount
        return Reservation(self, model, account.user_id, amount, tallies)

    def settled(self, user_id: str, tallies: Sequence[_Tally]) -> None:
        """Warn of what is nearly used up; let those look again who wait for reserved money."""
        for tally in tallies:
            if not tally.warned and tally.spent >= WARNED_AT * tally.limit:
                tally.warned = True
                self._warn(user_id, tally.standing())
        self._settled.set()
        self._settled = asyncio.Event()

    def is_limited(self, payer: Payer) -> bool:
        """Whether the settings limit such a payer."""
        return self._limits[_setting(payer)] is not None

    async def standing(self, payer: Payer, timezone: str) -> BudgetStanding:
        """How much of its limit the payer has used on the present day of its zone."""
        setting, zone = _setting(payer), _zone(payer, timezone)
        limit = self._limits[setting]
        if limit is not None:
            return (await self._tally(payer, limit, zone)).standing()
        since, until = day_around(self._clock.now(), ZoneInfo(zone))
        return BudgetStanding(
            setting=setting,
            payer=payer,
            limit_usd=None,
            used_usd=await self._spent(payer, since),
            reserved_usd=0.0,
            reset_at=until,
            timezone=zone,
        )

    async def _tallies_of(self, account: CallAccount) -> list[_Tally]:
        user_id = account.user_id
        payers = (
            Payer(user_id=user_id, run_id=account.run_id),
            Payer(user_id=user_id, agent_id=account.agent_id),
            Payer(user_id=user_id),
            Payer(),
        )
        return [
            await self._tally(payer, limit, _zone(payer, account.timezone))
            for payer in payers
            if (limit := self._limits[_setting(payer)]) is not None
        ]

    async def _tally(self, payer: Payer, limit: float, zone: str) -> _Tally:
        since, until = day_around(self._clock.now(), ZoneInfo(zone))
        async with self._loading:
            tally = self._tallies.get((payer, since))
            if tally is None:
                spent = await self._spent(payer, since)
                self._forget_past_days()
                tally = _Tally(_setting(payer), limit, payer, zone, until, spent)
                # Who began the day above it was warned before the restart.
                tally.warned = spent >= WARNED_AT * limit
                self._tallies[payer, since] = tally
            return tally

    def _forget_past_days(self) -> None:
        now = self._clock.now()
        self._tallies = {key: tally for key, tally in self._tallies.items() if tally.until > now}


def _setting(payer: Payer) -> str:
    if payer.user_id is None:
        return ALL_USERS
    if payer.run_id is not None:
        return PER_RUN
    return PER_USER if payer.agent_id is None else PER_AGENT


def _zone(payer: Payer, timezone: str) -> str:
    return "UTC" if payer.user_id is None else timezone


def _explain(tally: _Tally, amount: float, account: CallAccount) -> str:
    at = tally.until.astimezone(ZoneInfo(tally.timezone))
    renews = f"it renews at {at:%Y-%m-%d %H:%M} ({tally.timezone})"
    named = f"{tally.setting} = {tally.limit:g}"
    ceiling = tally.ceiling(account)
    used_up = "used it up"
    if ceiling < tally.limit:
        part = f"{WARNED_AT:.0%}".replace("%", " %")
        named += f", of which scheduled runs may use {part}"
        used_up = "used that part"
    if amount > ceiling:
        return f"{named}: the next call alone may cost {amount:.4f} US dollars; raise the limit"
    if tally.payer.user_id is None:
        # What others have spent is theirs to know.
        return f"{named}: all users together have {used_up}; {renews}, or raise the limit"
    return (
        f"{named}: {tally.spent:.4f} US dollars are spent and the next call may cost "
        f"{amount:.4f}; {renews}, or raise the limit"
    )
