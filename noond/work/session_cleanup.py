"""The job that ends what was not used: one step for each kind of thing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, Final, TypeAlias

from noond.clock import Clock
from noond.config import JobSettings
from noond.jobs.context import JobContext
from noond.models.job import Job
from noond.work.cleanup import cleanup_policy, reported

Step: TypeAlias = Callable[[], Awaitable[int]]
"""Ends or deletes what is over, of all users; returns how many."""


class SessionCleanupJob:
    """Does its steps, in order; each is counted under its name. `idle_since` is the cut-off."""

    name: Final = "clean_up_sessions"
    purpose: Final = (
        "Ends sessions with agents that were not used for `accounts.session_hours`, deletes "
        "conversations that are over their time."
    )
    cron: Final = "15 * * * *"

    def __init__(
        self,
        steps: Mapping[str, Step],
        clock: Clock,
        settings: JobSettings,
        *,
        idle_since: Callable[[], datetime],
    ) -> None:
        self._steps = steps
        self._clock = clock
        self._idle_since = idle_since
        self.policy = cleanup_policy(settings)

    async def run(self, job: Job, context: JobContext) -> dict[str, Any]:  # noqa: ARG002
        """See JobType."""

        async def clean_up() -> dict[str, int]:
            return {name: await step() for name, step in self._steps.items()}

        return await reported(self._clock, self._idle_since(), clean_up())
