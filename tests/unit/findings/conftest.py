"""Findings on a real database, with ana, an owner, ben, an administrator, and cem, a user."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from movable_clock import MovableClock

from noond.config import FindingSettings
from noond.events import Event, EventBus
from noond.findings.findings import Findings
from noond.models.account import Role, User
from noond.models.finding import Finding, FindingChange, FindingFilter
from noond.store import opening, users
from noond.store.database import Database
from noond.store.rows import Transaction


class Heard:
    """A listener that keeps all it is told."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def wants(self, _topic: str, _subject: str) -> bool:
        return True

    def offer(self, event: Event) -> None:
        self.events.append(event)

    def take(self) -> list[tuple[str, bool]]:
        """Name, and whether it is announced, of what was heard since the last time."""
        taken = [(event.topic.removeprefix("finding."), event.data["announced"])
                 for event in self.events]  # fmt: skip
        self.events.clear()
        return taken


@dataclass(slots=True, kw_only=True)
class Desk:
    """The findings of a daemon, what is told of them, and a second daemon after it."""

    database: Database
    clock: MovableClock
    bus: EventBus
    settings: FindingSettings = field(default_factory=FindingSettings)
    delivered: list[tuple[FindingChange, int]] = field(default_factory=list)
    heard: dict[str, Heard] = field(default_factory=dict)
    findings: Findings = field(init=False)

    def __post_init__(self) -> None:
        self.findings = self._new()
        for name in ("ana", "ben", "cem"):
            self.heard[name] = Heard()
            self.bus.add(name, self.heard[name])

    def _new(self) -> Findings:
        def deliver(_tx: Transaction, finding: Finding, change: FindingChange) -> None:
            self.delivered.append((change, finding.changes))

        return Findings(
            self.database, self.clock, self.bus, self.settings, deliver=deliver, wake=lambda: None
        )

    async def restart(self) -> None:
        """Another daemon on the same database."""
        self.findings = self._new()
        await self.findings.load()

    async def all(self, user_id: str = "ana", **wanted: Any) -> list[Finding]:
        """What the user sees, newest first."""
        filtered = FindingFilter(**{"state": "all", "daemon_wide": True, **wanted})
        return list(await self.findings.list(user_id, filtered, limit=100))


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    path = tmp_path / "noond.db"
    opening.prepare(path)
    database = await Database.open(path)
    clock = MovableClock()

    def fill(tx: Transaction) -> None:
        for name, role in (("ana", Role.OWNER), ("ben", Role.ADMIN), ("cem", Role.USER)):
            user = User(id=name, name=name, timezone="UTC", created_at=clock.now(), role=role)
            users.insert(tx, user)

    await database.write(fill)
    yield Desk(database=database, clock=clock, bus=EventBus(clock=clock))
    await database.close()
