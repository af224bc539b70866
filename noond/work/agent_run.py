"""The job that carries an agent's run to its end."""

from __future__ import annotations

from noond.config import JobSettings
from noond.errors import StorageError, StorageRefused
from noond.jobs.context import JobContext
from noond.jobs.outcomes import Snooze
from noond.jobs.policy import standard_policy
from noond.models.job import Job
from noond.models.run import RunError
from noond.runners.execution import RunExecutor
from noond.runners.runs import AGENT_PRIORITY, AGENT_QUEUE, AGENT_RUN
from noond.tracing import OFF, Tracing


class AgentRunJob:
    """Payload {"run_id"}. The run's own state says where it goes on; no attempt is the last."""

    name = AGENT_RUN

    def __init__(
        self,
        executor: RunExecutor,
        settings: JobSettings,
        *,
        concurrent: int,
        tracing: Tracing = OFF,
    ) -> None:
        self._executor = executor
        self._tracing = tracing
        # A run ends by itself: the device, the files and each call have limits of their own. What
        # is tried again is its business, and it is never given up because of crashes.
        self.policy = standard_policy(
            settings,
            queue=AGENT_QUEUE,
            priority=AGENT_PRIORITY,
            max_retries=0,
            soft_seconds=None,
            hard_seconds=None,
            quarantine=False,
            concurrent=concurrent,
        )

    async def run(self, job: Job, context: JobContext) -> Snooze | None:  # noqa: ARG002
        """Execute the run; snooze for what it waits for. An unexpected failure ends it as error."""
        run_id = str(job.payload["run_id"])
        try:
            about = {"gen_ai.operation.name": "invoke_agent", "noond.run.id": run_id}
            with self._tracing.span("invoke_agent", attributes=about):
                pause = await self._executor.execute(job.user_id, run_id)
        except Exception as error:
            if isinstance(error, StorageError) and not isinstance(error, StorageRefused):
                raise  # the engine calls again when the database may be well
            message = f"noond failed ({type(error).__name__}); its log says why"
            await self._executor.fail(
                job.user_id, run_id, RunError(file=None, code="internal", message=message)
            )
            raise
        return None if pause is None else Snooze(until=pause.until, unless=pause.ready)
