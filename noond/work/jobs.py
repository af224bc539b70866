"""Jobs as users and administrators deal with them: look, cancel, try again, start, delete, pause.

A user meets their own jobs only; what is of the whole engine says so.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, TypeAlias

from noond.clock import Clock
from noond.errors import Conflict, Invalid, NotFound
from noond.jobs.engine import JobEngine
from noond.jobs.policy import JobPolicy, JobType
from noond.jobs.telemetry import TelemetrySnapshot
from noond.models.job import Enqueued, Job, JobProgress, JobStatus
from noond.models.job_view import EndedFilter, JobDetail, JobFilter, JobStates
from noond.runners.runs import AGENT_RUN
from noond.store import clockwork, job_queues, job_views, jobs
from noond.store.database import Database
from noond.store.job_backlog import Backlog
from noond.store.job_queues import QueueRule
from noond.store.rows import Transaction
from noond.work.cleanup import Cleanup
from noond.work.clockwork import keep_schedules

_AT_ONCE: Final = 200

Outcome: TypeAlias = Literal["requested", "already_final"]
CancelRun: TypeAlias = Callable[[str, str], Awaitable[object]]
"""Cancels the run of a user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredType:
    """A type that the engine runs; times are those of its schedule, None without one."""

    name: str
    purpose: str | None
    policy: JobPolicy
    by_hand: bool
    """Whether it can be started by hand."""
    cron: str | None
    next_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineView:
    """The whole engine: what waits, what was counted, which queues were told something."""

    states: JobStates
    backlog: Backlog
    rules: Sequence[QueueRule]
    telemetry: TelemetrySnapshot


