"""Looking before leaping: a dry run's proposals, applying, undoing and comparing runs."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from noond.api.fields import Moment
from noond.api.paging import Page, PageQuery, page_of
from noond.api.routing import Answer, Call, Rate, Reply, Route
from noond.errors import Conflict, NotFound
from noond.models.account import Scope
from noond.models.preview import Found, Novelty, Proposal
from noond.runners.previews import Previews


class ProposalReply(Reply):
    """What a dry run would suggest, and whether that is new."""

    id: str
    novelty: Novelty
    table: str
    data: dict[str, Any]
    path: str
    quote: str
    span: tuple[int, int] = Field(description="The quote's place in the source, in characters.")
    sha256: str
    extractor: str
    created_at: Moment


class Applied(Reply):
    """How many of a dry run's proposals were new, and are on their way to the device."""

    run_id: str
    deliveries: int


class Reverted(Reply):
    """How many records are being deleted, and how many a person had approved or edited."""

    run_id: str
    deleting: int
    kept: int


class RevertState(Reply):
    """What has become of undoing a run."""

    run_id: str
    pending: int
    deleted: int
    kept: int
    failed: int


class FoundReply(Reply):
    """A record of a run, for comparison."""

    table: str
    data: dict[str, Any]
    path: str
    quote: str


class ChangedReply(Reply):
    """The same passage, read differently."""

    before: FoundReply
    after: FoundReply


class DiffReply(Reply):
    """What a later run adds, changes and drops against an earlier one."""

    before: str
    after: str
    added: list[FoundReply]
    changed: list[ChangedReply]
    dropped: list[FoundReply]


def routes(previews: Previews) -> tuple[Route, ...]:
    """The routes of previews."""

    async def proposals(call: Call) -> Answer:
        query = call.query(PageQuery)
        found = await previews.proposals(
            call.user_id, call.path["run_id"], limit=query.limit + 1, after=query.after()
        )
        return page_of(
            Page[ProposalReply],
            found,
            limit=query.limit,
            show=_proposal,
            place=lambda proposal: proposal.id,
        )

    async def apply(call: Call) -> Answer:
        run_id = call.path["run_id"]
        return Applied(run_id=run_id, deliveries=await previews.apply(call.user_id, run_id))

    async def revert(call: Call) -> Answer:
        run_id = call.path["run_id"]
        begun = await previews.revert(call.user_id, run_id)
        return Reverted(run_id=run_id, deleting=begun.deleting, kept=begun.kept)

    async def reverted(call: Call) -> Answer:
        run_id = call.path["run_id"]
        counts = await previews.reverted(call.user_id, run_id)
        return RevertState(
            run_id=run_id,
            pending=counts.pending,
            deleted=counts.deleted,
            kept=counts.kept,
            failed=counts.failed,
        )

    async def diff(call: Call) -> Answer:
        before, after = call.path["before_id"], call.path["after_id"]
        found = await previews.diff(call.user_id, before, after)
        return DiffReply(
            before=before,
            after=after,
            added=[_found(each) for each in found.added],
            changed=[
                ChangedReply(before=_found(old), after=_found(new)) for old, new in found.changed
            ],
            dropped=[_found(each) for each in found.dropped],
        )

    path = "/api/v1/runs/{run_id}"
    return (
        _route(
            "GET",
            f"{path}/proposals",
            "List a dry run's proposals",
            "Oldest first; `novelty` says whether the agent has brought it before.",
            proposals,
            Page[ProposalReply],
            query=PageQuery,
        ),
        _route(
            "POST",
            f"{path}/apply",
            "Apply a dry run",
            "Delivers what is new of its proposals; the model is not asked again.",
            apply,
            Applied,
        ),
        _route(
            "POST",
            f"{path}/revert",
            "Undo a run",
            "Deletes its records from the device, but for those a person approved or edited. What "
            "is undone stays away until the agent's prompt, types or model change.",
            revert,
            Reverted,
        ),
        _route(
            "GET",
            f"{path}/revert",
            "See what undoing has come to",
            "`kept`: records that the device refused to delete.",
            reverted,
            RevertState,
        ),
        _route(
            "GET",
            "/api/v1/runs/{before_id}/diff/{after_id}",
            "Compare two runs",
            "Of one agent. A record counts as dropped only if the later run read its file.",
            diff,
            DiffReply,
        ),
    )


def _route(
    method: Literal["GET", "POST"],
    path: str,
    summary: str,
    description: str,
    handler: Any,
    reply: Any,
    query: type[PageQuery] | None = None,
) -> Route:
    reads = method == "GET"
    return Route(
        method=method,
        path=path,
        tag="Previews",
        summary=summary,
        description=description,
        access=Scope.AGENTS_READ if reads else Scope.AGENTS_EXECUTE,
        rate=Rate.READ if reads else Rate.WRITE,
        handler=handler,
        query=query,
        reply=reply,
        status=200 if reads else 202,
        errors=(NotFound, Conflict),
    )


def _proposal(proposal: Proposal) -> ProposalReply:
    record = proposal.record
    return ProposalReply(
        id=proposal.id,
        novelty=proposal.novelty,
        table=record.table,
        data=record.data,
        path=proposal.path,
        quote=record.quote,
        span=(record.start, record.end),
        sha256=proposal.sha256,
        extractor=proposal.extractor,
        created_at=proposal.created_at,
    )


def _found(found: Found) -> FoundReply:
    record = found.record
    return FoundReply(table=record.table, data=record.data, path=found.path, quote=record.quote)
