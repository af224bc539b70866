"""What the engine counts: for the monitor, for metrics, for alarms."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

BOUNDS = (0.001, 0.002, 0.005, 0.01, 0.025, 0.1, 0.5, 1, 5, 30, 60, 300, 600)
"""Upper bounds of the histograms' buckets, in seconds; one more bucket has no bound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """Durations by bucket (`BOUNDS`, not added up), their number and sum in seconds."""

    buckets: tuple[int, ...]
    count: int
    total: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetrySnapshot:
    """Counted since the engine's start, and how it is now."""

    running: int
    free: int
    stuck: int
    ended: Mapping[str, int]
    """By what became of the job: completed, failed, cancelled, retried, given_back."""
    ended_by_type: Mapping[tuple[str, str], int]
    queue_wait: Histogram
    """From being due to the start."""
    run_time: Histogram
    commit_time: Histogram
    transactions: int
    operations: int
    """Stored by those transactions: their ratio is the size of a batch."""


@dataclass(slots=True)
class _Durations:
    buckets: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    count: int = 0
    total: float = 0.0

    def add(self, seconds: float) -> None:
        self.buckets[bisect_left(BOUNDS, seconds)] += 1
        self.count += 1
        self.total += seconds

    def snapshot(self) -> Histogram:
        return Histogram(buckets=tuple(self.buckets), count=self.count, total=self.total)


class Telemetry:
    """Counters, in the loop's thread only."""

    def __init__(self) -> None:
        self._ended: Counter[tuple[str, str]] = Counter()
        self._wait = _Durations()
        self._run = _Durations()
        self._commit = _Durations()
        self._operations = 0

    def started(self, waited: float) -> None:
        """A job starts that has waited so long since it was due."""
        self._wait.add(max(0.0, waited))

    def ended(self, job_type: str, word: str, seconds: float) -> None:
        """An attempt has ended after so long."""
        self._ended[job_type, word] += 1
        self._run.add(seconds)

    def stored(self, operations: int, seconds: float) -> None:
        """A transaction is on the disk."""
        self._commit.add(seconds)
        self._operations += operations

    def snapshot(self, *, running: int, free: int, stuck: int) -> TelemetrySnapshot:
        """All of it now."""
        words: Counter[str] = Counter()
        for (_, word), count in self._ended.items():
            words[word] += count
        return TelemetrySnapshot(
            running=running,
            free=free,
            stuck=stuck,
            ended=dict(words),
            ended_by_type=dict(self._ended),
            queue_wait=self._wait.snapshot(),
            run_time=self._run.snapshot(),
            commit_time=self._commit.snapshot(),
            transactions=self._commit.count,
            operations=self._operations,
        )
