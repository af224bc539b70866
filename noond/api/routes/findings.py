"""What is wrong and needs a person."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from noond.api.fields import Moment
from noond.api.paging import Page, PageQuery, page_of
from noond.api.routing import Answer, Call, Rate, Reply, Route
from noond.errors import NotFound
from noond.findings.findings import Findings, shown
from noond.models.account import Principal, Scope
from noond.models.finding import Finding, FindingFilter, FindingKind, FindingState


class FindingsQuery(PageQuery):
    """Which findings."""

    state: Annotated[FindingState, Field(description="How they are now.")] = "open"
    kind: Annotated[FindingKind | None, Field(description="What is wrong.")] = None


class FindingReply(Reply):
    """Something that is wrong, or was."""

    id: str
    kind: FindingKind
    subject: str = Field(description="What it is about; see the kinds in docs/findings.md.")
    daemon_wide: bool = Field(description="Whether it is for administrators, and not yours alone.")
    state: Annotated[str, Field(description="`open` or `closed`.")]
    title: str
    detail: str
    count: int = Field(description="How often something new was seen of it.")
    opened_at: Moment
    updated_at: Moment
    closed_at: Moment | None


class FindingsPage(Page[FindingReply]):
    """A part of the findings."""

    paused_queues: list[str] = Field(
        description="Queues that are not watched because they are paused; empty without the scope "
        "`jobs:admin`."
    )


def routes(findings: Findings) -> tuple[Route, ...]:
    """The routes of findings."""

    async def list_findings(call: Call) -> Answer:
        query = call.query(FindingsQuery)
        administers = _administers(call.principal)
        found = await findings.list(
            call.user_id,
            FindingFilter(state=query.state, kind=query.kind, daemon_wide=administers),
            limit=query.limit + 1,
            before_id=query.after(),
        )
        page = page_of(
            Page[FindingReply],
            found,
            limit=query.limit,
            show=_show,
            place=lambda finding: finding.id,
        )
        paused = list(await findings.paused_queues()) if administers else []
        return FindingsPage(items=page.items, next=page.next, paused_queues=paused)

    async def show(call: Call) -> Answer:
        finding = await findings.get(
            call.user_id, call.path["finding_id"], daemon_wide=_administers(call.principal)
        )
        return _show(finding)

    path, tag = "/api/v1/findings", "Background Jobs"
    return (
        Route(
            method="GET",
            path=path,
            tag=tag,
            summary="List what is wrong",
            description="Newest first; yours, and with the scope `jobs:admin` those of the whole "
            "daemon too. The daemon opens, updates and closes them itself.",
            access=Scope.JOBS_READ,
            rate=Rate.READ,
            handler=list_findings,
            query=FindingsQuery,
            reply=FindingsPage,
        ),
        Route(
            method="GET",
            path=f"{path}/{{finding_id}}",
            tag=tag,
            summary="See a finding",
            description="Open or closed.",
            access=Scope.JOBS_READ,
            rate=Rate.READ,
            handler=show,
            reply=FindingReply,
            errors=(NotFound,),
        ),
    )


def _administers(principal: Principal) -> bool:
    return Scope.JOBS_ADMIN in principal.scopes


def _show(finding: Finding) -> FindingReply:
    return FindingReply.model_validate(shown(finding))
