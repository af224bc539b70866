"""The JSON schemas of what routes take and give, made by pydantic, as OpenAPI components."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from noond.api.routing import Reply, Route

Schema: TypeAlias = dict[str, Any]
Mode: TypeAlias = Literal["validation", "serialization"]

PREFIX: Final = "#/components/schemas/"


class FieldFault(Reply):
    """What is wrong with one field; `field` is a dotted path."""

    field: str
    message: str


class Problem(Reply):
    """Why a request was not served (RFC 9457). `code` is stable; `detail` is for people."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[FieldFault]
    request_id: str


class _Naming(GenerateJsonSchema):
    """Names components as clients like them: `AgentReply` is Agent, `Page[AgentReply]` AgentPage.

    Where that would name two things alike, pydantic falls back to the longer names.
    """

    def normalize_name(self, name: str) -> str:
        generic = re.fullmatch(r"([^\[]+)\[(.+)\]", name)
        if generic is not None:
            return self.normalize_name(generic[2]) + generic[1].rpartition(".")[2]
        return super().normalize_name(name.removesuffix("Reply"))

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's
        return False


class Schemas:
    """The schemas of all types that routes declare."""

    def __init__(self, routes: Sequence[Route]) -> None:
        wanted: dict[tuple[Any, Mode], TypeAdapter[Any]] = {}
        for kind, mode in (*_declared(routes), (Problem, "serialization")):
            wanted.setdefault((kind, mode), TypeAdapter(kind))
        self._schemas, definitions = TypeAdapter.json_schemas(
            [(kind, mode, adapter) for (kind, mode), adapter in wanted.items()],
            ref_template=PREFIX + "{model}",
            schema_generator=_Naming,
        )
        self.components: dict[str, Schema] = _untitled(definitions.get("$defs", {}))
        # An error may name the object that it is about.
        self.components["Problem"]["additionalProperties"] = {"type": "string"}
        queries = {component_name(self.of(r.query, "validation")) for r in routes if r.query}
        # A query is written as parameters, not as a component.
        self._queries = {name: self.components.pop(name) for name in queries}

    def of(self, kind: Any, mode: Mode) -> Schema:
        """The schema of a declared type: a reference for a model."""
        schema: Schema = _untitled(self._schemas[kind, mode])
        return schema

    def resolve(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """The schema itself, where it is a reference."""
        if "$ref" in schema:
            name = component_name(schema)
            return self._queries.get(name) or self.components[name]
        return schema

    def properties(self, kind: Any, mode: Mode) -> Mapping[str, Schema]:
        """The properties of a declared model."""
        properties: Mapping[str, Schema] = self.resolve(self.of(kind, mode))["properties"]
        return properties


def component_name(reference: Mapping[str, Any]) -> str:
    """The component that a `$ref` names."""
    return str(reference["$ref"]).removeprefix(PREFIX)


def _declared(routes: Iterable[Route]) -> Iterable[tuple[Any, Mode]]:
    for route in routes:
        for kind in (route.body, route.query):
            if kind is not None:
                yield kind, "validation"
        for kind in (route.reply, *dict(route.other_replies).values()):
            if kind is not None:
                yield kind, "serialization"


def _untitled(schema: Any) -> Any:
    """The schema without the titles, which repeat the names in other words."""
    if isinstance(schema, list):
        return [_untitled(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: _untitled(value)
        for name, value in schema.items()
        if name != "title" or not isinstance(value, str)
    }
