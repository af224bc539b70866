"""Errors as problem+json (RFC 9457): each error of the daemon's one tree, translated once."""

from __future__ import annotations

import json
import math
from http import HTTPStatus
from typing import Any, Final

from aiohttp import web

from noond import errors
from noond.errors import NoondError

MEDIA_TYPE = "application/problem+json"


class ForeignHost(NoondError):
    """The daemon does not answer under this Host; see the setting `server.allowed_hosts`."""

    code = "foreign_host"


class ForeignOrigin(errors.Forbidden):
    """Pages of this Origin may not send requests; see the setting `server.allowed_origins`."""

    code = "foreign_origin"


class MethodNotAllowed(NoondError):
    """There is no such method here."""

    code = "method_not_allowed"


class BodyTimeout(NoondError):
    """The body did not arrive in time."""

    code = "body_timeout"
    retryable = True


class BodyTooLarge(NoondError):
    """The body is too large; see the setting `limits.body_bytes`."""

    code = "body_too_large"


class UnsupportedMediaType(NoondError):
    """Bodies must be `application/json`, in UTF-8, not compressed."""

    code = "unsupported_media_type"


# The first class that fits counts, so the special ones stand first.
_STATUS: Final[tuple[tuple[type[NoondError], int], ...]] = (
    (errors.Invalid, 400),
    (errors.Unauthenticated, 401),
    (errors.Forbidden, 403),
    (errors.NotFound, 404),
    (MethodNotAllowed, 405),
    (BodyTimeout, 408),
    (errors.Conflict, 409),
    (errors.JobExpired, 410),
    (BodyTooLarge, 413),
    (UnsupportedMediaType, 415),
    (ForeignHost, 421),
    (errors.RateLimited, 429),
    (errors.ModelError, 502),
    (errors.TaskTimedOut, 504),
    (errors.StorageBusy, 503),
    (errors.StorageFull, 507),
    (errors.StorageDamaged, 500),
)

_HTTP_ERRORS: Final[dict[int, type[NoondError]]] = {
    404: errors.NotFound,
    405: MethodNotAllowed,
    408: BodyTimeout,
    413: BodyTooLarge,
    415: UnsupportedMediaType,
}

_STORAGE_RETRY_SECONDS = 1


def status_of(kind: type[NoondError]) -> int:
    """The HTTP status of an error."""
    return next((status for parent, status in _STATUS if issubclass(kind, parent)), 500)


def from_http_exception(exception: web.HTTPException) -> NoondError:
    """The error of our tree for one that aiohttp raised."""
    kind = _HTTP_ERRORS.get(exception.status)
    if kind is errors.NotFound:
        return errors.NotFound("there is nothing at this address")
    if kind is not None:
        return kind()
    return errors.Invalid(exception.reason) if exception.status < 500 else NoondError()


def problem_response(error: NoondError, *, request_id: str) -> web.Response:
    """The reply that tells of an error; what only the log may know is not in it."""
    status = status_of(type(error))
    message = error.message
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        message = NoondError().message
    problem: dict[str, Any] = {
        "type": f"urn:noond:problem:{error.code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": message,
        "code": error.code,
        "errors": [],
        "request_id": request_id,
    }
    headers = {}
    if isinstance(error, errors.Invalid):
        problem["errors"] = [{"field": f.field, "message": f.message} for f in error.fields]
    elif isinstance(error, errors.RunInProgress):
        problem["run_id"] = error.run_id
    elif isinstance(error, errors.JobExists):
        problem["job_id"] = error.job_id
    elif isinstance(error, errors.AlreadyCreated):
        problem["id"] = error.object_id
    elif isinstance(error, errors.Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    elif isinstance(error, errors.RateLimited):
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after_seconds)))
    elif isinstance(error, errors.StorageBusy):
        headers["Retry-After"] = str(_STORAGE_RETRY_SECONDS)
    return web.Response(
        status=status,
        # In ASCII: it may repeat field names of the caller's, with whatever they hold.
        body=json.dumps(problem).encode(),
        content_type=MEDIA_TYPE,
        headers=headers,
    )
