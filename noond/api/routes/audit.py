"""The audit log: read it, and look whether it is whole."""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import Field

from noond.accounts.audit import AuditLog
from noond.api.fields import Instant, Moment
from noond.api.paging import Page, PageQuery, page_of
from noond.api.routing import Answer, Call, Rate, Reply, Route
from noond.models.account import Scope
from noond.models.audit import Action, AuditEntry, AuditFilter

_LAST: int = 2**63 - 1


Since = Annotated[Instant | None, Field(description="At or after this time (RFC 3339).")]
Until = Annotated[Instant | None, Field(description="Before this time (RFC 3339).")]
Word = Annotated[str | None, Field(max_length=300)]
Status = Annotated[int | None, Field(ge=100, le=599, description="With this HTTP status.")]


class AuditQuery(PageQuery):
    """Which entries."""

    limit: Annotated[int, Field(ge=1, le=1000, description="Entries of one page at most.")] = 100
    actor: Annotated[Word, Field(description="A user's id or name.")] = None
    action: Annotated[Action | None, Field(description="What was done or tried.")] = None
    resource: Annotated[Word, Field(description="A kind of thing: `agent`, `api_key`, …")] = None
    resource_id: Annotated[Word, Field(description="The id of a thing.")] = None
    status: Status = None
    ip: Annotated[Word, Field(description="An address as it stands in an entry.")] = None
    request_id: Annotated[Word, Field(description="The `X-Request-ID` of a reply.")] = None
    since: Since = None
    until: Until = None


class AuditEntryReply(Reply):
    """An entry: `changes` has before and after by field, `body` what was asked, redacted."""

    seq: int
    at: Moment
    actor_id: str | None
    actor_name: str | None
    actor_kind: str = Field(
        description="What they were let in by: `api_key`, `access_token`, `password`, "
        "`refresh_token`, `pairing_code`, `device_token`; or `daemon`, `anonymous`."
    )
    credential_id: str | None
    action: str
    resource: str
    resource_id: str | None
    ip: str | None
    user_agent: str | None
    request_id: str | None
    method: str | None
    path: str | None
    body: dict[str, Any] | None
    status: int | None
    error: str | None
    changes: dict[str, Any] | None


class VerificationReply(Reply):
    """What looking through the whole log came to; each problem names its rows or its line."""

    ok: bool
    rows: int = Field(description="Rows in the database.")
    archived_rows: int = Field(description="Rows in the archive's files.")
    first_seq: int | None
    last_seq: int | None
    since: Moment | None = Field(description="When the first entry was made.")
    problems: tuple[str, ...]


def routes(audit: AuditLog) -> tuple[Route, ...]:
    """The routes of the audit log."""

    async def list_entries(call: Call) -> Answer:
        query = call.query(AuditQuery)
        wanted = AuditFilter(**query.model_dump(exclude={"limit", "cursor"}))
        found = await audit.list(wanted, limit=query.limit + 1, before=_before(query))
        return page_of(
            Page[AuditEntryReply],
            found,
            limit=query.limit,
            show=_show,
            place=lambda entry: str(entry.seq),
        )

    async def verify(_call: Call) -> Answer:
        return VerificationReply.model_validate(await audit.verify())

    return (
        Route(
            method="GET",
            path="/api/v1/audit",
            tag="Audit Logs",
            summary="Read the audit log",
            description="Of all users, newest first, as far as it is not archived. Reading it is "
            "an entry too.",
            access=Scope.AUDIT_READ,
            rate=Rate.READ,
            handler=list_entries,
            query=AuditQuery,
            reply=Page[AuditEntryReply],
            action=Action.READ,
        ),
        Route(
            method="GET",
            path="/api/v1/audit/verification",
            tag="Audit Logs",
            summary="See whether the audit log is whole",
            description="Follows the chain of signatures through archive and database, and names "
            "every row that was changed, removed or put in.",
            access=Scope.AUDIT_READ,
            rate=Rate.READ,
            handler=verify,
            reply=VerificationReply,
            action=Action.READ,
        ),
    )


def _before(query: PageQuery) -> int | None:
    place = query.after()
    if place is None:
        return None
    if not place.isdecimal() or int(place) > _LAST:
        raise query.invalid()
    return int(place)


def _show(entry: AuditEntry) -> AuditEntryReply:
    values = {name: getattr(entry, name) for name in AuditEntryReply.model_fields}
    for name in ("body", "changes"):
        values[name] = values[name] and json.loads(values[name])
    return AuditEntryReply(**values)
