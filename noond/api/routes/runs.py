"""Runs: list, look at, their records, cancel, send again."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from noond.api.fields import Moment
from noond.api.paging import Page, PageQuery, page_of
from noond.api.routing import Answer, Call, Rate, Reply, Route
from noond.errors import NotFound
from noond.models.account import Scope
from noond.models.delivery import DeliveryStatus, RetractionStatus, RunRecord
from noond.models.preview import RunMode
from noond.models.review import Verdict
from noond.models.run import Run, RunStatus, Trigger, WaitingFor
from noond.runners.runs import Runs, RunView


class RunsQuery(PageQuery):
    """Which runs."""

    agent_id: str | None = Field(None, max_length=100, description="Of this agent only.")
    status: RunStatus | None = Field(None, description="In this state only.")


class Deliveries(Reply):
    """What became of a run's records."""

    pending: int
    delivered: int
    failed: int


class RunErrorReply(Reply):
    """One thing that went wrong; `file` is null when it concerns the whole run."""

    file: str | None
    code: str
    message: str


class CoverageReply(Reply):
    """What of the folder was looked at; `listed` is null while the device has not told."""

    listed: int | None
    unchanged: int
    read: int
    skipped: int
    failed: int
    dropped: dict[str, int] = Field(description="Candidates that were refused, by reason.")


class Usage(Reply):
    """What the model was asked; `cost_usd` is null when a price is not known."""

    calls: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None


class EstimateReply(Reply):
    """What a run would have to read; `cost_usd` is null when the price is not known."""

    files_new: int
    files_changed: int
    files_unchanged: int
    bytes_to_read: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None


class RunSummary(Reply):
    """A run as it stands in lists."""

    id: str
    agent_id: str
    agent_name: str
    agent_type: Literal["local"] = "local"
    device_id: str
    trigger: Trigger
    mode: RunMode
    status: RunStatus
    waiting_for: WaitingFor | None
    waiting_note: str | None = Field(
        description="Which spending limit it waits for, and till when."
    )
    scheduled_for: Moment | None
    late_reason: str | None
    created_at: Moment
    started_at: Moment | None
    completed_at: Moment | None
    items_processed: int
    items_created: int
    coverage: CoverageReply
    usage: Usage
    applied_at: Moment | None
    reverted_at: Moment | None


class RunListed(RunSummary):
    """A run in a list, with the number of its errors."""

    error_count: int


class RunReply(RunSummary):
    """A run with its errors and deliveries."""

    deliveries: Deliveries
    errors: list[RunErrorReply]
    estimate: EstimateReply | None


class RecordReply(Reply):
    """A record, where it comes from, and what became of its delivery."""

    id: str
    delivery_id: str
    table: str
    data: dict[str, Any]
    path: str
    quote: str
    span: tuple[int, int] = Field(description="The quote's place in the source, in characters.")
    sha256: str
    extractor: str
    status: DeliveryStatus
    error: str | None
    device_record_id: str | None
    decision: Verdict | None = Field(description="What a person did with it.")
    retraction: RetractionStatus | None = Field(description="What undoing the run did with it.")
    retraction_error: str | None
    created_at: Moment


class Cancelled(Reply):
    """What the cancelling did."""

    run_id: str
    status: RunStatus
    outcome: Literal["requested", "already_final"]


class Resent(Reply):
    """How many failed deliveries are sent again."""

    run_id: str
    deliveries: int


