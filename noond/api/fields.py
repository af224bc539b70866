"""Types of fields that several bodies and replies share."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, Field, PlainSerializer, WithJsonSchema

from noond.clock import rfc3339
from noond.inert import inert


def _one_line(text: str) -> str:
    if inert(text) != text or "\t" in text:
        raise ValueError("must not hold line breaks or other control characters")
    return text


def _no_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("must not hold NUL characters")
    return text


Moment: TypeAlias = Annotated[
    datetime,
    PlainSerializer(rfc3339, return_type=str, when_used="json-unless-none"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A time as RFC 3339 in UTC with milliseconds."""

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
