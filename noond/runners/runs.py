"""Runs as people see them: started, watched, cancelled, sent again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from noond.clock import Clock, new_id
from noond.hub.hub import Hub
from noond.models.agent import Agent
from noond.models.delivery import RunRecord
from noond.models.job import NewJob
from noond.models.preview import RunMode
from noond.models.run import Run, RunError, RunStatus, Trigger
from noond.runners import outcome
from noond.runners.execution import RunExecutor
from noond.runners.outbox import Outbox
from noond.runners.progress import Progress
from noond.store import agents, jobs, journal, run_errors, runs
from noond.store.database import Database
from noond.store.rows import Connection, Transaction

AGENT_RUN: Final = "agent_run"
"""The job type of a run."""

AGENT_QUEUE: Final = "agent-tasks"
AGENT_PRIORITY: Final = 1


def device_lane(user_id: str, device_id: str) -> str:
    """The concurrency key of a device's runs: they go one after the other."""
    return f"device:{user_id}:{device_id}"


def insert_run(
    tx: Transaction,
    agent: Agent,
    *,
    trigger: Trigger,
    now: datetime,
    mode: RunMode = RunMode.FULL,
    scheduled_for: datetime | None = None,
    late_reason: str | None = None,
) -> str:
    """Store a queued run and its job; returns the run's id.

    Raises RunInProgress when the agent has a run that is not final.
    """
    run_id = new_id()
    runs.insert(
        tx,
        run_id=run_id,
        user_id=agent.user_id,
        agent_id=agent.id,
        device_id=agent.device_id,
        trigger=trigger,
        mode=mode,
        scheduled_for=scheduled_for,
        late_reason=late_reason,
        now=now,
    )
    job = NewJob(
        user_id=agent.user_id,
        job_type=AGENT_RUN,
        queue=AGENT_QUEUE,
        priority=AGENT_PRIORITY,
        max_retries=0,
        payload={"run_id": run_id},
        concurrency_key=device_lane(agent.user_id, agent.device_id),
    )
    jobs.insert(tx, job, now=now)
    return run_id


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """A run with what went wrong and its deliveries by status."""

    run: Run
    errors: tuple[RunError, ...]
    pending: int
    delivered: int
    failed: int


class Runs:
    """The runs of all users; every call is one user's."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        hub: Hub,
        executor: RunExecutor,
        outbox: Outbox,
        progress: Progress,
        *,
        wake: Callable[[], None],
    ) -> None:
        self._database = database
        self._clock = clock
        self._hub = hub
        self._executor = executor
        self._outbox = outbox
        self._progress = progress
        self._wake = wake

    def start(
        self, tx: Transaction, user_id: str, agent_id: str, mode: RunMode = RunMode.FULL
    ) -> Run:
        """Store a run by hand, inside the caller's transaction; `started` must follow its commit.

        While the device is away the run waits for it. Raises NotFound or RunInProgress.
        """
        agent = agents.get(tx, user_id, agent_id)
        now = self._clock.now()
        run_id = insert_run(tx, agent, trigger="manual", mode=mode, now=now)
        if agent.schedule_base_at is None:
            # Any run ends "never run": from here on the schedule counts.
            agents.set_schedule(tx, user_id, agent_id, base_at=now, note=None)
        if not self._hub.is_online(user_id, agent.device_id):
            runs.set_waiting(tx, user_id, run_id, "device", now=now)
        return runs.get(tx, user_id, run_id)

    def started(self) -> None:
        """A run was stored: let it begin."""
        self._wake()

    async def get(self, user_id: str, run_id: str) -> RunView:
        """The run; raises NotFound."""

        def load(connection: Connection) -> RunView:
            run = runs.get(connection, user_id, run_id)
            counts = journal.counts_of_run(connection, user_id, run_id)
            return RunView(
                run=run,
                errors=tuple(run_errors.list_all(connection, user_id, run_id)),
                pending=counts.pending,
                delivered=counts.delivered,
                failed=counts.failed,
            )

        return await self._database.read(load)

    async def list(
        self,
        user_id: str,
        *,
        agent_id: str | None = None,
        status: RunStatus | None = None,
        limit: int,
        before: str | None = None,
    ) -> Sequence[tuple[Run, int]]:
        """Newest first, ids below `before`, each with its number of errors."""
        return await self._database.read(
            lambda c: runs.list_page(
                c, user_id, agent_id=agent_id, status=status, limit=limit, before=before
            )
        )

    async def records(
        self, user_id: str, run_id: str, *, limit: int, after: str | None = None
    ) -> Sequence[RunRecord]:
        """The run's records, oldest first, ids above `after`. Raises NotFound."""

        def load(connection: Connection) -> Sequence[RunRecord]:
            runs.get(connection, user_id, run_id)
            return journal.list_of_run(connection, user_id, run_id, limit=limit, after=after)

        return await self._database.read(load)

    async def cancel_all(self, user_id: str) -> None:
        """End all runs of a user that have not ended."""
        for run_id in await self._database.read(lambda c: runs.list_active(c, user_id)):
            await self.cancel(user_id, run_id)

    async def cancel(
        self, user_id: str, run_id: str
    ) -> tuple[RunStatus, Literal["requested", "already_final"]]:
        """End the run: at once while it waits, as soon as it has stopped while it runs.

        What was journaled is still delivered. Raises NotFound.
        """

        def request(tx: Transaction) -> Run:
            runs.request_cancel(tx, user_id, run_id, now=self._clock.now())
            return runs.get(tx, user_id, run_id)

        run = await self._database.write(request)
        if run.status.final:
            return run.status, "already_final"
        if await self._executor.cancel(run_id):

            def end(tx: Transaction) -> Run:
                outcome.finish(
                    tx, user_id, run_id, now=self._clock.now(), status=RunStatus.CANCELLED
                )
                return runs.get(tx, user_id, run_id)

            run = await self._database.write(end)
            self._progress.touch(user_id, run_id)
        return run.status, "requested"

    async def resend(self, user_id: str, run_id: str) -> int:
        """Send the run's failed deliveries again, under the same ids; returns how many.

        Raises NotFound.
        """

        def retry(tx: Transaction) -> tuple[Run, int]:
            run = runs.get(tx, user_id, run_id)
            return run, journal.retry_failed_of_run(tx, user_id, run_id)

        run, count = await self._database.write(retry)
        if count:
            self._outbox.journaled(user_id, run.device_id)
            self._progress.touch(user_id, run_id)
        return count
