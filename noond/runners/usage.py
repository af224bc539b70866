"""What a user's calls to models came to, what is left of their limits, and who is told in time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import structlog

from noond.clock import Clock, day_around, first_instant, rfc3339
from noond.errors import Invalid
from noond.events import EventBus
from noond.findings.budgets import nearly_used
from noond.llm.extractor import KeepCalls
from noond.llm.usage import Budget, CallAccount, SpentSince, Warn
from noond.models.account import User
from noond.models.document import LLMCall
from noond.models.finding import Observation
from noond.models.usage import BudgetStanding, Payer, UsageFigures, UsageGroup, UsageRow
from noond.runners.notices import BUDGET_WARNING
from noond.store import observability, runs, usage
from noond.store.database import Database
from noond.store.rows import Connection

log = structlog.get_logger(__name__)

MOST_DAYS: Final = 400
DEFAULT_DAYS: Final = 30
_EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageReport:
    """Calls made at or after `since` and before `until`, in all and by group."""

    since: datetime
    until: datetime
    total: UsageFigures
    groups: list[UsageRow]


class Usage:
    """Tells users what they used; everybody sees their own."""

    def __init__(self, database: Database, clock: Clock, budget: Budget) -> None:
        self._database = database
        self._clock = clock
        self._budget = budget

    async def report(
        self,
        user: User,
        group: UsageGroup,
        *,
        since: datetime | None,
        until: datetime | None,
        limit: int,
    ) -> UsageReport:
        """The user's calls; without `since` those of the 30 local days up to `until` (now).

        Raises Invalid for more than MOST_DAYS days, or an end before the beginning.
        """
        zone = ZoneInfo(user.timezone)
        # The present millisecond belongs to it, and nothing lies ahead.
        now = self._clock.now() + timedelta(milliseconds=1)
        end = now if until is None else min(until, now)
        if end <= _EARLIEST:
            raise Invalid.field("until", "is long before the first call")
        begin = since or first_instant(
            _last_day(end, zone) - timedelta(days=DEFAULT_DAYS - 1), zone
        )
        if not begin < end:
            raise Invalid.field("until", "must be after `since`")
        if end - begin > timedelta(days=MOST_DAYS):
            raise Invalid.field("since", f"must be at most {MOST_DAYS} days before `until`")
        spans = _local_days(begin, end, zone)

        def read(connection: Connection) -> UsageReport:
            return UsageReport(
                since=begin,
                until=end,
                total=usage.total(connection, user.id, spans),
                groups=usage.list_groups(connection, user.id, group, spans, limit=limit),
            )

        return await self._database.read(read)

    async def limits(self, user: User) -> list[BudgetStanding]:
        """How much is used of what limits the user today.

        First the user's own day, limited or not; then, where the settings limit them, the agents
        that made calls today, the runs that go on, and all users together.
        """
        own = await self._budget.standing(Payer(user_id=user.id), user.timezone)
        since, _ = day_around(self._clock.now(), ZoneInfo(user.timezone))

        def read(connection: Connection) -> tuple[list[str], list[str]]:
            return (
                usage.list_agents_since(connection, user.id, since),
                runs.list_active(connection, user.id),
            )

        agents, active = await self._database.read(read)
        payers = [
            *(Payer(user_id=user.id, agent_id=agent_id) for agent_id in agents),
            *(Payer(user_id=user.id, run_id=run_id) for run_id in active),
            Payer(),
        ]
        limited = [payer for payer in payers if self._budget.is_limited(payer)]
        return [own, *[await self._budget.standing(payer, user.timezone) for payer in limited]]


def spent_in(database: Database) -> SpentSince:
    """What the database's calls have cost."""

    async def spent(payer: Payer, since: datetime) -> float:
        def read(connection: Connection) -> float:
            if payer.user_id is None:
                return observability.sum_since_all_users(connection, since)
            return observability.sum_since(
                connection,
                payer.user_id,
                since,
                agent_id=payer.agent_id,
                run_id=payer.run_id,
            )

        return await database.read(read)

    return spent


def keep_calls_in(database: Database) -> KeepCalls:
    """Stores the calls of a run whose work on a file was cancelled."""

    async def keep(account: CallAccount, path: str, calls: tuple[LLMCall, ...]) -> None:
        await database.write(
            lambda tx: observability.insert_calls_of(
                tx,
                account.user_id,
                agent_id=account.agent_id,
                run_id=account.run_id,
                file=path,
                calls=calls,
            )
        )

    return keep


def budget_warnings(bus: EventBus, found: Callable[[Observation], object]) -> Warn:
    """Says in the log and to the user's apps that a limit is nearly used up.

    `found` makes a finding of it, without waiting for that.
    """

    def warn(user_id: str, standing: BudgetStanding) -> None:
        payer = standing.payer
        log.warning(
            "budget_warning",
            setting=standing.setting,
            limit_usd=standing.limit_usd,
            used_usd=round(standing.used_usd, 4),
            user=payer.user_id,
            agent=payer.agent_id,
            run=payer.run_id,
        )
        bus.publish(
            user_id,
            BUDGET_WARNING,
            payer.run_id or payer.agent_id or standing.setting,
            {
                "setting": standing.setting,
                "agent_id": payer.agent_id,
                "run_id": payer.run_id,
                "limit_usd": standing.limit_usd,
                # What others have spent is theirs to know.
                "used_usd": None if payer.user_id is None else round(standing.used_usd, 6),
                "reset_at": rfc3339(standing.reset_at),
            },
        )
        found(nearly_used(user_id, standing))

    return warn


def _last_day(end: datetime, zone: ZoneInfo) -> date:
    """The local day of the last instant before `end`."""
    return (end - timedelta(milliseconds=1)).astimezone(zone).date()


def _local_days(
    since: datetime, until: datetime, zone: ZoneInfo
) -> list[tuple[str, datetime, datetime]]:
    """The days from `since` to `until`: date, first instant, the instant after the last."""
    day, last = since.astimezone(zone).date(), _last_day(until, zone)
    spans = []
    while day <= last:
        following = day + timedelta(days=1)
        spans.append(
            (
                day.isoformat(),
                max(since, first_instant(day, zone)),
                min(until, first_instant(following, zone)),
            )
        )
        day = following
    return spans
