"""A route, declared: everything that dispatching, tests and documents need to know of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, TypeAlias, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict

from noond.api.network import Client
from noond.api.notes import AuditNote, RequestNote
from noond.errors import NoondError
from noond.models.account import Principal, Scope
from noond.models.audit import Action

M = TypeVar("M", bound=BaseModel)

REQUEST_ID = web.RequestKey("request_id", str)
"""What a request is called in its reply's `X-Request-ID`, in the log and in the audit log."""

_ACTIONS = {
    "GET": Action.READ,
    "POST": Action.CREATE,
    "PATCH": Action.UPDATE,
    "DELETE": Action.DELETE,
}


class Body(BaseModel):
    """A request's JSON body: strict types, unknown fields refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Query(BaseModel):
    """A request's query string: unknown names refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Reply(BaseModel):
    """A reply's JSON body."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        from_attributes=True,
        # A reply says everything, also what has a default.
        json_schema_serialization_defaults_required=True,
    )


class Access(StrEnum):
    """Who may use a route that no scope opens."""

    PUBLIC = "public"
    """Anybody; what it does is guarded otherwise, or harmless."""
    SIGNED_IN = "signed in"
    """Whoever has a valid API key or access token, whatever it may do."""
    DEVICE = "device"
    """Whoever holds a device token; the handler checks it."""


class Rate(StrEnum):
    """Which limit a request counts against."""

    READ = "read"
    WRITE = "write"
    INVOKE = "invoke"
    STREAM = "stream"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request that passed every check of its route."""

    request: web.Request
    route: Route
    client: Client
    caller: Principal | None
    idempotency_key: str | None
    parsed_body: BaseModel | None
    parsed_query: BaseModel | None
    content_hash: bytes
    """A keyed hash of what was asked: the path's parameters and the body."""
    audit: AuditNote
    """What the audit log is to say of this request."""
    log: RequestNote
    """What the request log is to say of it."""

    @property
    def principal(self) -> Principal:
        """Who asks; only on routes that need a credential."""
        if self.caller is None:
            raise TypeError(f"{self.route.name} has no caller")
        return self.caller

    @property
    def user_id(self) -> str:
        """The user whom the request speaks for; only on routes that need a credential."""
        return self.principal.user_id

    @property
    def path(self) -> Mapping[str, str]:
        """The parameters in the path."""
        return self.request.match_info

    def body(self, model: type[M]) -> M:
        """The body, of the model that the route declares."""
        return _typed(self.parsed_body, model)

    def query(self, model: type[M]) -> M:
        """The query, of the model that the route declares."""
        return _typed(self.parsed_query, model)


def _typed(value: BaseModel | None, model: type[M]) -> M:
    if not isinstance(value, model):
        raise TypeError(f"the route does not declare {model.__name__}")
    return value


Answer: TypeAlias = BaseModel | web.StreamResponse | None
"""What a handler returns: the declared reply, a response of its own, or nothing (204)."""

Handler: TypeAlias = Callable[[Call], Awaitable[Answer]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One method of one path. `access` has no default: whoever adds a route has to say it.

    `errors` are those the route has beside the ones that every route of its kind has.
    """

    method: Literal["GET", "POST", "PATCH", "DELETE"]
    path: str
    tag: str
    summary: str
    description: str
    access: Scope | Access
    rate: Rate
    handler: Handler
    body: type[Body] | None = None
    query: type[Query] | None = None
    reply: Any = None
    status: int = 200
    errors: tuple[type[NoondError], ...] = ()
    idempotent: bool = False
    """Whether it takes an `Idempotency-Key`."""
    media_type: str = "application/json"
    other_media_types: tuple[str, ...] = ()
    """In which its reply may be asked for, as text."""
    other_replies: tuple[tuple[int, Any], ...] = ()
    """Status and reply of its answers that are no errors; None for no body."""
    operation_id: str | None = None
    """What generated clients call it, where the name made from the path would not do."""
    action: Action | None = None
    """What the audit log calls it; by default what method and path say."""
    resource: str | None = None
    """What kind of thing it acts on, for the audit log; by default the path's collection."""
    takes_ticket: bool = False
    """Whether a ticket among the WebSocket's subprotocols will do for the credential."""

    @property
    def name(self) -> str:
        """The route as people write it: `GET /api/v1/agents/{agent_id}`."""
        return f"{self.method} {self.path}"

    @property
    def audited(self) -> bool:
        """Whether each request that it answers is written to the audit log."""
        return self.method != "GET" or self.action is not None

    @property
    def audit_action(self) -> Action:
        """What it does. A POST below a thing, such as `…/{run_id}/cancel`, does something to it."""
        if self.action is not None:
            return self.action
        return (
            Action.EXECUTE if self.method == "POST" and "{" in self.path else _ACTIONS[self.method]
        )

    @property
    def audit_resource(self) -> str:
        """What kind of thing it acts on: `agent`, `api_key`."""
        if self.resource is not None:
            return self.resource
        collection = self.path.removeprefix("/api/v1/").strip("/").partition("/")[0]
        return collection.removesuffix("s").replace("-", "_")
