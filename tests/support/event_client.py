"""An app on the event socket, as a test plays it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from noond.api.event_frames import SUBPROTOCOL

WAIT_SECONDS = 10.0


class EventClient:
    """One side of the socket."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def subscribe(self, *topics: str, after: int | None = None) -> dict[str, Any]:
        """Say what it wants to be told; returns the answer."""
        await self.say({"type": "subscribe", "topics": list(topics), "after": after})
        return await self.expect("subscribed")

    async def come_back(self, *topics: str, after: int) -> dict[str, Any]:
        """Subscribe after a number that is gone; returns the gap."""
        await self.say({"type": "subscribe", "topics": list(topics), "after": after})
        gap = await self.expect("gap")
        assert (await self.expect("subscribed"))["seq"] == gap["to"]
        return gap

    async def say(self, frame: Any) -> None:
        """Send a frame."""
        await self.socket.send_str(json.dumps(frame))

    async def expect(self, kind: str) -> dict[str, Any]:
        """The next frame, which must be of this type."""
        async with asyncio.timeout(WAIT_SECONDS):
            message = await self.socket.receive()
        assert message.type is aiohttp.WSMsgType.TEXT, (message, self.socket.close_code)
        frame: dict[str, Any] = json.loads(message.data)
        assert frame["type"] == kind, frame
        return frame

    async def event(self) -> tuple[str, str]:
        """The next event's name and subject."""
        event = await self.expect("event")
        return event["name"], event["subject"]

    async def close_code(self) -> int | None:
        """Read on until the daemon closes."""
        async with asyncio.timeout(WAIT_SECONDS):
            while (await self.socket.receive()).type is aiohttp.WSMsgType.TEXT:
                pass
        return self.socket.close_code


@asynccontextmanager
async def event_client(
    http: aiohttp.ClientSession, url: str, *, key: str | None = None, ticket: str | None = None
) -> AsyncIterator[EventClient]:
    """Connect with a key or token in a header, or with a ticket."""
    protocols = [SUBPROTOCOL] if ticket is None else [SUBPROTOCOL, f"ticket.{ticket}"]
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    async with http.ws_connect(f"{url}/ws/events", protocols=protocols, headers=headers) as socket:
        assert socket.protocol == SUBPROTOCOL
        yield EventClient(socket)
