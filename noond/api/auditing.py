"""From a request and how it ended to a row of the audit log, before the reply is sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from aiohttp import web
from pydantic import BaseModel

from noond.accounts.audit import AuditLog
from noond.api.network import Client, throttle_group
from noond.api.notes import AuditNote, RequestNote
from noond.api.problems import from_http_exception, status_of
from noond.api.rates import OncePerMinute
from noond.api.routing import REQUEST_ID, Access, Call, Route
from noond.clock import Clock
from noond.errors import Forbidden, NoondError, RateLimited, Unauthenticated
from noond.models.account import Principal
from noond.models.audit import ANONYMOUS, Action, Actor, AuditEvent
from noond.models.device import Device

_ACCESS_TOKEN: Final = "access_token"  # noqa: S105 - a kind of thing


@dataclass(slots=True, kw_only=True)
class Visit:
    """A request on its way: what has become known of it so far."""

    route: Route
    request: web.Request
    client: Client
    caller: Principal | None = None
    body: BaseModel | None = None
    """Once it was found to be valid."""
    audit: AuditNote = field(default_factory=AuditNote)
    log: RequestNote = field(default_factory=RequestNote)


class RequestAudit:
    """Writes what is acknowledged, and what was refused to whom.

    What can be sent without end is not written each time: a request without a credential never,
    guesses beyond the limit and tokens that have expired once a minute for an address.
    """

    def __init__(self, log: AuditLog, *, clock: Clock) -> None:
        self._log = log
        self._once = OncePerMinute(clock=clock)

    async def answered(self, visit: Visit, status: int) -> None:
        """The request is about to be answered. Raises StorageError: then it must not be."""
        if visit.route.audited:
            await self._write(visit, visit.route.audit_action, status=status)

    async def failed(self, visit: Visit, error: Exception) -> None:
        """The request is about to be refused. Raises StorageError."""
        route = visit.route
        address = throttle_group(visit.client.address)
        if isinstance(error, RateLimited):
            kind = error.unevaluated  # None: over their own limit
            if kind is not None and self._once.take(f"{kind} {address}"):
                await self._failed_auth(visit, error, resource=kind)
        elif type(error) is Unauthenticated:
            if error.evaluated is not None:
                await self._failed_auth(visit, error, resource=error.evaluated)
        elif isinstance(error, Unauthenticated):
            if visit.caller is not None or route.access is Access.PUBLIC:
                await self._failed_auth(visit, error, resource=route.audit_resource)
            elif self._once.take(f"{_ACCESS_TOKEN} {address}"):
                await self._failed_auth(visit, error, resource=_ACCESS_TOKEN)
        elif isinstance(error, Forbidden) or (route.audited and visit.caller is not None):
            status, code = _ending(error)
            await self._write(visit, route.audit_action, status=status, error=code)

    async def device_let_in(self, call: Call, device: Device) -> None:
        """A device is about to be connected; one that comes again and again, once a minute."""
        if not self._once.take(f"device {device.user_id} {device.id}"):
            return
        actor = Actor(kind="device_token", id=device.user_id, credential_id=device.id)
        visit = Visit(
            route=call.route,
            request=call.request,
            client=call.client,
            audit=AuditNote(actor=actor, resource_id=device.id),
        )
        await self._write(visit, Action.LOGIN, status=101)

    async def _failed_auth(self, visit: Visit, error: NoondError, *, resource: str) -> None:
        status, code = _ending(error)
        await self._write(
            visit,
            Action.FAILED_AUTH,
            resource=resource.lower().replace(" ", "_"),
            status=status,
            error=code,
        )

    async def _write(
        self,
        visit: Visit,
        action: Action,
        *,
        status: int,
        resource: str | None = None,
        error: str | None = None,
    ) -> None:
        request, note = visit.request, visit.audit
        await self._log.record(
            AuditEvent(
                actor=note.actor or _actor(visit.caller),
                action=action,
                resource=resource or visit.route.audit_resource,
                resource_id=note.resource_id or next(iter(request.match_info.values()), None),
                ip=visit.client.address,
                user_agent=request.headers.get("User-Agent"),
                request_id=request[REQUEST_ID],
                method=request.method,
                path=request.path,
                body=shown_body(visit.body),
                status=status,
                error=error,
                changes=note.changes,
            )
        )


def shown_body(body: BaseModel | None) -> object:
    """The fields of a body that were sent; those that are secret come as stars."""
    return None if body is None else body.model_dump(mode="json", exclude_unset=True)


def _actor(caller: Principal | None) -> Actor:
    if caller is None:
        return ANONYMOUS
    return Actor(
        kind=caller.kind,
        id=caller.user_id,
        name=caller.user.name,
        credential_id=caller.credential_id,
    )


def _ending(error: Exception) -> tuple[int, str]:
    """Status and code that the caller is told."""
    if isinstance(error, web.HTTPException):
        error = from_http_exception(error)
    if isinstance(error, NoondError):
        return status_of(type(error)), error.code
    return 500, NoondError.code
