"""Unexpected errors reach a Sentry server, without anything that somebody wrote."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import socket
import sys
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import structlog
from webhook_receiver import Receiver, webhook_receiver

from noond.error_reports import ErrorReports
from noond.errors import ConfigError, NoondError, NotFound
from noond.log import configure_logging

CANARY = "canary-7f3e91"

log = structlog.get_logger(__name__)


@pytest.fixture(autouse=True)
def logging_is_put_back() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with webhook_receiver() as running:
        yield running


def dsn_of(receiver: Receiver) -> str:
    return receiver.url.replace("http://", "http://publickey@") + "/7"


def events(receiver: Receiver) -> list[dict[str, Any]]:
    """The events in the envelopes that arrived."""
    found = []
    for request in receiver.requests:
        lines = content(request.body).splitlines()
        found += [json.loads(line) for line in lines if b'"exception"' in line]
    return found


def content(body: bytes) -> bytes:
    return gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body


def fail(prompt: str) -> None:
    """As deep in the code a document's text goes wrong."""
    password = prompt.upper()
    try:
        int(prompt)
    except ValueError as error:
        raise RuntimeError(f"can't read {prompt!r} with {password}") from error


async def reported(receiver: Receiver, *errors: Any) -> list[dict[str, Any]]:
    """What arrives of what these do, each logged with its traceback."""
    reports = ErrorReports(dsn_of(receiver))
    configure_logging(level="warning", style="json", report=reports.report)
    for number, error in enumerate(errors):
        try:
            error()
        except Exception:
            if number % 2:
                logging.getLogger("some.library").exception("lost %s", CANARY)
            else:
                log.exception("job_failed", job=CANARY, header=CANARY)
    await asyncio.to_thread(reports.close)
    return events(receiver)


async def test_an_error_is_reported_without_what_anybody_wrote(receiver: Receiver) -> None:
    structlog.contextvars.bind_contextvars(request_id=CANARY)
    try:
        ours, theirs = await reported(receiver, lambda: fail(CANARY), lambda: fail(CANARY))
    finally:
        structlog.contextvars.clear_contextvars()
    for request in receiver.requests:
        everything = content(request.body) + json.dumps(request.headers).encode()
        assert CANARY.encode() not in everything
        assert CANARY.upper().encode() not in everything
        assert socket.gethostname().encode() not in content(request.body)
        assert b"/tests/" not in everything
    cause, error = ours["exception"]["values"]
    assert (cause["type"], error["type"]) == ("ValueError", "RuntimeError")
    place = error["stacktrace"]["frames"][-1]
    assert (place["function"], place["filename"]) == ("fail", "test_error_reports.py")
    assert set(place) == {"filename", "module", "function", "lineno", "in_app"}
    assert (ours["logger"], theirs["logger"]) == ("job_failed", "some.library")
    assert set(ours) <= {
        "event_id", "timestamp", "level", "logger", "release", "platform", "sdk", "server_name",
        "exception",
    }  # fmt: skip
    assert ours["server_name"] == ""


async def test_what_noond_expects_is_not_reported(receiver: Receiver) -> None:
    def expected() -> None:
        raise NotFound("there is no such thing")

    def internal() -> None:
        raise NoondError("it failed")

    (only,) = await reported(receiver, expected, internal)
    assert only["exception"]["values"][0]["type"] == "NoondError"


async def test_a_server_that_does_not_answer_holds_nothing_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        reports = ErrorReports(f"http://key@127.0.0.1:{silent.getsockname()[1]}/7")
        began = time.monotonic()
        for _ in range(200):
            reports.report(RuntimeError("x"), "job_failed")
        assert time.monotonic() - began < 2
        await asyncio.to_thread(reports.close)
        assert time.monotonic() - began < 6


def test_without_the_library_the_message_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "sentry_sdk", None)
    with pytest.raises(ConfigError, match=r"noond\[sentry\]"):
        ErrorReports("http://key@127.0.0.1/7")


def test_a_wrong_dsn_is_refused_without_being_shown() -> None:
    with pytest.raises(ConfigError) as refused:
        ErrorReports(f"nonsense-{CANARY}")
    assert CANARY not in str(refused.value)
