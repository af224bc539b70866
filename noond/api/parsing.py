"""Reading what a request says: its JSON body and its query, strictly."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Mapping
from typing import Any, NoReturn, TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

from noond.api.problems import BodyTimeout, BodyTooLarge, UnsupportedMediaType
from noond.api.routing import Body
from noond.errors import FieldError, Invalid

M = TypeVar("M", bound=BaseModel)


class NoBody(Body):
    """The body of a request that has nothing to say: empty, or `{}`."""


BODY_SECONDS = 30.0
"""Time for a body to arrive whole."""

_ERRORS_SHOWN = 20
_NAME_SHOWN = 200


async def read_body(request: web.Request, *, body_bytes: int, seconds: float) -> bytes:
    """The body's bytes; raises BodyTooLarge, BodyTimeout or UnsupportedMediaType."""
    if not request.body_exists:
        return b""
    length = request.content_length
    if length is not None and length > body_bytes:
        raise BodyTooLarge(f"the body has {length} bytes, {body_bytes} are allowed")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise UnsupportedMediaType()
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > body_bytes:
                    raise BodyTooLarge(f"the body has more than {body_bytes} bytes")
    except TimeoutError:
        raise BodyTimeout() from None
    if body and not _is_json(request):
        raise UnsupportedMediaType()
    return bytes(body)


def _is_json(request: web.Request) -> bool:
    return request.content_type == "application/json" and (
        request.charset is None or request.charset.lower() in ("utf-8", "utf8")
    )


def canonical_json(body: bytes) -> bytes:
    """The body as compact JSON with sorted keys; one without content is an empty object.

    Raises Invalid for what is no JSON, and for JSON that readers would understand differently:
    a key twice in one object, numbers that are none, lone surrogates. Very deep nesting too.
    """
    if not body.strip():
        return b"{}"
    try:
        value = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_constant=_not_a_number,
            parse_float=_finite,
        )
        return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    except Invalid:
        raise
    except RecursionError:
        raise Invalid("the body is nested too deeply") from None
    except UnicodeDecodeError:
        raise Invalid("the body is not UTF-8") from None
    except UnicodeEncodeError:
        raise Invalid("the body holds half a surrogate pair") from None
    except json.JSONDecodeError as error:
        raise Invalid(f"the body is not JSON: {error}") from None
    except ValueError:
        raise Invalid("the body holds a number that is too long") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise Invalid.field(_shown(name), "stands twice in the body")
        found[name] = value
    return found


def _not_a_number(text: str) -> NoReturn:
    raise Invalid(f"the body is not JSON: {text} is not a number")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise Invalid("the body holds a number that is too large")
    return value


def parse_body(model: type[M], body: bytes) -> M:
    """The body as its model; raises Invalid naming the fields."""
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise explain(error) from None


def parse_query(model: type[M] | None, request: web.Request) -> M | None:
    """The query as its model; raises Invalid naming the parameters."""
    values: dict[str, str] = {}
    for name, value in request.query.items():
        if name in values or model is None:
            message = "is given twice" if name in values else "is not known here"
            raise Invalid.field(_shown(name), message)
        values[name] = value
    return None if model is None else _from_strings(model, values)


def _from_strings(model: type[M], values: Mapping[str, str]) -> M:
    try:
        return model.model_validate_strings(values)
    except ValidationError as error:
        raise explain(error) from None


def explain(error: ValidationError) -> Invalid:
    """The input's faults by field; values are left out, for they may be secrets."""
    fields = []
    for item in error.errors(include_url=False, include_input=False, include_context=False)[
        :_ERRORS_SHOWN
    ]:
        message = item["msg"].removeprefix("Value error, ")
        if item["type"] == "extra_forbidden":
            message = "is not known here"
        elif item["type"] == "missing":
            message = "is required"
        elif message.startswith("Value should have"):
            # What pydantic says of secrets; how long they are is nobody's business.
            message = "is too long" if item["type"] == "too_long" else "is too short"
        place = ".".join(str(part) for part in item["loc"])
        fields.append(FieldError(field=_shown(place), message=message))
    return Invalid(fields=fields)


def _shown(name: str) -> str:
    text = name if len(name) <= _NAME_SHOWN else name[: _NAME_SHOWN - 1] + "…"
    return text.encode("utf-8", "backslashreplace").decode()
