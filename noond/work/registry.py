"""The job types, named one by one."""

from __future__ import annotations

from noond.jobs.engine import JobType
from noond.runners.execution import RunExecutor
from noond.work.agent_run import AgentRunJob


def job_types(executor: RunExecutor) -> tuple[JobType, ...]:
    """Every type that the engine runs."""
    return (AgentRunJob(executor),)
