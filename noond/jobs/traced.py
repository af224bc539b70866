"""A job type whose attempts are traced."""

from __future__ import annotations

from typing import Any

from noond.jobs.context import JobContext
from noond.jobs.policy import JobPolicy, JobType
from noond.models.job import Job
from noond.tracing import Attributes, Tracing


class TracedJob:
    """Does what the type does, each attempt within a trace of its own."""

    def __init__(self, job_type: JobType, tracing: Tracing) -> None:
        self._job_type = job_type
        self._tracing = tracing

    @property
    def name(self) -> str:
        """See JobType."""
        return self._job_type.name

    @property
    def policy(self) -> JobPolicy:
        """See JobType."""
        return self._job_type.policy

    async def run(self, job: Job, context: JobContext) -> Any:
        """See JobType."""
        about: Attributes = {
            "noond.job.id": job.id,
            "noond.job.type": job.job_type,
            "noond.job.queue": job.queue,
            "noond.job.attempt": job.attempt,
        }
        with self._tracing.span(f"job {job.job_type}", root=True, attributes=about):
            return await self._job_type.run(job, context)
