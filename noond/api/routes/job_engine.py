"""The engine behind the jobs: its types, its figures, its queues, and jobs started by hand."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from noond.api.fields import Moment
from noond.api.routing import Answer, Body, Call, Rate, Reply, Route
from noond.errors import NotFound
from noond.jobs.telemetry import BOUNDS, Histogram
from noond.models.account import Scope
from noond.models.job import JobStatus
from noond.store.job_queues import QueueRule
from noond.work.jobs import EngineView, Jobs, RegisteredType


class StartJob(Body):
    """Which type to run."""

    type: Annotated[
        str,
        Field(
            min_length=1,
            max_length=100,
            description="One of the types with `by_hand`. None of them takes a payload.",
        ),
    ]


class QueueChanges(Body):
    """What a queue is told."""

    concurrency: Annotated[
        int | None,
        Field(
            ge=1,
            le=1024,
            description="So many of its jobs at once; null: as many as there is room for.",
        ),
    ]


class JobStarted(Reply):
    """The job that is queued; `inserted` is false when one of yours had not ended yet."""

    job_id: str
    inserted: bool
    status_url: str


class JobTypeReply(Reply):
    """How a type's jobs are queued, tried and limited; seconds are null without a limit."""

    name: str
    purpose: str | None
    queue: str
    priority: int
    max_retries: int
    backoff_seconds: float
    backoff_cap_seconds: float
    soft_seconds: float | None
    hard_seconds: float | None
    deadline_seconds: float | None
    concurrent: int | None
    rate: str | None
    by_hand: bool = Field(description="Whether `POST /api/v1/jobs` starts it.")
    cron: str | None = Field(description="When the clock queues it, in UTC.")
    next_at: Moment | None


class JobTypesReply(Reply):
    """Every type that the engine runs."""

    items: list[JobTypeReply]


class JobCountReply(Reply):
    """How many jobs of all users are in a state; `queue` is null for those that have ended."""

    job_type: str
    queue: str | None
    status: JobStatus
    count: int


class QueueReply(Reply):
    """What a queue was told; null: nothing."""

    queue: str
    paused_at: Moment | None
    concurrency: int | None


class BacklogReply(Reply):
    """What waits now."""

    ready: dict[str, int] = Field(description="Due and waiting for room, by queue.")
    held: int = Field(description="Due, and waiting for a concurrency key or a rate.")
    later: int
    oldest_ready_at: Moment | None
    quarantined: int = Field(description="Given up because the daemon died during them too often.")


class HistogramReply(Reply):
    """Durations: how many up to each bound, with one more bucket for those above."""

    bounds: list[float] = Field(description="Seconds.")
    buckets: list[int] = Field(description="Not added up.")
    count: int
    total_seconds: float


class EndedCountReply(Reply):
    """What became of attempts of a type since the start."""

    job_type: str
    outcome: str = Field(description="`completed`, `failed`, `cancelled`, `retried`, `given_back`.")
    count: int


class TelemetryReply(Reply):
    """Counted since the daemon's start, and how it is now."""

    running: int
    free: int
    stuck: int
    ended: list[EndedCountReply]
    queue_wait: HistogramReply
    run_time: HistogramReply
    commit_time: HistogramReply
    transactions: int
    operations: int


class JobStatsReply(Reply):
    """The whole engine."""

    counts: list[JobCountReply]
    last_ended: dict[str, Moment] = Field(description="When a job of each type last ended.")
    backlog: BacklogReply
    queues: list[QueueReply] = Field(description="Those that were told something.")
    telemetry: TelemetryReply


