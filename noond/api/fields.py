"""Types of fields that several bodies and replies share."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema

from noond.clock import rfc3339
from noond.inert import inert

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def _one_line(text: str) -> str:
    if inert(text) != text or "\t" in text:
        raise ValueError("must not hold line breaks or other control characters")
    return text


def _no_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("must not hold NUL characters")
    return text


def _in_rfc3339(text: object) -> object:
    if not isinstance(text, str) or _RFC3339.fullmatch(text) is None:
        raise ValueError("must be a time such as 2026-11-20T08:00:00Z")
    return text


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("is too far away") from None


Moment: TypeAlias = Annotated[
    datetime,
    PlainSerializer(rfc3339, return_type=str, when_used="json-unless-none"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A time as RFC 3339 in UTC with milliseconds."""

Instant: TypeAlias = Annotated[datetime, BeforeValidator(_in_rfc3339), AfterValidator(_in_utc)]
"""A time that a request names, in RFC 3339 with its zone."""

Line: TypeAlias = Annotated[str, AfterValidator(_one_line)]
"""Text that people see in one line."""

Name: TypeAlias = Annotated[Line, Field(min_length=1, max_length=200, pattern=r"\S")]
"""What people call a thing."""

Text: TypeAlias = Annotated[str, AfterValidator(_no_nul), Field(max_length=20_000)]
"""Longer text, with line breaks."""

DeviceId: TypeAlias = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        pattern=r"^[A-Za-z0-9_][A-Za-z0-9._:-]*$",
        description="The device's id, which it chooses itself; unique per user.",
    ),
]
