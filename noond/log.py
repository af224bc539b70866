"""Logging: one event is one line, as JSON or for a console; no control character gets through."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from typing import Any, Literal, TypeAlias

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from noond.inert import inert


def _make_inert(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    if "exception" in event:
        # A console would show it on lines of its own, and its message may come from anywhere.
        lines = map(str.strip, str(event.pop("exception")).splitlines())
        event["traceback"] = " | ".join(line for line in lines if line.strip("~^"))
    return {key: value if key.startswith("_") else _inert(value) for key, value in event.items()}


def _inert(value: Any) -> Any:
    """The value so that neither its text nor the `repr` of what is in it can act."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, dict):
        return {inert(str(key)): _inert(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_inert(item) for item in value]
    return inert(value if isinstance(value, str) else repr(value))


Report: TypeAlias = Callable[[BaseException, str], None]
"""Takes an error that was logged with its traceback, and what the log calls the event."""


def _reporting(report: Report) -> Processor:
    def tell(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        error = _error_of(event.get("exc_info"))
        if error is not None:
            # Ours are called by a name; others' messages may hold anything.
            said = str(event.get("event"))
            report(error, said if said.isidentifier() else str(event.get("logger")))
        return event

    return tell


def _error_of(exc_info: object) -> BaseException | None:
    """The error that a log call was given: itself, a triple, or that there is one."""
    if isinstance(exc_info, tuple):
        _, exc_info, _ = exc_info
    elif exc_info is True:
        _, exc_info, _ = sys.exc_info()
    return exc_info if isinstance(exc_info, BaseException) else None


def configure_logging(
    *, level: str, style: Literal["json", "console"], report: Report | None = None
) -> None:
    """Send structlog's and the standard library's records to stderr, one line each.

    `report` is told of every error that comes with its traceback.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        *([] if report is None else [_reporting(report)]),
        structlog.processors.format_exc_info,
        _make_inert,
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if style == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # httpx and the model client write whole URLs, the access log every request, at INFO.
    for noisy in (
        "httpx",
        "httpx2",
        "httpcore",
        "httpcore2",
        "openai",
        "aiohttp.access",
        "apscheduler",
    ):
        logging.getLogger(noisy).setLevel(logging.WARNING)
