"""The findings: one for each thing that is wrong, opened, updated and closed by who watches it.

What is open is kept in memory beside the table, so that looking again at what is still wrong, or
still well, costs nothing. A change and the delivery to the webhook are one transaction.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias

import structlog

from noond.clock import Clock, new_id, rfc3339
from noond.config import FindingSettings
from noond.events import EventBus
from noond.models.account import Role
from noond.models.finding import Finding, FindingChange, FindingFilter, FindingKind, Observation
from noond.store import findings, job_queues
from noond.store.database import Database
from noond.store.rows import Transaction

log = structlog.get_logger(__name__)

FINDING_OPENED: Final = "finding.opened"
FINDING_UPDATED: Final = "finding.updated"
FINDING_CLOSED: Final = "finding.closed"

Key: TypeAlias = tuple[str | None, FindingKind, str]
"""User, kind and subject: of each one finding at most is open."""

Deliver: TypeAlias = Callable[[Transaction, Finding, FindingChange], None]
"""Queues what the webhook is to be told, in the transaction of the change."""


class Findings:
    """Opens, updates and closes findings, and tells of them. `load` before anything else.

    `deliver` is None without a webhook; `wake` is called after it was.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        bus: EventBus,
        settings: FindingSettings,
        *,
        deliver: Deliver | None,
        wake: Callable[[], None],
    ) -> None:
        self._database = database
        self._clock = clock
        self._bus = bus
        self._cooldown = timedelta(minutes=settings.cooldown_minutes)
        self._deliver = deliver
        self._wake = wake
        self._open: dict[Key, Finding] = {}
        self._changing = asyncio.Lock()

    async def load(self) -> None:
        """Take up what an earlier daemon left open."""
        for finding in await self._database.read(findings.list_open_all_users):
            self._open[_key(finding)] = finding

    # --- for who watches --------------------------------------------------------------------------

    def find_open(self, user_id: str | None, kind: FindingKind, subject: str) -> Finding | None:
        """The open finding of this subject; the daemon's own without a user."""
        return self._open.get((user_id, kind, subject))

    def list_open(self, kind: FindingKind) -> list[Finding]:
        """All open findings of a kind, of all users."""
        return [each for each in self._open.values() if each.kind is kind]

    async def last_closed_at(
        self, user_id: str | None, kind: FindingKind, subject: str
    ) -> datetime | None:
        """When a finding of this subject was closed last."""
        last = await self._database.read(
            lambda c: findings.find_last_closed(c, user_id, kind, subject)
        )
        return None if last is None else last.closed_at

    async def saw(self, seen: Observation) -> None:
        """It is wrong now: open its finding, or update the one that is open."""
        async with self._changing:
            present = self._open.get((seen.user_id, seen.kind, seen.subject))
            if present is None:
                await self._begin(seen)
            elif present.detail != seen.detail:
                await self._update(present, seen)

    async def over(
        self, user_id: str | None, kind: FindingKind, subject: str, *, why: str | None = None
    ) -> None:
        """It is not wrong any more; `why` takes the place of what was said of it."""
        async with self._changing:
            present = self._open.get((user_id, kind, subject))
            if present is not None:
                await self._close(present, why)

    async def settle(
        self, kind: FindingKind, wrong: Sequence[Observation], *, subjects: str = ""
    ) -> None:
        """`wrong` is all that is wrong of this kind: what else is open of it is over.

        Only subjects that begin with `subjects` are looked at.
        """
        for each in wrong:
            await self.saw(each)
        left = {(each.user_id, each.subject) for each in wrong}
        for finding in self.list_open(kind):
            if finding.subject.startswith(subjects) and (
                (finding.user_id, finding.subject) not in left
            ):
                await self.over(finding.user_id, kind, finding.subject)

    async def tick(self) -> None:
        """Close what is over by itself; announce what came back and stayed."""
        now = self._clock.now()
        async with self._changing:
            for finding in list(self._open.values()):
                if finding.expires_at is not None and finding.expires_at <= now:
                    await self._close(finding, None)
                elif not finding.told_open and self._may_announce(finding, now):
                    await self._store(self._announced(finding, now), "updated", announced=True)

    # --- for who looks at them --------------------------------------------------------------------

    async def list(
        self, user_id: str, wanted: FindingFilter, *, limit: int, before_id: str | None = None
    ) -> Sequence[Finding]:
        """What the user may see of them, newest first."""
        return await self._database.read(
            lambda c: findings.list_page(c, user_id, wanted, limit=limit, before_id=before_id)
        )

    async def get(self, user_id: str, finding_id: str, *, daemon_wide: bool) -> Finding:
        """The finding, if the user may see it; raises NotFound."""
        return await self._database.read(
            lambda c: findings.get(c, user_id, finding_id, daemon_wide=daemon_wide)
        )

    async def paused_queues(self) -> Sequence[str]:
        """The queues that nobody watches, because somebody has paused them."""
        rules = await self._database.read(job_queues.list_rules)
        return [each.queue for each in rules if each.paused_at is not None]

    # --- changes; `_changing` is held -------------------------------------------------------------

    async def _begin(self, seen: Observation) -> None:
        now = self._clock.now()
        last = await self._database.read(
            lambda c: findings.find_last_closed(c, seen.user_id, seen.kind, seen.subject)
        )
        if last is not None and last.closed_at and now - last.closed_at < self._cooldown:
            again = replace(
                last,
                title=seen.title,
                detail=seen.detail,
                count=last.count + 1,
                updated_at=now,
                closed_at=None,
                expires_at=seen.expires_at,
            )
            await self._store(again, "opened", announced=False)
            return
        finding = Finding(
            id=new_id(),
            user_id=seen.user_id,
            kind=seen.kind,
            subject=seen.subject,
            title=seen.title,
            detail=seen.detail,
            count=1,
            opened_at=now,
            updated_at=now,
            closed_at=None,
            expires_at=seen.expires_at,
            announced_at=now,
            changes=1,
            told_open=True,
        )
        await self._store(finding, "opened", announced=True)

    async def _update(self, present: Finding, seen: Observation) -> None:
        now = self._clock.now()
        updated = replace(
            present,
            title=seen.title,
            detail=seen.detail,
            count=present.count + 1,
            updated_at=now,
            expires_at=seen.expires_at,
        )
        announced = self._may_announce(present, now)
        if announced:
            updated = self._announced(updated, now)
        await self._store(updated, "updated", announced=announced)

    async def _close(self, present: Finding, why: str | None) -> None:
        now = self._clock.now()
        closed = replace(present, detail=why or present.detail, updated_at=now, closed_at=now)
        told = present.told_open
        if told:
            closed = replace(closed, changes=closed.changes + 1, told_open=False)
        await self._store(closed, "closed", announced=told)

    def _may_announce(self, finding: Finding, now: datetime) -> bool:
        return now - finding.announced_at >= self._cooldown

    @staticmethod
    def _announced(finding: Finding, now: datetime) -> Finding:
        return replace(finding, announced_at=now, changes=finding.changes + 1, told_open=True)

    async def _store(self, finding: Finding, change: FindingChange, *, announced: bool) -> None:
        """Store the change, and tell of it. `announced`: not only to who follows events."""

        def store(tx: Transaction) -> dict[str, Role]:
            if change == "opened" and finding.count == 1:
                findings.insert(tx, finding)
            else:
                findings.update(tx, finding)
            if announced and self._deliver is not None:
                self._deliver(tx, finding, change)
            return findings.administrators_all_users(tx) if finding.daemon_wide else {}

        administrators = await self._database.write(store)
        if finding.closed_at is None:
            self._open[_key(finding)] = finding
        else:
            self._open.pop(_key(finding), None)
        tell = log.warning if change == "opened" else log.info
        tell(
            "finding",
            change=change,
            finding=finding.id,
            kind=finding.kind.value,
            subject=finding.subject,
            count=finding.count,
        )
        if announced and self._deliver is not None:
            self._wake()
        self._publish(finding, change, announced=announced, administrators=administrators.items())

    def _publish(
        self,
        finding: Finding,
        change: FindingChange,
        *,
        announced: bool,
        administrators: Iterable[tuple[str, Role]],
    ) -> None:
        data = shown(finding)
        if finding.user_id is not None:
            self._bus.publish(
                finding.user_id, f"finding.{change}", finding.id, {**data, "announced": announced}
            )
        for user_id, role in administrators:
            # Administrators look for themselves; owners are called.
            told = announced and role is Role.OWNER
            self._bus.publish(user_id, f"finding.{change}", finding.id, {**data, "announced": told})


def shown(finding: Finding) -> dict[str, Any]:
    """The finding as everybody is told of it."""
    return {
        "id": finding.id,
        "kind": finding.kind.value,
        "subject": finding.subject,
        "daemon_wide": finding.daemon_wide,
        "state": "open" if finding.closed_at is None else "closed",
        "title": finding.title,
        "detail": finding.detail,
        "count": finding.count,
        "opened_at": rfc3339(finding.opened_at),
        "updated_at": rfc3339(finding.updated_at),
        "closed_at": None if finding.closed_at is None else rfc3339(finding.closed_at),
    }


def _key(finding: Finding) -> Key:
    return finding.user_id, finding.kind, finding.subject
