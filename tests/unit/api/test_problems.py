from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from noond import errors
from noond.api.problems import problem_response, status_of
from noond.errors import FieldError, Invalid, NoondError


def every_error(kind: type[NoondError] = NoondError) -> Iterator[type[NoondError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from every_error(child)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (errors.Invalid, 400),
        (errors.Unauthenticated, 401),
        (errors.PairingCodeWrong, 401),
        (errors.Forbidden, 403),
        (errors.NotFound, 404),
        (errors.Conflict, 409),
        (errors.RunInProgress, 409),
        (errors.AlreadyCreated, 409),
        (errors.RateLimited, 429),
        (errors.StorageBusy, 503),
        (errors.StorageFull, 507),
        (errors.StorageDamaged, 500),
        (NoondError, 500),
    ],
)
def test_each_error_has_its_status(kind: type[NoondError], status: int) -> None:
    assert status_of(kind) == status


def test_codes_tell_errors_apart() -> None:
    codes = [kind.code for kind in every_error() if status_of(kind) != 500]

    assert len(codes) == len(set(codes))


def test_fields_are_listed() -> None:
    error = Invalid(fields=[FieldError(field="a.0", message="is wrong")])

    response = problem_response(error, request_id="r1")

    assert response.content_type == "application/problem+json"
    assert isinstance(response.body, bytes)
    assert json.loads(response.body) == {
        "type": "urn:noond:problem:invalid",
        "title": "Bad Request",
        "status": 400,
        "detail": "a.0: is wrong",
        "code": "invalid",
        "errors": [{"field": "a.0", "message": "is wrong"}],
        "request_id": "r1",
    }


def test_a_500_keeps_its_reason_to_itself() -> None:
    response = problem_response(
        errors.StorageDamaged("/home/ana/noond.db is damaged"), request_id="r"
    )

    assert isinstance(response.body, bytes)
    assert b"/home" not in response.body
    assert json.loads(response.body)["detail"] == NoondError().message


def test_text_that_is_no_unicode_does_not_break_the_reply() -> None:
    response = problem_response(Invalid("half \ud800"), request_id="r")

    assert isinstance(response.body, bytes)
    assert json.loads(response.body)["status"] == 400


@pytest.mark.parametrize(("seconds", "header"), [(0.01, "1"), (1.2, "2"), (60, "60")])
def test_the_wait_is_whole_seconds(seconds: float, header: str) -> None:
    error = errors.RateLimited(retry_after_seconds=seconds)

    assert problem_response(error, request_id="r").headers["Retry-After"] == header
