"""Server-sent events as a reader parses them, by the rules of the HTML standard."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any

import aiohttp


@dataclass(frozen=True, kw_only=True)
class StreamEvent:
    """An event that was dispatched."""

    id: str
    name: str
    data: dict[str, Any]

    @property
    def seq(self) -> int:
        return int(self.id.rpartition(":")[2])


def parse_block(block: str) -> StreamEvent | None:
    """The event of the lines up to an empty one; None for a comment."""
    values: dict[str, list[str]] = {}
    for line in re.split(r"\r\n|\r|\n", block):
        name, _, value = line.partition(":")
        if name:
            values.setdefault(name, []).append(value.removeprefix(" "))
    if not values:
        return None
    data = json.loads("\n".join(values["data"]))
    return StreamEvent(id=values["id"][0], name=values["event"][0], data=data)


def parse_stream(text: str) -> list[StreamEvent]:
    """The events of a stream that has ended."""
    blocks = re.sub(r"\r\n|\r", "\n", text).split("\n\n")
    return [event for block in blocks if (event := parse_block(block)) is not None]


async def hear(response: aiohttp.ClientResponse) -> AsyncIterator[StreamEvent | None]:
    """Events as they come; None for a comment. Ends with the stream, or where it is cut."""
    lines: list[str] = []
    try:
        async for line in response.content:
            if line.strip():
                lines.append(line.decode().rstrip("\r\n"))
                continue
            if lines:
                yield parse_block("\n".join(lines))
            lines = []
    except aiohttp.ClientError:
        return


def text_of(events: Iterable[StreamEvent]) -> str:
    """The answer as a reader has it: from the last beginning on."""
    text = ""
    for event in events:
        if event.name == "run_started":
            text = event.data["content"]
        elif event.name == "message_delta":
            text += event.data["delta"]
    return text