def routes(jobs: Jobs) -> tuple[Route, ...]:
    """The routes of the engine; they stand before those of single jobs."""

    async def start(call: Call) -> Answer:
        made = await jobs.start(call.user_id, call.body(StartJob).type)
        call.audit.resource_id = made.id
        return JobStarted(
            job_id=made.id, inserted=made.inserted, status_url=f"/api/v1/jobs/{made.id}"
        )

    async def types(_call: Call) -> Answer:
        return JobTypesReply(items=[_type(each) for each in await jobs.types()])

    async def stats(_call: Call) -> Answer:
        return _stats(await jobs.engine())

    async def pause(call: Call) -> Answer:
        return _queue(await jobs.pause(call.path["queue"]))

    async def resume(call: Call) -> Answer:
        return _queue(await jobs.resume(call.path["queue"]))

    async def change(call: Call) -> Answer:
        body = call.body(QueueChanges)
        return _queue(await jobs.set_concurrency(call.path["queue"], body.concurrency))

    path = "/api/v1/jobs"
    queue = "/api/v1/job-queues/{queue}"
    tag = "Background Jobs"
    return (
        Route(
            method="POST",
            path=path,
            tag=tag,
            summary="Start a clean-up now",
            description="Its result has `counts`, `cutoff`, `status`, `started_at` and "
            "`completed_at`. While one that you started has not ended, the answer is that one.",
            access=Scope.JOBS_ADMIN,
            rate=Rate.WRITE,
            handler=start,
            body=StartJob,
            reply=JobStarted,
            status=202,
        ),
        Route(
            method="GET",
            path=f"{path}/types",
            tag=tag,
            summary="List the types of jobs",
            description="How each is queued, tried and limited, and when the clock queues it.",
            access=Scope.JOBS_READ,
            rate=Rate.READ,
            handler=types,
            reply=JobTypesReply,
        ),
        Route(
            method="GET",
            path=f"{path}/stats",
            tag=tag,
            summary="See how the engine fares",
            description="Of all users: what waits and since when, what is stuck or given up, "
            "how long jobs wait and run.",
            access=Scope.JOBS_ADMIN,
            rate=Rate.READ,
            handler=stats,
            reply=JobStatsReply,
        ),
        Route(
            method="POST",
            path=f"{queue}/pause",
            tag=tag,
            summary="Pause a queue",
            description="What runs goes on; nothing of it starts until it is resumed, restarts "
            "included.",
            access=Scope.JOBS_ADMIN,
            rate=Rate.WRITE,
            handler=pause,
            reply=QueueReply,
            errors=(NotFound,),
        ),
        Route(
            method="POST",
            path=f"{queue}/resume",
            tag=tag,
            summary="Resume a queue",
            description="What has waited starts as there is room.",
            access=Scope.JOBS_ADMIN,
            rate=Rate.WRITE,
            handler=resume,
            reply=QueueReply,
            errors=(NotFound,),
        ),
        Route(
            method="PATCH",
            path=queue,
            tag=tag,
            summary="Limit a queue",
            description="What runs above the limit goes on.",
            access=Scope.JOBS_ADMIN,
            rate=Rate.WRITE,
            handler=change,
            body=QueueChanges,
            reply=QueueReply,
            errors=(NotFound,),
        ),
    )


def _type(each: RegisteredType) -> JobTypeReply:
    policy = each.policy
    return JobTypeReply(
        name=each.name,
        purpose=each.purpose,
        queue=policy.queue,
        priority=policy.priority,
        max_retries=policy.max_retries,
        backoff_seconds=policy.backoff_seconds,
        backoff_cap_seconds=policy.backoff_cap_seconds,
        soft_seconds=policy.soft_seconds,
        hard_seconds=policy.hard_seconds,
        deadline_seconds=policy.deadline_seconds,
        concurrent=policy.concurrent,
        rate=policy.rate and f"{policy.rate.count}/{policy.rate.seconds:g}s",
        by_hand=each.by_hand,
        cron=each.cron,
        next_at=each.next_at,
    )


def _queue(rule: QueueRule) -> QueueReply:
    return QueueReply.model_validate(rule)


def _stats(view: EngineView) -> JobStatsReply:
    counted = view.telemetry
    return JobStatsReply(
        counts=[JobCountReply.model_validate(each) for each in view.states.counts],
        last_ended=dict(view.states.last_ended),
        backlog=BacklogReply.model_validate(view.backlog),
        queues=[_queue(rule) for rule in view.rules],
        telemetry=TelemetryReply(
            running=counted.running,
            free=counted.free,
            stuck=counted.stuck,
            ended=[
                EndedCountReply(job_type=job_type, outcome=word, count=count)
                for (job_type, word), count in sorted(counted.ended_by_type.items())
            ],
            queue_wait=_histogram(counted.queue_wait),
            run_time=_histogram(counted.run_time),
            commit_time=_histogram(counted.commit_time),
            transactions=counted.transactions,
            operations=counted.operations,
        ),
    )


def _histogram(found: Histogram) -> HistogramReply:
    return HistogramReply(
        bounds=list(BOUNDS),
        buckets=list(found.buckets),
        count=found.count,
        total_seconds=found.total,
    )