class Jobs:
    """`work` are the types that users' doings queue, `cleanups` those that the clock queues."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        engine: JobEngine,
        *,
        work: Sequence[JobType],
        cleanups: Sequence[Cleanup],
        cancel_run: CancelRun,
    ) -> None:
        self._database = database
        self._clock = clock
        self._engine = engine
        self._work = tuple(work)
        self._cleanups = {each.name: each for each in cleanups}
        self._cancel_run = cancel_run

    async def keep_schedules(self) -> None:
        """Have the clock queue the clean-ups, for an owner who is there."""
        types = tuple(self._cleanups.values())
        await self._database.write(lambda tx: keep_schedules(tx, types, self._clock))
        self._engine.wake()

    # --- a user's own -----------------------------------------------------------------------------

    async def list(
        self, user_id: str, wanted: JobFilter, *, limit: int, before_id: str | None = None
    ) -> Sequence[tuple[Job, JobProgress | None]]:
        """The user's jobs that match, newest first, with how far they are."""
        return await self._database.read(
            lambda c: job_views.list_page(c, user_id, wanted, limit=limit, before_id=before_id)
        )

    async def get(self, user_id: str, job_id: str) -> JobDetail:
        """The job with all that stands beside it; raises NotFound."""
        return await self._database.read(lambda c: job_views.detail(c, user_id, job_id))

    async def cancel(self, user_id: str, job_id: str) -> tuple[JobStatus, Outcome]:
        """Cancel a job and what it has queued; its status then. Raises NotFound.

        A job that carries a run ends with its run.
        """
        job = await self._database.read(lambda c: jobs.get(c, user_id, job_id))
        if job.status.final:
            return job.status, "already_final"
        if job.job_type == AGENT_RUN:
            await self._cancel_run(user_id, str(job.payload["run_id"]))
        else:
            answer = await self._engine.cancel(user_id, job_id)
            if answer == "already_final":
                return (await self._status(user_id, job_id)), answer
        return (await self._status(user_id, job_id)), "requested"

    async def retry(self, user_id: str, job_id: str) -> JobStatus:
        """Queue a failed or cancelled job anew, with all its retries; its status then.

        Raises NotFound, JobExists, and Conflict for a job in another state or of a run.
        """
        job = await self._database.read(lambda c: jobs.get(c, user_id, job_id))
        if job.job_type == AGENT_RUN:
            raise Conflict("a run that has ended stays as it is; run its agent again")
        if not await self._engine.revive(user_id, job_id):
            raise Conflict(f"the job is {job.status}; only failed and cancelled ones are retried")
        return await self._status(user_id, job_id)

    async def delete_ended(self, user_id: str, wanted: EndedFilter) -> int:
        """Delete the user's jobs that have ended and match; returns how many."""
        return await self._all_of(
            lambda tx: job_views.delete_ended(tx, user_id, wanted, limit=_AT_ONCE)
        )

    async def types(self) -> Sequence[RegisteredType]:
        """Every type that the engine runs."""
        schedules = {
            each.template["job_type"]: each
            for each in await self._database.read(clockwork.list_all_users)
        }
        found = [
            RegisteredType(
                name=each.name,
                purpose=None,
                policy=each.policy,
                by_hand=False,
                cron=None,
                next_at=None,
            )
            for each in self._work
        ]
        for each in self._cleanups.values():
            schedule = schedules.get(each.name)
            found.append(
                RegisteredType(
                    name=each.name,
                    purpose=each.purpose,
                    policy=each.policy,
                    by_hand=True,
                    cron=each.cron,
                    next_at=None if schedule is None else schedule.next_at,
                )
            )
        return found

    # --- the whole engine -------------------------------------------------------------------------

    async def start(self, user_id: str, job_type: str) -> Enqueued:
        """Queue a clean-up now, as the user's job; one of theirs that has not ended is that one.

        Raises Invalid for a type that is not started by hand.
        """
        if job_type not in self._cleanups:
            known = ", ".join(self._cleanups)
            raise Invalid.field("type", f"{job_type[:50]!r} is none of {known}")
        return await self._engine.enqueue(
            self._engine.new_job(job_type, user_id, {}, unique_key="by hand")
        )

    async def delete_ended_all_users(self, wanted: EndedFilter) -> int:
        """Delete everybody's jobs that have ended and match; returns how many."""
        return await self._all_of(
            lambda tx: job_views.delete_ended_all_users(tx, wanted, limit=_AT_ONCE)
        )

    async def engine(self) -> EngineView:
        """What the engine has to do, does and has done."""
        return EngineView(
            states=await self._database.read(job_views.states_all_users),
            backlog=await self._engine.backlog(),
            rules=await self._database.read(job_queues.list_rules),
            telemetry=self._engine.telemetry(),
        )

    async def pause(self, queue: str) -> QueueRule:
        """Start nothing of this queue until it is resumed; what runs goes on. Raises NotFound."""
        await self._require_queue(queue)
        await self._engine.pause(queue)
        return await self._rule(queue)

    async def resume(self, queue: str) -> QueueRule:
        """The queue is paused no more. Raises NotFound."""
        await self._require_queue(queue)
        await self._engine.resume(queue)
        return await self._rule(queue)

    async def set_concurrency(self, queue: str, concurrency: int | None) -> QueueRule:
        """So many jobs of it at once; None: as many as there is room for. Raises NotFound."""
        await self._require_queue(queue)
        await self._engine.set_concurrency(queue, concurrency)
        return await self._rule(queue)

    async def _require_queue(self, queue: str) -> None:
        rules = await self._database.read(job_queues.list_rules)
        known = {each.policy.queue for each in (*self._work, *self._cleanups.values())}
        if queue not in known | {each.queue for each in rules}:
            raise NotFound("there is no such queue")

    async def _rule(self, queue: str) -> QueueRule:
        for rule in await self._database.read(job_queues.list_rules):
            if rule.queue == queue:
                return rule
        return QueueRule(queue=queue, paused_at=None, concurrency=None)

    async def _status(self, user_id: str, job_id: str) -> JobStatus:
        return (await self._database.read(lambda c: jobs.get(c, user_id, job_id))).status

    async def _all_of(self, delete: Callable[[Transaction], int]) -> int:
        total = 0
        while deleted := await self._database.write(delete):
            total += deleted
        return total