def routes(runs: Runs) -> tuple[Route, ...]:
    """The routes of runs."""

    async def list_runs(call: Call) -> Answer:
        query = call.query(RunsQuery)
        found = await runs.list(
            call.user_id,
            agent_id=query.agent_id,
            status=query.status,
            limit=query.limit + 1,
            before=query.after(),
        )
        return page_of(
            Page[RunListed],
            found,
            limit=query.limit,
            show=lambda item: RunListed(**_summary(item[0]), error_count=item[1]),
            place=lambda item: item[0].id,
        )

    async def get(call: Call) -> Answer:
        return _reply(await runs.get(call.user_id, call.path["run_id"]))

    async def records(call: Call) -> Answer:
        query = call.query(PageQuery)
        found = await runs.records(
            call.user_id, call.path["run_id"], limit=query.limit + 1, after=query.after()
        )
        return page_of(
            Page[RecordReply],
            found,
            limit=query.limit,
            show=_record,
            place=lambda record: record.id,
        )

    async def cancel(call: Call) -> Answer:
        run_id = call.path["run_id"]
        status, outcome = await runs.cancel(call.user_id, run_id)
        return Cancelled.model_validate({"run_id": run_id, "status": status, "outcome": outcome})

    async def resend(call: Call) -> Answer:
        run_id = call.path["run_id"]
        return Resent(run_id=run_id, deliveries=await runs.resend(call.user_id, run_id))

    path = "/api/v1/runs"
    return (
        Route(
            method="GET",
            path=path,
            tag="Runs",
            summary="List the runs",
            description="Newest first.",
            access=Scope.AGENTS_READ,
            rate=Rate.READ,
            handler=list_runs,
            query=RunsQuery,
            reply=Page[RunListed],
        ),
        Route(
            method="GET",
            path=f"{path}/{{run_id}}",
            tag="Runs",
            summary="Look at a run",
            description="Its state, what it looked at, every error, what it cost.",
            access=Scope.AGENTS_READ,
            rate=Rate.READ,
            handler=get,
            reply=RunReply,
            errors=(NotFound,),
        ),
        Route(
            method="GET",
            path=f"{path}/{{run_id}}/records",
            tag="Runs",
            summary="List a run's records",
            description="Oldest first, each with its quote and what became of its delivery.",
            access=Scope.AGENTS_READ,
            rate=Rate.READ,
            handler=records,
            query=PageQuery,
            reply=Page[RecordReply],
            errors=(NotFound,),
        ),
        Route(
            method="POST",
            path=f"{path}/{{run_id}}/cancel",
            tag="Runs",
            summary="Cancel a run",
            description="`requested`, or `already_final` when there is nothing to cancel.",
            access=Scope.AGENTS_EXECUTE,
            rate=Rate.WRITE,
            handler=cancel,
            reply=Cancelled,
            status=202,
            errors=(NotFound,),
        ),
        Route(
            method="POST",
            path=f"{path}/{{run_id}}/resend",
            tag="Runs",
            summary="Send failed deliveries again",
            description="With the ids they had, so nothing is applied twice.",
            access=Scope.AGENTS_EXECUTE,
            rate=Rate.WRITE,
            handler=resend,
            reply=Resent,
            status=202,
            errors=(NotFound,),
        ),
    )


def _summary(run: Run) -> dict[str, Any]:
    return {
        "id": run.id,
        "agent_id": run.agent_id,
        "agent_name": run.agent_name,
        "device_id": run.device_id,
        "trigger": run.trigger,
        "mode": run.mode,
        "applied_at": run.applied_at,
        "reverted_at": run.reverted_at,
        "status": run.status,
        "waiting_for": run.waiting_for,
        "waiting_note": run.waiting_note,
        "scheduled_for": run.scheduled_for,
        "late_reason": run.late_reason,
        "created_at": run.created_at,
        "started_at": run.started_at,
        "completed_at": run.completed_at,
        "items_processed": run.items_processed,
        "items_created": run.items_created,
        "coverage": CoverageReply.model_validate(run.coverage),
        "usage": Usage(
            calls=run.llm_calls,
            prompt_tokens=run.prompt_tokens,
            completion_tokens=run.completion_tokens,
            cost_usd=run.cost_usd,
        ),
    }


def _reply(view: RunView) -> RunReply:
    return RunReply(
        **_summary(view.run),
        deliveries=Deliveries(pending=view.pending, delivered=view.delivered, failed=view.failed),
        errors=[RunErrorReply.model_validate(error) for error in view.errors],
        estimate=view.run.estimate and EstimateReply.model_validate(view.run.estimate),
    )


def _record(record: RunRecord) -> RecordReply:
    return RecordReply.model_validate(record)
