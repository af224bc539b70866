"""A route as an operation of the OpenAPI document."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from noond.api.openapi.answers import Answers, needs_credential
from noond.api.openapi.examples import FIELDS, Examples
from noond.api.openapi.schemas import Schema, Schemas
from noond.api.rates import per_minute
from noond.api.routing import Access, Rate, Route
from noond.config import LimitSettings
from noond.models.account import Scope

IDEMPOTENCY_KEY: Final[Mapping[str, Any]] = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Makes it safe to send the request again: the same key with the same body "
    "within 24 hours gets the first reply.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
}

_PATH_PARAMETERS: Final[Mapping[str, str]] = {
    "before_id": "The earlier run's id.",
    "after_id": "The later run's id.",
    "file": "The file's name.",
}
_ITEM_VERBS: Final[Mapping[str, str]] = {"GET": "get", "PATCH": "update", "DELETE": "delete"}


class Operations:
    """Writes the operations of routes."""

    def __init__(
        self, schemas: Schemas, examples: Examples, answers: Answers, limits: LimitSettings
    ) -> None:
        self._schemas = schemas
        self._examples = examples
        self._answers = answers
        self._limits = limits

    def of(self, route: Route) -> Schema:
        """The operation of a route."""
        operation: Schema = {
            "tags": [route.tag],
            "summary": route.summary,
            "description": self._description(route),
            "operationId": operation_id(route),
            "security": _security(route),
        }
        parameters = self._parameters(route)
        if parameters:
            operation["parameters"] = parameters
        if route.body is not None:
            schema = self._schemas.of(route.body, "validation")
            operation["requestBody"] = {
                # A body of which nothing is required may be left out altogether.
                "required": bool(self._schemas.resolve(schema).get("required")),
                "content": {
                    "application/json": {"schema": schema, "example": self._examples.of(schema)}
                },
            }
        operation["responses"] = self._answers.of(route)
        if isinstance(route.access, Scope):
            operation["x-scope"] = str(route.access)
        if needs_credential(route) and route.rate is not Rate.NONE:
            operation["x-rate-limit"] = {
                "kind": str(route.rate),
                "per_minute": per_minute(route.rate, self._limits),
            }
        return operation

    def _description(self, route: Route) -> str:
        facts = []
        if route.access is Access.PUBLIC:
            facts.append("**Scope**: none; needs no credential.")
        elif route.access is Access.DEVICE:
            facts.append("**Scope**: none; needs a device's token.")
        elif isinstance(route.access, Scope):
            facts.append(f"**Scope**: `{route.access}`")
        else:
            facts.append("**Scope**: none; any valid credential will do.")
        if needs_credential(route) and route.rate is not Rate.NONE:
            limit = per_minute(route.rate, self._limits)
            facts.append(f"**Limit**: {limit:,} requests a minute ({route.rate})")
        else:
            facts.append("**Limit**: requests are not counted")
        if route.idempotent:
            facts.append("Takes an `Idempotency-Key`.")
        if route.status == HTTPStatus.SWITCHING_PROTOCOLS:
            facts.append("Not for this page: it takes a WebSocket client.")
        if route.media_type == "text/event-stream":
            facts.append(self._events(route))
        return "\n\n".join((route.description, *facts))

    def _events(self, route: Route) -> str:
        """What a stream is made of: OpenAPI 3.1 has no place for that but the text."""
        event = self._schemas.properties(route.reply, "serialization")
        resolved = {name: self._schemas.resolve(schema) for name, schema in event.items()}
        shown = json.dumps(resolved, ensure_ascii=False, indent=2)
        return (
            f"JSON schemas of an event (`x-event` in the reply's schema):\n\n```json\n{shown}\n```"
        )

    def _parameters(self, route: Route) -> list[Schema]:
        parameters = [_path_parameter(name) for name in re.findall(r"{(\w+)}", route.path)]
        if route.query is not None:
            properties = self._schemas.properties(route.query, "validation")
            required = self._schemas.resolve(self._schemas.of(route.query, "validation")).get(
                "required", ()
            )
            parameters += [
                self._query_parameter(name, schema, required=name in required)
                for name, schema in properties.items()
            ]
        if route.idempotent:
            parameters.append({"$ref": "#/components/parameters/IdempotencyKey"})
        return parameters

    def _query_parameter(self, name: str, schema: Schema, *, required: bool) -> Schema:
        bare = {key: value for key, value in schema.items() if key != "description"}
        # What may be left out is null inside, but there is no null in a query.
        options = [each for each in bare.pop("anyOf", ()) if each != {"type": "null"}]
        if len(options) == 1:
            bare |= options[0]
        elif options:
            bare["anyOf"] = options
        if bare.get("default", ...) is None:
            del bare["default"]
        described = schema.get("description") or self._schemas.resolve(bare).get("description", "")
        return {
            "name": name,
            "in": "query",
            "description": described,
            "required": required,
            "schema": bare,
        }


def operation_id(route: Route) -> str:
    """What generated clients call the route: `list_agents`, `create_agent`, `cancel_run`.

    Made from the method and the path's nouns, unless the route says another.
    """
    if route.operation_id is not None:
        return route.operation_id
    parts = route.path.removeprefix("/api/v1").strip("/").split("/")
    words = [part.replace("-", "_") for part in parts if not part.startswith("{")]
    *owners, last = words
    context = [_singular(word) for word in owners]
    if parts[-1].startswith("{"):
        return "_".join((_ITEM_VERBS.get(route.method, "post"), *context, _singular(last)))
    if route.method == "GET":
        verb = "list" if last.endswith("s") and _has_items(route) else "get"
        return "_".join((verb, *context, last))
    if route.method == "POST" and last.endswith("s"):
        return "_".join(("create", *context, _singular(last)))
    if route.method == "POST" and owners and owners[-1].endswith("s"):
        return "_".join((last, *context))
    verbs = () if route.method == "POST" else (_ITEM_VERBS[route.method],)
    return "_".join((*verbs, *context, last))


def _has_items(route: Route) -> bool:
    return "items" in getattr(route.reply, "model_fields", ())


def _singular(noun: str) -> str:
    return noun.removesuffix("s")


def _security(route: Route) -> list[Schema]:
    if route.access is Access.PUBLIC:
        return []
    if route.access is Access.DEVICE:
        return [{"deviceToken": []}]
    return [{"bearerAuth": []}, {"apiKeyAuth": []}]


def _path_parameter(name: str) -> Schema:
    noun = name.removesuffix("_id").replace("_", " ")
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": _PATH_PARAMETERS.get(name, f"The {noun}'s id."),
        "schema": {"type": "string"},
        "example": FIELDS[name],
    }
