"""The job types, named one by one."""

from __future__ import annotations

from noond.config import Settings
from noond.jobs.policy import JobType
from noond.runners.execution import RunExecutor
from noond.work.agent_run import AgentRunJob


def job_types(executor: RunExecutor, settings: Settings) -> tuple[JobType, ...]:
    """Every type that the engine runs."""
    return (AgentRunJob(executor, settings.jobs, concurrent=settings.runs.concurrent),)
