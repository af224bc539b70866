"""Everything that is watched when the clock ticks, apart from the schedules of agents."""

from __future__ import annotations

from collections.abc import Iterable

import structlog

from noond.clock import Clock
from noond.config import FindingSettings
from noond.errors import StorageError
from noond.findings.findings import Findings
from noond.findings.job_failures import JobFailures, Start
from noond.findings.queues import Queues
from noond.findings.schedules import Schedules
from noond.store.database import Database

log = structlog.get_logger(__name__)


class Watch:
    """Watches the jobs. `failures` is to hear of them as their listener."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        findings: Findings,
        settings: FindingSettings,
        *,
        types: Iterable[str],
        daemons: Iterable[str],
        start: Start,
    ) -> None:
        self.failures = JobFailures(
            database, clock, findings, settings, types=types, daemons=daemons, start=start
        )
        self._watchers = (
            self.failures,
            Queues(database, clock, findings, settings),
            Schedules(database, clock, findings),
            findings,
        )

    async def tick(self) -> None:
        """Look at everything. What can't be read or stored now is looked at the next time."""
        try:
            for watcher in self._watchers:
                await watcher.tick()
        except StorageError as error:
            log.error("findings_not_watched", error=error.message)
