"""What a route may answer: its reply, and every error with its codes."""

from __future__ import annotations

import inspect
import json
from collections import defaultdict
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from noond import errors
from noond.api import problems
from noond.api.openapi.examples import Examples
from noond.api.openapi.schemas import PREFIX, Schema, Schemas
from noond.api.routing import Access, Rate, Route
from noond.errors import NoondError
from noond.models.account import Scope

_REQUEST_ID = "01a1fab5-f0bc-7000-bb21-bcee32cdce41"
_COUNTED: Final = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")

HEADERS: Final[Mapping[str, Schema]] = {
    "X-Request-ID": {
        "description": "Names the request, in the daemon's log too.",
        "required": True,
        "schema": {"type": "string"},
        "example": _REQUEST_ID,
    },
    "X-RateLimit-Limit": {
        "description": "Requests of this kind a minute.",
        "schema": {"type": "integer"},
        "example": 3000,
    },
    "X-RateLimit-Remaining": {
        "description": "Requests that are left now.",
        "schema": {"type": "integer"},
        "example": 2999,
    },
    "X-RateLimit-Reset": {
        "description": "Seconds until the limit is whole again.",
        "schema": {"type": "integer"},
        "example": 1,
    },
    "Retry-After": {
        "description": "Seconds to wait.",
        "schema": {"type": "integer", "minimum": 1},
        "example": 1,
    },
    "WWW-Authenticate": {
        "description": "The scheme to use.",
        "schema": {"type": "string"},
        "example": "Bearer",
    },
    "ETag": {
        "description": "Changes with the content; send it as `If-None-Match`.",
        "schema": {"type": "string"},
        "example": '"5f2c8e1b"',
    },
}

_HEADERS_OF_STATUS: Final[Mapping[int, tuple[str, ...]]] = {
    401: ("WWW-Authenticate",),
    429: ("Retry-After", *_COUNTED),
}


class Answers:
    """The answers of all routes; equal errors of several routes are one component."""

    def __init__(self, schemas: Schemas, examples: Examples) -> None:
        self._schemas = schemas
        self._examples = examples
        self.components: dict[str, Schema] = {}

    def of(self, route: Route) -> dict[str, Schema]:
        """The answers by status."""
        found = {route.status: self._reply(route, route.status, route.reply)}
        for status, reply in route.other_replies:
            found[status] = self._reply(route, status, reply)
        kinds: dict[int, dict[str, type[NoondError]]] = defaultdict(dict)
        for kind in possible_errors(route):
            kinds[problems.status_of(kind)][kind.code] = kind
        for status, by_code in kinds.items():
            problem = self._problem(status, {code: by_code[code] for code in sorted(by_code)})
            # /health/ready replies with its checks where others have a problem.
            found.setdefault(status, problem)
        return {str(status): found[status] for status in sorted(found)}

    def _reply(self, route: Route, status: int, reply: Any) -> Schema:
        headers = ["X-Request-ID"]
        if needs_credential(route) and route.rate is not Rate.NONE:
            headers += _COUNTED
        if HTTPStatus.NOT_MODIFIED in dict(route.other_replies):
            headers.append("ETag")
        answer: Schema = {
            "description": HTTPStatus(status).phrase,
            "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in headers},
        }
        if reply is None:
            return answer
        schema = self._schemas.of(reply, "serialization")
        described = self._schemas.resolve(schema).get("description")
        if described:
            answer["description"] = described
        content: Schema = {"schema": schema}
        if route.media_type == "text/event-stream":
            content = self._stream(schema)
        elif route.media_type == "application/json":
            content["example"] = self._examples.of(schema)
        answer["content"] = {route.media_type: content} | {
            media_type: {"schema": {"type": "string"}} for media_type in route.other_media_types
        }
        return answer

    def _stream(self, event: Schema) -> Schema:
        """A stream of events, each with `event` and `data`: OpenAPI 3.1 has no words for that."""
        example = self._examples.of(event)
        data = json.dumps(example["data"], separators=(",", ":"))
        return {
            "schema": {"x-event": event},
            "example": f"event: {example['event']}\ndata: {data}\n\n",
        }

    def _problem(self, status: int, kinds: Mapping[str, type[NoondError]]) -> Schema:
        name = "_".join((str(status), *kinds))
        if name not in self.components:
            headers = ("X-Request-ID", *_HEADERS_OF_STATUS.get(status, ()))
            lines = [f"- `{code}`: {_message(kind)}" for code, kind in kinds.items()]
            self.components[name] = {
                "description": "\n".join((f"{HTTPStatus(status).phrase}.", "", *lines)),
                "headers": {each: {"$ref": f"#/components/headers/{each}"} for each in headers},
                "content": {
                    problems.MEDIA_TYPE: {
                        "schema": {"$ref": f"{PREFIX}Problem"},
                        "examples": {
                            code: {"value": _example(status, kind)} for code, kind in kinds.items()
                        },
                    }
                },
            }
        return {"$ref": f"#/components/responses/{name}"}


def needs_credential(route: Route) -> bool:
    """Whether an API key or an access token opens the route."""
    return route.access not in (Access.PUBLIC, Access.DEVICE)


def possible_errors(route: Route) -> set[type[NoondError]]:
    """Every error that a route can answer with: its own, and those of its kind of route."""
    kinds: set[type[NoondError]] = {
        errors.Invalid,
        problems.ForeignOrigin,
        problems.ForeignHost,
        NoondError,
        *route.errors,
    }
    if needs_credential(route):
        kinds |= {errors.Unauthenticated, errors.RateLimited}
        if "{" in route.path:
            kinds.add(errors.NotFound)
    if isinstance(route.access, Scope):
        kinds.add(errors.Forbidden)
    if route.method in ("POST", "PATCH"):
        kinds |= {problems.BodyTimeout, problems.BodyTooLarge, problems.UnsupportedMediaType}
    if route.idempotent:
        kinds.add(errors.IdempotencyConflict)
    if route.access is not Access.PUBLIC or route.method != "GET":
        kinds |= {errors.StorageError, errors.StorageDamaged, errors.StorageBusy}
    if route.method != "GET":
        kinds.add(errors.StorageFull)
    return kinds


def _message(kind: type[NoondError]) -> str:
    return " ".join(inspect.cleandoc(kind.__doc__ or "").split())


def _example(status: int, kind: type[NoondError]) -> Schema:
    example: Schema = {
        "type": f"urn:noond:problem:{kind.code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": _message(kind),
        "code": kind.code,
        "errors": [],
        "request_id": _REQUEST_ID,
    }
    if issubclass(kind, errors.Invalid):
        example["detail"] = "limit: Input should be a valid integer"
        example["errors"] = [{"field": "limit", "message": "Input should be a valid integer"}]
    return example
