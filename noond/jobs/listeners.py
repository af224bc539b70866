"""Several listeners of the engine as one."""

from __future__ import annotations

from noond.jobs.workers import JobListener
from noond.models.job import Job, JobProgress


class JobListeners:
    """Tells each of them, in their order."""

    def __init__(self, *listeners: JobListener) -> None:
        self._listeners = listeners

    def started(self, job: Job) -> None:
        """See JobListener."""
        for listener in self._listeners:
            listener.started(job)

    def progressed(self, job: Job, progress: JobProgress) -> None:
        """See JobListener."""
        for listener in self._listeners:
            listener.progressed(job, progress)

    def ended(self, job: Job) -> None:
        """See JobListener."""
        for listener in self._listeners:
            listener.ended(job)
