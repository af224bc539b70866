"""Background jobs of a user: list, look at, cancel, try again, delete."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from noond.api.fields import Instant, Moment
from noond.api.paging import Page, PageQuery, page_of
from noond.api.routing import Answer, Call, Query, Rate, Reply, Route
from noond.errors import Conflict, Forbidden, JobExists, NotFound
from noond.models.account import Scope
from noond.models.job import Job, JobProgress, JobStatus, Reason
from noond.models.job_view import EndedFilter, JobDetail, JobFilter
from noond.work.jobs import Jobs

Word = Annotated[str | None, Field(max_length=100)]
EndStatus = Literal["completed", "failed", "cancelled"]


class JobsQuery(PageQuery):
    """Which jobs."""

    status: Annotated[JobStatus | None, Field(description="In this state only.")] = None
    job_type: Annotated[Word, Field(description="Of this type only.")] = None
    queue: Annotated[Word, Field(description="Of this queue only.")] = None
    since: Annotated[
        Instant | None, Field(description="Queued at or after this time (RFC 3339).")
    ] = None
    until: Annotated[Instant | None, Field(description="Queued before this time (RFC 3339).")] = (
        None
    )


class EndedQuery(Query):
    """Which jobs that have ended."""

    status: Annotated[EndStatus | None, Field(description="Ended so only.")] = None
    job_type: Annotated[Word, Field(description="Of this type only.")] = None
    before: Annotated[Instant | None, Field(description="Ended before this time (RFC 3339).")] = (
        None
    )
    all_users: Annotated[
        bool, Field(description="Those of all users; this needs the scope `jobs:admin`.")
    ] = False


class ProgressReply(Reply):
    """How far a job has come."""

    percent: int
    message: str | None
    at: Moment


class JobListed(Reply):
    """A job as it stands in lists."""

    id: str
    job_type: str
    queue: str
    priority: int = Field(description="1 is the highest, 10 the lowest.")
    status: JobStatus
    attempt: int = Field(description="The attempt that runs, or the last one; 0 before the first.")
    retry_count: int
    max_retries: int
    created_at: Moment
    scheduled_at: Moment = Field(description="When it was or is due.")
    started_at: Moment | None
    completed_at: Moment | None
    cancel_requested: bool
    reason: Reason | None = Field(description="Why it failed.")
    error_message: str | None
    parent_id: str | None
    batch_id: str | None
    progress: ProgressReply | None


class AttemptReply(Reply):
    """An attempt that did not end well; `next_at` is when the next one was to be."""

    attempt: int
    started_at: Moment
    ended_at: Moment
    reason: Reason
    error: str
    next_at: Moment | None


class ChildReply(Reply):
    """A job that this one has queued."""

    id: str
    job_type: str
    status: JobStatus


class BatchReply(Reply):
    """The jobs that belong together, counted."""

    id: str
    total: int
    pending: int
    failed: int
    cancelled: int
    callback_job_id: str | None
    created_at: Moment
    completed_at: Moment | None


class JobReply(JobListed):
    """A job with all that stands beside it."""

    payload: dict[str, Any]
    crashes: int = Field(description="How often the daemon died during it, without a checkpoint.")
    deadline_at: Moment | None
    next_at: Moment | None = Field(description="When it is tried next, while it waits.")
    checkpoint_at: Moment | None = Field(description="When it last kept how far it is.")
    attempts: list[AttemptReply] = Field(description="Those that did not end well, oldest first.")
    result: Any = Field(description="Null without one, and once it is not kept any more.")
    result_expired: bool = Field(description="Whether there was one that is not kept any more.")
    children: list[ChildReply] = Field(description="What it has queued, at most a hundred.")
    batch: BatchReply | None


class JobCancelled(Reply):
    """What the cancelling did."""

    job_id: str
    status: JobStatus
    outcome: Literal["requested", "already_final"]


class JobRetried(Reply):
    """The job is queued anew."""

    job_id: str
    status: JobStatus


class JobsDeleted(Reply):
    """How many jobs are gone."""

    deleted: int


def routes(jobs: Jobs) -> tuple[Route, ...]:
    """The routes of a user's jobs."""

    async def list_jobs(call: Call) -> Answer:
        query = call.query(JobsQuery)
        wanted = JobFilter(**query.model_dump(exclude={"limit", "cursor"}))
        found = await jobs.list(
            call.user_id, wanted, limit=query.limit + 1, before_id=query.after()
        )
        return page_of(
            Page[JobListed],
            found,
            limit=query.limit,
            show=lambda item: JobListed(**_summary(*item)),
            place=lambda item: item[0].id,
        )

    async def get(call: Call) -> Answer:
        return _reply(await jobs.get(call.user_id, call.path["job_id"]))

    async def cancel(call: Call) -> Answer:
        job_id = call.path["job_id"]
        status, outcome = await jobs.cancel(call.user_id, job_id)
        return JobCancelled(job_id=job_id, status=status, outcome=outcome)

    async def retry(call: Call) -> Answer:
        job_id = call.path["job_id"]
        return JobRetried(job_id=job_id, status=await jobs.retry(call.user_id, job_id))

    async def delete(call: Call) -> Answer:
        query = call.query(EndedQuery)
        wanted = EndedFilter(
            status=None if query.status is None else JobStatus(query.status),
            job_type=query.job_type,
            before=query.before,
        )
        if not query.all_users:
            return JobsDeleted(deleted=await jobs.delete_ended(call.user_id, wanted))
        if Scope.JOBS_ADMIN not in call.principal.scopes:
            raise Forbidden(f"this needs the scope `{Scope.JOBS_ADMIN}`")
        return JobsDeleted(deleted=await jobs.delete_ended_all_users(wanted))

    path = "/api/v1/jobs"
    tag = "Background Jobs"
    return (
        Route(
            method="GET",
            path=path,
            tag=tag,
            summary="List your jobs",
            description="Newest first, with how far they are. The daemon's own belong to the "
            "first owner.",
            access=Scope.JOBS_READ,
            rate=Rate.READ,
            handler=list_jobs,
            query=JobsQuery,
            reply=Page[JobListed],
        ),
        Route(
            method="DELETE",
            path=path,
            tag=tag,
            summary="Delete jobs that have ended",
            description="Yours, or with `all_users` everybody's. What waits or runs stays.",
            access=Scope.JOBS_WRITE,
            rate=Rate.WRITE,
            handler=delete,
            query=EndedQuery,
            reply=JobsDeleted,
        ),
        Route(
            method="GET",
            path=f"{path}/{{job_id}}",
            tag=tag,
            summary="Look at a job",
            description="Its state, every attempt that went wrong, what it came to.",
            access=Scope.JOBS_READ,
            rate=Rate.READ,
            handler=get,
            reply=JobReply,
            errors=(NotFound,),
        ),
        Route(
            method="POST",
            path=f"{path}/{{job_id}}/cancel",
            tag=tag,
            summary="Cancel a job",
            description="`requested`, or `already_final`. One that waits is cancelled at once, one "
            "that runs is asked to end, and what it has queued with it. The job of a run ends with "
            "its run.",
            access=Scope.JOBS_WRITE,
            rate=Rate.WRITE,
            handler=cancel,
            reply=JobCancelled,
            status=202,
            errors=(NotFound,),
        ),
        Route(
            method="POST",
            path=f"{path}/{{job_id}}/retry",
            tag=tag,
            summary="Try a job again",
            description="One that has failed or was cancelled: it is due at once, with all its "
            "retries.",
            access=Scope.JOBS_WRITE,
            rate=Rate.WRITE,
            handler=retry,
            reply=JobRetried,
            status=202,
            errors=(NotFound, Conflict, JobExists),
        ),
    )


def _summary(job: Job, progress: JobProgress | None) -> dict[str, Any]:
    values = {name: getattr(job, name) for name in JobListed.model_fields if name != "progress"}
    return {**values, "progress": progress and ProgressReply.model_validate(progress)}


def _reply(found: JobDetail) -> JobReply:
    job = found.job
    return JobReply(
        **_summary(job, found.progress),
        payload=job.payload,
        crashes=job.crashes,
        deadline_at=job.deadline_at,
        next_at=job.scheduled_at if job.status is JobStatus.PENDING else None,
        checkpoint_at=found.checkpoint_at,
        attempts=[AttemptReply.model_validate(each) for each in found.attempts],
        result=found.result,
        result_expired=found.result_expired,
        children=[ChildReply.model_validate(each) for each in found.children],
        batch=found.batch and BatchReply.model_validate(found.batch),
    )
