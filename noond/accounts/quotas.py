"""Quotas: how often a user may do a thing in a day of their zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal, TypeAlias
from zoneinfo import ZoneInfo

from noond.clock import Clock, day_around, rfc3339
from noond.config import LimitSettings
from noond.errors import QuotaReached
from noond.models.account import User
from noond.store import quota_usage, users
from noond.store.database import Database
from noond.store.rows import Connection, Transaction

Quota: TypeAlias = Literal["invocations"]

QUOTAS: Final[tuple[Quota, ...]] = ("invocations",)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaStanding:
    """How much of a quota is used today; `limit` is None where none is set."""

    name: Quota
    used: int
    limit: int | None
    reset_time: datetime
    """When the user's day ends, UTC."""


class Quotas:
    """Counts what users do; every call is one user's."""

    def __init__(self, database: Database, settings: LimitSettings, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._limits: dict[Quota, int | None] = {"invocations": settings.invocations_per_day}

    def take(self, tx: Transaction, user_id: str, quota: Quota, now: datetime) -> None:
        """Count one more, within the transaction of what is done.

        Raises QuotaReached, which says when the quota renews, and NotFound for nobody's id.
        """
        user = users.get(tx, user_id)
        standing = self._standing(tx, user, quota, now)
        if standing.limit is not None and standing.used >= standing.limit:
            raise QuotaReached(
                f"the {standing.limit} {quota} of the day are used up; the quota renews at "
                f"{rfc3339(standing.reset_time)}",
                retry_after_seconds=(standing.reset_time - now).total_seconds(),
            )
        quota_usage.add(tx, user_id, quota, _local_day(user, now))

    async def list(self, user: User) -> list[QuotaStanding]:
        """How the user's quotas stand now."""
        now = self._clock.now()
        return await self._database.read(
            lambda c: [self._standing(c, user, quota, now) for quota in QUOTAS]
        )

    def _standing(
        self, connection: Connection, user: User, quota: Quota, now: datetime
    ) -> QuotaStanding:
        _, following = day_around(now, ZoneInfo(user.timezone))
        return QuotaStanding(
            name=quota,
            used=quota_usage.used(connection, user.id, quota, _local_day(user, now)),
            limit=self._limits[quota],
            reset_time=following,
        )


def _local_day(user: User, now: datetime) -> date:
    return now.astimezone(ZoneInfo(user.timezone)).date()
