"""What a handler can return beside a plain value, which is the job's result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from noond.models.job import NewJob


@dataclass(frozen=True, slots=True, kw_only=True)
class Snooze:
    """Call again at that time, or when the job is made due; this was no attempt that failed.

    `unless` is asked once the job can be claimed again: when what it waits for has come in the
    meantime, the job is due at once.
    """

    until: datetime
    unless: Callable[[], bool] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """Try again in that many seconds (None: after the type's back-off); uses up a retry."""

    after_seconds: float | None = None
    error: str = "the handler asked for a retry"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    """The job is cancelled, and so is what it has queued."""

    message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Discard:
    """The job has failed for good, whatever retries are left."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Complete:
    """The job is done; `then` is queued in the same transaction, as its children."""

    result: Any = None
    then: tuple[NewJob, ...] = ()
