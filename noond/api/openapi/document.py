"""The OpenAPI 3.1 document, made from the declarations of the routes."""

from __future__ import annotations

from collections.abc import Sequence

from noond.api.openapi.answers import HEADERS, Answers
from noond.api.openapi.examples import Examples
from noond.api.openapi.operations import IDEMPOTENCY_KEY, Operations
from noond.api.openapi.prose import INFO, SECURITY_SCHEMES, TAGS
from noond.api.openapi.schemas import Schema, Schemas
from noond.api.routing import Route
from noond.config import LimitSettings


def openapi_document(routes: Sequence[Route], limits: LimitSettings) -> Schema:
    """The document of these routes; raises LookupError for a field without an example."""
    schemas = Schemas(routes)
    examples = Examples(schemas)
    answers = Answers(schemas, examples)
    operations = Operations(schemas, examples, answers, limits)
    paths: dict[str, Schema] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = operations.of(route)
    used = {route.tag for route in routes}
    return {
        "openapi": "3.1.0",
        "info": dict(INFO),
        "servers": [{"url": "/", "description": "The daemon that serves this document."}],
        "tags": [
            {"name": name, "description": text} for name, text in TAGS.items() if name in used
        ],
        "paths": paths,
        "components": {
            "securitySchemes": dict(SECURITY_SCHEMES),
            "parameters": {"IdempotencyKey": dict(IDEMPOTENCY_KEY)},
            "headers": dict(HEADERS),
            "responses": dict(sorted(answers.components.items())),
            "schemas": dict(sorted(schemas.components.items())),
        },
    }
