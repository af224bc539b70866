"""A device that a test plays by hand, frame by frame, over a real socket."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from noond.hub.frames import SUBPROTOCOL

WAIT_SECONDS = 10


class Closed(Exception):
    """The daemon closed the socket."""

    def __init__(self, code: int | None) -> None:
        self.code = code
        super().__init__(f"closed with {code}")


class ScriptedDevice:
    """Sends what it is told and remembers the records it applied, by call id."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        self.ws = ws
        self.applied: dict[str, dict[str, Any]] = {}

    async def send(self, **frame: Any) -> None:
        """Send a frame."""
        await self.ws.send_json(frame)

    async def receive(self) -> dict[str, Any]:
        """The next frame; raises Closed."""
        async with asyncio.timeout(WAIT_SECONDS):
            message = await self.ws.receive()
        if message.type is aiohttp.WSMsgType.TEXT:
            frame: dict[str, Any] = message.json()
            return frame
        raise Closed(self.ws.close_code)

    async def expect(self, kind: str) -> dict[str, Any]:
        """The next frame, which must be of this type."""
        frame = await self.receive()
        assert frame["type"] == kind, frame
        return frame

    async def closed(self) -> int | None:
        """Read on until the daemon closes; returns the code."""
        while True:
            try:
                await self.receive()
            except Closed as closed:
                return closed.code

    async def hello(self, *capabilities: str, device_id: str = "laptop") -> dict[str, Any]:
        """Say hello; returns the welcome."""
        await self.send(
            type="device_hello", device_id=device_id, protocol=1, capabilities=list(capabilities)
        )
        return await self.expect("welcome")

    async def send_files(
        self, run_id: str, files: dict[str, str], *, seq: int = 1, complete: bool = True
    ) -> None:
        """Send text files, each in a frame of its own, from this number on."""
        for number, (path, content) in enumerate(files.items(), seq):
            entry = {"path": path, "content": content}
            await self.send(type="agent_data", run_id=run_id, seq=number, files=[entry])
        if complete:
            last = seq + len(files) - 1
            await self.send(type="agent_complete", run_id=run_id, last_seq=last)

    async def send_manifest(self, run_id: str, files: dict[str, str]) -> list[str]:
        """Send the manifest of text files; returns the paths that the daemon wants."""
        listed = [
            {"path": path, "size": len(content.encode()), "sha256": sha256(content)}
            for path, content in files.items()
        ]
        await self.send(type="agent_manifest", run_id=run_id, files=listed, last=True)
        wanted: list[str] = []
        while True:
            frame = await self.expect("agent_want")
            wanted += frame["paths"]
            if frame["last"]:
                return wanted

    async def answer(self, call: dict[str, Any], *, error: str | None = None) -> None:
        """Apply a call and answer it, or refuse it."""
        if error is not None:
            await self.send(type="tool_result", id=call["id"], error=error)
            return
        self.applied.setdefault(call["id"], call)
        await self.send(type="tool_result", id=call["id"], result={"id": f"rec-{call['id']}"})

    async def answer_all(self, count: int) -> list[dict[str, Any]]:
        """Apply and answer that many calls."""
        calls = []
        for _ in range(count):
            calls.append(await self.expect("tool_call"))
            await self.answer(calls[-1])
        return calls


def sha256(content: str) -> str:
    """Of the UTF-8 bytes, in hex."""
    return hashlib.sha256(content.encode()).hexdigest()


@asynccontextmanager
async def scripted_device(url: str, token: str, **kwargs: Any) -> AsyncIterator[ScriptedDevice]:
    """Connect a device with this token to the daemon at `url`."""
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(
            f"{url}/ws/device",
            protocols=[SUBPROTOCOL],
            headers={"Authorization": f"Bearer {token}"},
            max_msg_size=0,
            **kwargs,
        ) as ws,
    ):
        yield ScriptedDevice(ws)
