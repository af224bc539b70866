"""Watches job types: those whose jobs fail one after the other, or more often than not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

import structlog

from noond.clock import Clock
from noond.config import FindingSettings
from noond.errors import StorageError
from noond.findings.findings import Findings
from noond.models.finding import FindingKind, Observation
from noond.models.job import Job, JobProgress
from noond.store import job_failures
from noond.store.database import Database
from noond.store.job_failures import JobEnd

log = structlog.get_logger(__name__)

SHARE_OF: Final = timedelta(hours=1)
FEWEST: Final = 10
"""Of fewer jobs no share is looked at."""
_PAUSE_SECONDS: Final = 0.5
"""Jobs that end within it are looked at together."""
_LOOKED_AT: Final = 200

Start = Callable[[Coroutine[Any, Any, None]], object]
"""Runs something in the background."""


class JobFailures:
    """A JobListener: of each end it notes the type, and looks at how its jobs fare a moment later.

    The types named `daemons` are the daemon's own; of the others each user has their findings.
    Jobs that end without having run (their deadline, a crash) are met by the tick.
    """

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
        self._database = database
        self._clock = clock
        self._findings = findings
        self._in_row = settings.failures_in_row
        self._share = settings.failure_share
        self._types = tuple(types)
        self._daemons = frozenset(daemons)
        self._start = start
        self._ended: set[tuple[str | None, str]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._looked_at = clock.now() - SHARE_OF

    def started(self, job: Job) -> None:
        """See JobListener."""

    def progressed(self, job: Job, progress: JobProgress) -> None:
        """See JobListener."""

    def ended(self, job: Job) -> None:
        """See JobListener."""
        self._ended.add(self._subject(job.user_id, job.job_type))
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_PAUSE_SECONDS, self._look_soon)

    def close(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()

    async def tick(self) -> None:
        """Look at the types of which a job has failed since the last time, and at what is open."""
        since, self._looked_at = self._looked_at, self._clock.now()
        self._ended |= {
            (each.user_id, each.subject)
            for each in self._findings.list_open(FindingKind.JOB_TYPE_FAILING)
        }
        for job_type in self._types:
            whose = await self._database.read(
                partial(
                    job_failures.failed_since_all_users,
                    job_type=job_type,
                    since=since,
                    most=_LOOKED_AT,
                )
            )
            self._ended |= {self._subject(user_id, job_type) for user_id in whose}
        await self.look()

    async def look(self) -> None:
        """Look at the types whose jobs have ended since the last time."""
        ended, self._ended = self._ended, set()
        for user_id, job_type in ended:
            await self._look_at(user_id, job_type)

    def _subject(self, user_id: str, job_type: str) -> tuple[str | None, str]:
        return (None if job_type in self._daemons else user_id), job_type

    def _look_soon(self) -> None:
        self._timer = None
        self._start(self._look_in_peace())

    async def _look_in_peace(self) -> None:
        try:
            await self.look()
        except StorageError as error:
            log.error("job_failures_not_watched", error=error.message)

    async def _look_at(self, user_id: str | None, job_type: str) -> None:
        def read_all_users(connection: Any) -> list[JobEnd]:
            if user_id is None:
                return job_failures.last_ends_all_users(connection, job_type, most=_LOOKED_AT)
            return job_failures.last_ends(connection, user_id, job_type, most=_LOOKED_AT)

        ends = await self._database.read(read_all_users)
        kind = FindingKind.JOB_TYPE_FAILING
        if not ends:
            return
        if not ends[0].failed:
            await self._findings.over(user_id, kind, job_type)
            return
        said = await self._what_is_wrong(user_id, job_type, ends)
        if said is not None:
            await self._findings.saw(
                Observation(
                    user_id=user_id,
                    kind=kind,
                    subject=job_type,
                    title=f"Jobs of the type {job_type} fail",
                    detail=f"{said}, the last one with the id {ends[0].job_id}.",
                )
            )

    async def _what_is_wrong(
        self, user_id: str | None, job_type: str, ends: list[JobEnd]
    ) -> str | None:
        in_row = next((n for n, end in enumerate(ends) if not end.failed), len(ends))
        if in_row >= self._in_row:
            most = "or more " if in_row >= _LOOKED_AT else ""
            return f"{in_row} {most}have failed for good one after the other"
        # What was before the last finding was closed was told of by that one.
        closed = await self._findings.last_closed_at(
            user_id, FindingKind.JOB_TYPE_FAILING, job_type
        )
        hour = self._clock.now() - SHARE_OF
        since: datetime = hour if closed is None else max(hour, closed)
        lately = [end.failed for end in ends if end.at >= since]
        if len(lately) < FEWEST or sum(lately) <= self._share * len(lately):
            return None
        return f"{sum(lately)} of the last {len(lately)} within an hour have failed for good"
