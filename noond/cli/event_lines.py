"""Server-sent events as they are read from a reply."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol


class Lines(Protocol):
    """What lines are read from."""

    def readline(self) -> bytes:
        """The next line with its end; empty after the last one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentEvent:
    """One event; `id` is that of the last event that had one, empty when none had."""

    id: str
    name: str
    data: Any


def read_events(lines: Lines) -> Iterator[SentEvent]:
    """The events, by the rules of the HTML standard; their data is JSON.

    Raises ValueError for data that is none, and what `readline` raises.
    """
    last_id, name = "", "message"
    data: list[str] = []
    while line := lines.readline():
        text = line.decode("utf-8").rstrip("\r\n")
        field, _, value = text.partition(":")
        value = value.removeprefix(" ")
        match field:
            case "data":
                data.append(value)
            case "event":
                name = value
            case "id":
                last_id = value
        if not text:
            if data:
                yield SentEvent(id=last_id, name=name, data=json.loads("\n".join(data)))
            name = "message"
            data.clear()
