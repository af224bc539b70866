"""What the types that delete or archive what is over have in common."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from datetime import datetime
from typing import Any, Final, Protocol

from noond.clock import Clock, rfc3339
from noond.config import JobSettings
from noond.jobs.policy import JobPolicy, JobType, standard_policy

CLEANUP_QUEUE: Final = "cleanup-tasks"
CLEANUP_PRIORITY: Final = 6


class Cleanup(JobType, Protocol):
    """A type that the clock queues, and that may be started by hand. It takes no payload."""

    @property
    def purpose(self) -> str:
        """What it does, in a sentence."""
        ...

    @property
    def cron(self) -> str:
        """When, in UTC."""
        ...


def cleanup_policy(settings: JobSettings) -> JobPolicy:
    """One at a time, after everything else."""
    return standard_policy(settings, queue=CLEANUP_QUEUE, priority=CLEANUP_PRIORITY, concurrent=1)


async def reported(
    clock: Clock, cutoff: datetime, work: Awaitable[Mapping[str, int]]
) -> dict[str, Any]:
    """Do the work, which counts what it did; the job's result.

    What is older than `cutoff` was dealt with. Raises what the work raises.
    """
    started = clock.now()
    counts = await work
    return {
        "status": "success",
        "cutoff": rfc3339(cutoff),
        "counts": dict(counts),
        "started_at": rfc3339(started),
        "completed_at": rfc3339(clock.now()),
    }
