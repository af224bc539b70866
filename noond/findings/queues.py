"""Watches the queues of jobs: those in which something waits too long, or that only grow."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from typing import Final

from noond.clock import Clock
from noond.config import FindingSettings
from noond.findings.findings import Findings
from noond.models.finding import FindingKind, Observation
from noond.store import job_failures
from noond.store.database import Database
from noond.store.job_failures import QueueLength

GROWN_BY: Final = 100
"""A queue that got fewer jobs longer over the span is not said to grow."""


class Queues:
    """Looks at all queues when the clock ticks. One that somebody has paused is left alone."""

    def __init__(
        self, database: Database, clock: Clock, findings: Findings, settings: FindingSettings
    ) -> None:
        self._database = database
        self._clock = clock
        self._findings = findings
        self._longest = timedelta(minutes=settings.queue_minutes)
        self._span = timedelta(minutes=settings.queue_growth_minutes)
        self._lengths: dict[str, deque[tuple[datetime, int]]] = {}

    async def tick(self) -> None:
        """Open, update and close the findings of queues."""
        now = self._clock.now()
        paused = set(await self._findings.paused_queues())
        found = {
            each.queue: each
            for each in await self._database.read(job_failures.queue_lengths_all_users)
        }
        for gone in (self._lengths.keys() - found.keys()) | paused:
            self._lengths.pop(gone, None)
        for queue, length in found.items():
            if queue not in paused:
                self._note(length, now)
                await self._look_at(length, now)
        for finding in self._findings.list_open(FindingKind.QUEUE_GROWING):
            queue = finding.subject
            if queue in paused:
                why = "The queue is paused; what waits in it is not looked at."
                await self._findings.over(None, finding.kind, queue, why=why)
            elif queue not in found or self._has_drained(found[queue], now):
                await self._findings.over(None, finding.kind, queue)

    async def _look_at(self, length: QueueLength, now: datetime) -> None:
        growth = self._growth(length.queue, now)
        waited = now - length.oldest_at
        if waited <= self._longest and growth < GROWN_BY:
            return
        detail = f"{length.ready} jobs are due, the first one for {_minutes(waited)}."
        if growth >= GROWN_BY:
            detail += f" They have become {growth} more in {_minutes(self._span)}."
        await self._findings.saw(
            Observation(
                user_id=None,
                kind=FindingKind.QUEUE_GROWING,
                subject=length.queue,
                title=f"Jobs pile up in the queue {length.queue}",
                detail=detail,
            )
        )

    def _note(self, length: QueueLength, now: datetime) -> None:
        lengths = self._lengths.setdefault(length.queue, deque())
        if lengths and length.ready < lengths[-1][1]:
            lengths.clear()
        lengths.append((now, length.ready))
        # The first one that is kept is as old as the span, or the oldest there is.
        while len(lengths) > 1 and now - lengths[1][0] >= self._span:
            lengths.popleft()

    def _growth(self, queue: str, now: datetime) -> int:
        """By how many jobs the queue got longer over the span; 0 unless it never got shorter."""
        (since, first), (_, last) = self._lengths[queue][0], self._lengths[queue][-1]
        return last - first if now - since >= self._span else 0

    def _has_drained(self, length: QueueLength, now: datetime) -> bool:
        """Nothing waits for long any more. Half of what is too long, so that it stays closed."""
        return (
            now - length.oldest_at <= self._longest / 2
            and self._growth(length.queue, now) < GROWN_BY
        )


def _minutes(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    return f"{minutes} minutes" if minutes != 1 else "1 minute"
