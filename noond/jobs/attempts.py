"""The attempts that run in this process: their tasks, their limits, and those that do not end."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum

import structlog

from noond.jobs.context import JobContext
from noond.jobs.policy import JobType
from noond.models.job import Job, JobProgress

log = structlog.get_logger(__name__)


class Halt(Enum):
    """Why an attempt was cancelled by the engine."""

    ASKED = "asked"
    TIMED_OUT = "timed_out"
    DEADLINE = "deadline"
    STOPPING = "stopping"


@dataclass(slots=True, eq=False)
class Attempt:
    """A job that runs. Times are `Clock.monotonic`."""

    job: Job
    job_type: JobType
    context: JobContext
    began: float
    soft_at: float | None = None
    hard_at: float | None = None
    deadline: bool = False
    """Whether `hard_at` is the deadline of all attempts together."""
    stuck_at: float | None = None
    """When a cancelled attempt that has not ended counts as stuck."""
    halt: Halt | None = None
    over: bool = False
    """Its end is decided: whatever the task still does has no say."""
    task: asyncio.Task[None] | None = None
    progress: JobProgress | None = None
    progress_stored: float = float("-inf")

    def next_limit(self) -> float | None:
        """When this attempt must be looked at next."""
        times = [at for at in (self.soft_at, self.hard_at, self.stuck_at) if at is not None]
        return min(times, default=None)


class Running:
    """The attempts in their slots, and one timer for the first limit among them."""

    def __init__(
        self,
        monotonic: Callable[[], float],
        *,
        cancel_seconds: float,
        max_stuck: int,
        given_up: Callable[[Attempt], None],
    ) -> None:
        self._monotonic = monotonic
        self._cancel_seconds = cancel_seconds
        self._max_stuck = max_stuck
        self._given_up = given_up
        self._attempts: dict[str, Attempt] = {}
        self._stuck: set[Attempt] = set()
        self._types: Counter[str] = Counter()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = float("inf")

    def __len__(self) -> int:
        return len(self._attempts)

    def __iter__(self) -> Iterator[Attempt]:
        return iter(list(self._attempts.values()))

    @property
    def stuck(self) -> int:
        """How many attempts were given up and have not ended yet."""
        return len(self._stuck)

    def by_type(self) -> dict[str, int]:
        """How many of each type run."""
        return dict(self._types)

    def add(self, attempt: Attempt) -> None:
        """It takes a slot; its limits count from now."""
        self._attempts[attempt.job.id] = attempt
        self._types[attempt.job.job_type] += 1
        self._watch(attempt)

    def remove(self, attempt: Attempt) -> None:
        """Its task has ended: the slot is free."""
        if attempt in self._stuck:
            self._stuck.discard(attempt)
            log.warning("job_no_longer_stuck", job=attempt.job.id, type=attempt.job.job_type)
            self.look()
        else:
            self._release(attempt)

    def halt(self, attempt: Attempt, why: Halt) -> None:
        """Cancel the attempt; it has `cancel_seconds` to end."""
        if attempt.halt is not None or attempt.over:
            return
        attempt.halt = why
        attempt.stuck_at = self._monotonic() + self._cancel_seconds
        attempt.soft_at = attempt.hard_at = None
        attempt.context.tell(cancelled=True)
        if attempt.task is not None:
            attempt.task.cancel()
        self._watch(attempt)

    def halt_job(self, job_id: str, why: Halt) -> None:
        """Cancel the attempt of that job, if one runs."""
        attempt = self._attempts.get(job_id)
        if attempt is not None:
            self.halt(attempt, why)

    def look(self) -> None:
        """Act on every limit that is reached, and set the timer for the next one."""
        now = self._monotonic()
        self._timer_at = float("inf")
        for attempt in self:
            if attempt.soft_at is not None and attempt.soft_at <= now:
                attempt.soft_at = None
                attempt.context.tell(cancelled=False)
            if attempt.hard_at is not None and attempt.hard_at <= now:
                self.halt(attempt, Halt.DEADLINE if attempt.deadline else Halt.TIMED_OUT)
            if attempt.stuck_at is not None and attempt.stuck_at <= now:
                self._give_up(attempt)
            self._watch(attempt)

    def close(self) -> None:
        """No timer is left."""
        if self._timer is not None:
            self._timer.cancel()

    def _release(self, attempt: Attempt) -> None:
        del self._attempts[attempt.job.id]
        self._types[attempt.job.job_type] -= 1

    def _give_up(self, attempt: Attempt) -> None:
        attempt.stuck_at = None
        if attempt.halt is Halt.STOPPING:
            return  # the stop itself waits no longer
        if len(self._stuck) >= self._max_stuck:
            attempt.stuck_at = self._monotonic() + self._cancel_seconds
            return  # it keeps its slot: no more of them beside the others
        log.error(
            "job_stuck", job=attempt.job.id, type=attempt.job.job_type, stuck=len(self._stuck) + 1
        )
        attempt.over = True
        self._release(attempt)
        self._stuck.add(attempt)
        self._given_up(attempt)

    def _watch(self, attempt: Attempt) -> None:
        soft, hard = attempt.soft_at, attempt.hard_at
        if attempt.stuck_at is None and (
            (soft is None or soft >= self._timer_at) and (hard is None or hard >= self._timer_at)
        ):
            return
        at = attempt.next_limit()
        if at is None or at >= self._timer_at or attempt.over:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = at
        pause = max(0.0, at - self._monotonic())
        self._timer = asyncio.get_running_loop().call_later(pause, self.look)
