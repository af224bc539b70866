"""From how a handler ended to what is stored of it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from noond.clock import to_ms
from noond.errors import NoondError, RateLimited, StorageError, StorageRefused
from noond.jobs.attempts import Attempt, Halt
from noond.jobs.outcomes import Cancel, Complete, Discard, Retry, Snooze
from noond.models.job import JobStatus, NewJob, Reason
from noond.store import job_endings
from noond.store.rows import Transaction, dump

log = structlog.get_logger(__name__)

STORAGE_PAUSE = timedelta(seconds=10)
"""How long a job waits whose handler met a database that does not store."""


@dataclass(slots=True)
class Ending:
    """What is to be stored of an attempt: `word` says what became of the job."""

    attempt: Attempt
    word: str
    store: Callable[[Transaction], bool]
    plain: tuple[int, str, str, int] | None = None
    """What `job_endings.complete_all_users` takes, when it can store this ending."""
    unless: Callable[[], bool] | None = None
    desperate: bool = False
    """It stands for an ending that could not be stored; there is no simpler one."""


class Endings:
    """Judges how attempts ended. `chance` (0 to 1) spreads the retries."""

    def __init__(
        self, now: Callable[[], datetime], *, chance: Callable[[], float] = random.random
    ) -> None:
        self._now = now
        self._chance = chance

    def of_value(self, attempt: Attempt, value: Any) -> Ending:
        """The handler returned."""
        if value is None:
            return self._done(attempt)
        if isinstance(value, Snooze):
            return self.given_back(attempt, value.until, unless=value.unless)
        if isinstance(value, Retry):
            return self._retried(attempt, Reason.ERROR, value.error, after=value.after_seconds)
        if isinstance(value, Cancel):
            return self._final(attempt, JobStatus.CANCELLED, error=value.message)
        if isinstance(value, Discard):
            return self._final(
                attempt, JobStatus.FAILED, reason=Reason.DISCARDED, error=value.message
            )
        done = value if isinstance(value, Complete) else Complete(result=value)
        try:
            result = None if done.result is None else dump(done.result)
        except (TypeError, ValueError) as error:
            return self.of_error(attempt, error)
        return self._final(attempt, JobStatus.COMPLETED, result=result, children=done.then)

    def _done(self, attempt: Attempt) -> Ending:
        """It is done, and there is nothing to say: the most frequent end of all."""
        job, now = attempt.job, self._now()
        ending = Ending(
            attempt,
            "completed",
            lambda tx: job_endings.finish(tx, job, JobStatus.COMPLETED, error=None, now=now),
        )
        if job_endings.is_plain(job):
            ending.plain = (to_ms(now), job.user_id, job.id, job.attempt)
        return ending

    def of_error(self, attempt: Attempt, error: Exception) -> Ending:
        """The handler raised; called from the `except`."""
        job = attempt.job
        if isinstance(error, StorageError) and not isinstance(error, StorageRefused):
            # No fault of the job's: it goes on when the database does.
            log.error("job_not_stored", job=job.id, type=job.job_type, error=error.message)
            return self.given_back(attempt, self._now() + STORAGE_PAUSE)
        if isinstance(error, NoondError):
            # A refusal that has a name: where it was raised tells nobody anything.
            log.warning(
                "job_failed", job=job.id, type=job.job_type, code=error.code, error=error.message
            )
        else:
            log.error("job_failed", job=job.id, type=job.job_type, exc_info=error)
        message = f"{type(error).__name__}: {error}"
        after = error.retry_after_seconds if isinstance(error, RateLimited) else None
        return self._retried(attempt, Reason.ERROR, message, after=after, cause=error)

    def of_cancel(self, attempt: Attempt) -> Ending | None:
        """The handler was cancelled; None: not by the engine, the loop itself ends."""
        match attempt.halt:
            case Halt.STOPPING:
                return self.given_back(attempt, self._now())
            case Halt.ASKED:
                return self._final(attempt, JobStatus.CANCELLED)
            case Halt.TIMED_OUT:
                return self._retried(attempt, Reason.TIMED_OUT, "it reached its hard limit")
            case Halt.DEADLINE:
                return self._final(
                    attempt, JobStatus.FAILED, reason=Reason.DEADLINE, error="its deadline passed"
                )
        task = asyncio.current_task()
        if task is None or task.cancelling():
            return None
        log.error("job_failed", job=attempt.job.id, type=attempt.job.job_type, error="cancelled")
        return self._retried(attempt, Reason.ERROR, "the work was cancelled from within")

    def of_stuck(self, attempt: Attempt) -> Ending:
        """The attempt was cancelled and does not end."""
        if attempt.halt is Halt.ASKED:
            return self._final(attempt, JobStatus.CANCELLED, error="it did not end when cancelled")
        message = "it reached its limit and did not end when it was cancelled"
        if attempt.halt is Halt.DEADLINE:
            return self._final(attempt, JobStatus.FAILED, reason=Reason.STUCK, error=message)
        return self._retried(attempt, Reason.STUCK, message)

    def of_unstorable(self, attempt: Attempt, cause: Exception) -> Ending:
        """What the handler wished can never be stored: a child of nobody, for example."""
        ending = self._final(
            attempt, JobStatus.FAILED, reason=Reason.PERMANENT, error=f"its end: {cause}"
        )
        ending.desperate = True
        return ending

    def given_back(
        self, attempt: Attempt, due: datetime, *, unless: Callable[[], bool] | None = None
    ) -> Ending:
        """The job goes on at that time; nothing went wrong."""
        job = attempt.job
        now = self._now()
        return Ending(
            attempt,
            "given_back",
            lambda tx: job_endings.give_back(tx, job, due=due, now=now),
            unless=unless,
        )

    def _retried(
        self,
        attempt: Attempt,
        reason: Reason,
        message: str,
        *,
        after: float | None = None,
        cause: Exception | None = None,
    ) -> Ending:
        job, now = attempt.job, self._now()
        pause = attempt.job_type.policy.retry_seconds(job.retry_count, self._chance(), cause)
        if pause is None:
            return self._final(attempt, JobStatus.FAILED, reason=Reason.PERMANENT, error=message)
        if job.retry_count >= job.max_retries:
            return self._final(attempt, JobStatus.FAILED, reason=reason, error=message)
        due = now + timedelta(seconds=pause if after is None else after)
        if job.deadline_at is not None and due >= job.deadline_at:
            return self._final(attempt, JobStatus.FAILED, reason=Reason.DEADLINE, error=message)
        return Ending(
            attempt,
            "retried",
            lambda tx: job_endings.retry(tx, job, due=due, reason=reason, error=message, now=now),
        )

    def _final(
        self,
        attempt: Attempt,
        status: JobStatus,
        *,
        reason: Reason | None = None,
        error: str | None = None,
        result: str | None = None,
        children: tuple[NewJob, ...] = (),
    ) -> Ending:
        job, now = attempt.job, self._now()
        return Ending(
            attempt,
            status.value,
            lambda tx: job_endings.finish(
                tx, job, status, reason=reason, error=error, result=result, children=children,
                now=now,
            ),
        )  # fmt: skip
