"""The OpenAPI document: whole, valid, and with examples that are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from declared_routes import declared_routes
from openapi_schema_validator import OAS31Validator, oas31_format_checker
from openapi_spec_validator import OpenAPIV31SpecValidator

from noond import errors
from noond.api import problems
from noond.api.openapi.document import openapi_document
from noond.api.openapi.operations import operation_id
from noond.api.openapi.prose import TAGS
from noond.api.routing import Access, Rate, Reply, Route
from noond.config import LimitSettings
from noond.models.account import Scope

METHODS = {"get", "post", "patch", "delete"}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return openapi_document(declared_routes(), LimitSettings())


def operations(document: Mapping[str, Any]) -> Iterator[tuple[Route, dict[str, Any]]]:
    """Each route with its operation."""
    for route in declared_routes():
        yield route, document["paths"][route.path][route.method.lower()]


def followed(document: Mapping[str, Any], part: Mapping[str, Any]) -> Mapping[str, Any]:
    """The part itself, where it is a reference."""
    if "$ref" in part:
        for name in part["$ref"].removeprefix("#/").split("/"):
            document = document[name]
        return document
    return part


def codes(document: Mapping[str, Any], answer: Mapping[str, Any]) -> set[str]:
    """The error codes that an answer lists, in its text and as examples alike."""
    answer = followed(document, answer)
    listed = set(re.findall(r"^- `(\w+)`", answer["description"], re.MULTILINE))
    assert listed == set(answer["content"]["application/problem+json"]["examples"])
    return listed


def test_the_document_is_valid(document: dict[str, Any]) -> None:
    OpenAPIV31SpecValidator(document).validate()


def test_every_route_is_in_it_and_nothing_else(document: dict[str, Any]) -> None:
    described = {
        f"{method.upper()} {path}"
        for path, item in document["paths"].items()
        for method in METHODS & set(item)
    }
    assert described == {route.name for route in declared_routes()}
    assert all(set(item) <= METHODS for item in document["paths"].values())


def test_every_operation_says_what_it_is_for_and_who_may(document: dict[str, Any]) -> None:
    for route, operation in operations(document):
        text = operation["description"]
        assert operation["summary"] == route.summary
        assert text.startswith(route.description)
        assert "**Scope**" in text
        assert "**Limit**" in text
        if isinstance(route.access, Scope):
            assert operation["x-scope"] == route.access
            assert f"`{route.access}`" in text
        else:
            assert "x-scope" not in operation
        schemes = [name for each in operation["security"] for name in each]
        if route.access is Access.PUBLIC:
            assert schemes == []
        elif route.access is Access.DEVICE:
            assert schemes == ["deviceToken"]
        else:
            assert schemes == ["bearerAuth", "apiKeyAuth"]


def test_limits_are_those_of_the_settings() -> None:
    limits = LimitSettings(
        reads_per_minute=7, writes_per_minute=5, invokes_per_minute=3, streams_per_minute=2
    )
    document = openapi_document(declared_routes(), limits)
    for route, operation in operations(document):
        if operation["security"] and route.access is not Access.DEVICE:
            expected = {Rate.READ: 7, Rate.WRITE: 5, Rate.INVOKE: 3, Rate.STREAM: 2}[route.rate]
            assert operation["x-rate-limit"] == {"kind": route.rate, "per_minute": expected}


def test_clients_get_a_name_for_every_operation(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, operation in operations(document)]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", name) for name in names)


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("GET", "/api/v1/agents", "list_agents"),
        ("POST", "/api/v1/agents", "create_agent"),
        ("PATCH", "/api/v1/agents/{agent_id}", "update_agent"),
        ("POST", "/api/v1/runs/{run_id}/cancel", "cancel_run"),
        ("GET", "/api/v1/runs/{run_id}/records", "list_run_records"),
        ("GET", "/api/v1/agents/{agent_id}/stats", "get_agent_stats"),
        ("DELETE", "/api/v1/devices/{device_id}", "delete_device"),
        ("POST", "/api/v1/devices/pair", "pair_device"),
        ("GET", "/health/live", "get_health_live"),
    ],
)
def test_names_come_from_the_path(method: str, path: str, name: str) -> None:
    (route,) = [r for r in declared_routes() if r.name == f"{method} {path}"]
    assert operation_id(route) == name


def test_tags_are_described_and_none_is_empty(document: dict[str, Any]) -> None:
    used = {route.tag for route in declared_routes()}
    assert used <= set(TAGS)
    assert [tag["name"] for tag in document["tags"]] == [name for name in TAGS if name in used]
    assert all(tag["description"] for tag in document["tags"])


def test_every_error_of_a_route_is_listed(document: dict[str, Any]) -> None:
    for route, operation in operations(document):
        answers = operation["responses"]
        kinds: set[type[errors.NoondError]] = {*route.errors, errors.Invalid}
        for kind in kinds | {problems.ForeignHost, problems.ForeignOrigin}:
            assert kind.code in codes(document, answers[str(problems.status_of(kind))]), route.name
        if route.access is not Access.PUBLIC:
            assert {"401", "403", "429"} <= set(answers), route.name
            assert ("404" in answers) >= ("{" in route.path), route.name
        if isinstance(route.access, Scope):
            assert "forbidden" in codes(document, answers["403"]), route.name
        if route.method in ("POST", "PATCH"):
            assert {"408", "413", "415"} <= set(answers), route.name
        if route.idempotent:
            assert "idempotency_key_reused" in codes(document, answers["409"]), route.name
        assert ("507" in answers) is (route.method != "GET"), route.name


def test_every_problem_names_its_headers(document: dict[str, Any]) -> None:
    for name, answer in document["components"]["responses"].items():
        assert "X-Request-ID" in answer["headers"]
        assert ("Retry-After" in answer["headers"]) is name.startswith("429")
        assert ("WWW-Authenticate" in answer["headers"]) is name.startswith("401")


def examples(document: Mapping[str, Any]) -> Iterator[tuple[str, Any, Mapping[str, Any]]]:
    """Place, example and schema of every example of a body, a reply, a problem or a parameter."""
    for route, operation in operations(document):
        contents = [operation.get("requestBody", {"content": {}})]
        contents += [followed(document, answer) for answer in operation["responses"].values()]
        for holder in contents:
            for media in holder.get("content", {}).values():
                given = [media["example"]] if "example" in media else []
                given += [each["value"] for each in media.get("examples", {}).values()]
                yield from ((route.name, example, media["schema"]) for example in given)
        for parameter in (followed(document, each) for each in operation.get("parameters", ())):
            if "example" in parameter:
                yield route.name, parameter["example"], parameter["schema"]


def test_examples_fit_their_schemas(document: dict[str, Any]) -> None:
    found = list(examples(document))
    assert len(found) > 200
    for place, example, schema in found:
        validator = OAS31Validator(
            {**schema, "components": document["components"]}, format_checker=oas31_format_checker
        )
        faults = [error.message for error in validator.iter_errors(example)]
        assert faults == [], place


def test_examples_of_bodies_are_accepted(document: dict[str, Any]) -> None:
    for route, operation in operations(document):
        if route.body is not None:
            example = operation["requestBody"]["content"]["application/json"]["example"]
            route.body.model_validate_json(json.dumps(example))


def test_every_json_body_and_reply_has_an_example(document: dict[str, Any]) -> None:
    for route, operation in operations(document):
        holders = [answer for status, answer in operation["responses"].items() if status < "300"]
        holders.append(operation.get("requestBody", {}))
        for holder in holders:
            for kind, media in holder.get("content", {}).items():
                assert not kind.endswith("json") or "example" in media, route.name


def test_parameters_are_all_there_and_described(document: dict[str, Any]) -> None:
    for route, operation in operations(document):
        parameters = [followed(document, each) for each in operation.get("parameters", ())]
        by_place = {
            place: {each["name"] for each in parameters if each["in"] == place}
            for place in ("path", "query", "header")
        }
        assert by_place["path"] == set(re.findall(r"{(\w+)}", route.path))
        assert by_place["query"] == set(route.query.model_fields if route.query else ())
        assert by_place["header"] == ({"Idempotency-Key"} if route.idempotent else set())
        assert all(each["description"] for each in parameters), route.name


def test_nothing_refers_to_what_is_not_there(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    for reference in set(re.findall(r'"\$ref": "([^"]+)"', text)):
        assert followed(document, {"$ref": reference})
    unused = [
        name
        for kind in ("responses", "headers", "parameters")
        for name in document["components"][kind]
        if f'"#/components/{kind}/{name}"' not in text
    ]
    assert unused == []


def test_a_field_without_an_example_is_named() -> None:
    class Strange(Reply):
        """Something new."""

        depth_of_the_pond: float

    (route,) = [r for r in declared_routes() if r.name == "GET /health/live"]
    with pytest.raises(LookupError, match=r"Strange\.depth_of_the_pond"):
        openapi_document([replace(route, reply=Strange)], LimitSettings())
