"""The job that carries an agent's run to its end."""

from __future__ import annotations

from noond.errors import StorageError
from noond.jobs.engine import Snooze
from noond.models.job import Job
from noond.models.run import RunError
from noond.runners.execution import RunExecutor
from noond.runners.runs import AGENT_RUN


class AgentRunJob:
    """Payload {"run_id"}. The run's own state says where it goes on; no attempt is the last."""

    name = AGENT_RUN

    def __init__(self, executor: RunExecutor) -> None:
        self._executor = executor

    async def run(self, job: Job) -> Snooze | None:
        """Execute the run; snooze for what it waits for. An unexpected failure ends it as error."""
        run_id = str(job.payload["run_id"])
        try:
            pause = await self._executor.execute(job.user_id, run_id)
        except StorageError:
            raise  # the engine calls again when the database may be well
        except Exception as error:
            message = f"noond failed ({type(error).__name__}); its log says why"
            await self._executor.fail(
                job.user_id, run_id, RunError(file=None, code="internal", message=message)
            )
            raise
        return None if pause is None else Snooze(until=pause.until, unless=pause.ready)
