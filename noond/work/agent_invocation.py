"""The jobs that answer messages to chat agents: tasks, and tasks whose answer is streamed."""

from __future__ import annotations

from typing import Any

from noond.assistant.answering import Answering
from noond.config import AssistantSettings, JobSettings
from noond.errors import BudgetReached, Conflict, NoondError, QuotaReached
from noond.jobs.context import JobContext
from noond.jobs.policy import PERMANENT_ERRORS, JobPolicy, standard_policy
from noond.models.invocation import INVOCATION, STREAMING
from noond.models.job import Job
from noond.models.rate import RateLimit
from noond.runners.runs import AGENT_PRIORITY, AGENT_QUEUE

_ERRORS = {**PERMANENT_ERRORS, BudgetReached: None, QuotaReached: None, Conflict: None}
"""Who meets a limit or a missing model is told so at once."""


class AgentInvocationJob:
    """Payload: an Invocation. Result: {"content", "metadata"}."""

    name = INVOCATION
    streams = False

    def __init__(
        self, answering: Answering, settings: JobSettings, assistant: AssistantSettings
    ) -> None:
        self._answering = answering
        self.policy = self._policy(settings, assistant)

    async def run(self, job: Job, context: JobContext) -> Any:
        """Answer the message."""

        def gives_up(error: NoondError) -> bool:
            return (
                job.retry_count >= job.max_retries
                or self.policy.retry_seconds(job.retry_count, 0, error) is None
            )

        return await self._answering.run(job, context, streams=self.streams, gives_up=gives_up)

    def _policy(self, settings: JobSettings, assistant: AssistantSettings) -> JobPolicy:
        return standard_policy(
            settings,
            queue=AGENT_QUEUE,
            priority=AGENT_PRIORITY,
            errors=_ERRORS,
            rate=RateLimit.parse(assistant.rate),
        )


class AgentStreamingJob(AgentInvocationJob):
    """The same for an answer that is told as it comes, which may take longer."""

    name = STREAMING
    streams = True

    def _policy(self, settings: JobSettings, assistant: AssistantSettings) -> JobPolicy:
        return standard_policy(
            settings,
            queue=AGENT_QUEUE,
            priority=AGENT_PRIORITY,
            errors=_ERRORS,
            rate=RateLimit.parse(assistant.stream_rate),
            soft_seconds=assistant.stream_soft_seconds,
            hard_seconds=assistant.stream_hard_seconds,
        )
