"""A device that streams one prepared frame after the other, as fast as it may.

It masks with picows in C, so it outruns every server it is used against.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any, cast

from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect
from pydantic_core import from_json, to_json

from noond.hub.frames import SUBPROTOCOL

_LINES = (
    "- Ana schickt den Vertrag bis Freitag an die Kanzlei; der Entwurf liegt im Ordner.\n",
    'The room is booked for the offsite, nobody has asked "who brings the projector" yet.\n',
    "\tSee also notes/2026/standup.md, and the thread of 3 November about the printer.\n",
    "Für Mittwoch fehlt noch die Zusage aus Köln, sonst bleibt alles beim alten Plan.\n",
)


def files_of(frame_bytes: int) -> bytes:
    """The JSON of `files` that fills a frame: notes of 8 KB each, with line ends and umlauts."""
    note = "".join(_LINES[number % len(_LINES)] for number in range(96))
    each = len(to_json({"path": "notes/2026/standup-0000.md", "content": note}))
    count = max(1, frame_bytes // (each + 1))
    return to_json(
        [{"path": f"notes/2026/standup-{number:04}.md", "content": note} for number in range(count)]
    )


class StreamingDevice(WSListener):
    """Streams on demand, answers calls at once, and keeps to its credit if it has any."""

    def __init__(self, device_id: str, capabilities: Sequence[str]) -> None:
        self.sent_bytes = 0
        """Bytes of data frames since `stream` began."""
        self._hello = {
            "type": "device_hello",
            "device_id": device_id,
            "capabilities": list(capabilities),
        }
        self._credited = "credit" in capabilities
        self._credit = 0
        self._granted = 0
        self._run_id = ""
        self._body = b""
        self._seq = 0
        self._until = 0
        self._may_write = True
        self._scheduled = False
        self._loop = asyncio.get_running_loop()
        self._arrived: dict[str, deque[dict[str, Any]]] = {}
        self._news = asyncio.Event()
        self._ws: WSTransport

    @classmethod
    async def connect(
        cls,
        url: str,
        *,
        device_id: str = "bench",
        capabilities: Sequence[str] = (),
        token: str = "",
    ) -> StreamingDevice:
        """A device that has said hello."""
        _, device = await ws_connect(
            lambda: cls(device_id, capabilities),
            f"{url.replace('http://', 'ws://')}/ws/device?device={device_id}",
            extra_headers={
                "Authorization": f"Bearer {token}",
                "Sec-WebSocket-Protocol": SUBPROTOCOL,
            },
        )
        return cast("StreamingDevice", device)

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Say hello."""
        self._ws = transport
        self.send(self._hello)

    def on_ws_frame(self, _transport: WSTransport, frame: WSFrame) -> None:
        """Answer a call, take credit, keep the rest for `expect`."""
        if frame.msg_type is not WSMsgType.TEXT:
            return
        message = from_json(frame.get_payload_as_bytes())
        kind = message["type"]
        if kind == "tool_call":
            result = {"id": "rec-" + message["id"]}
            self.send({"type": "tool_result", "id": message["id"], "result": result})
        elif kind == "agent_credit":
            self._credit += message["bytes"]
            self._granted += message["bytes"]
            self._news.set()
            self._go_on()
        else:
            if kind == "welcome" and self._credited:
                self._credit = message["limits"]["credit_bytes"]
            self._arrived.setdefault(kind, deque()).append(message)
            self._news.set()

    def pause_writing(self) -> None:
        """The kernel takes no more."""
        self._may_write = False

    def resume_writing(self) -> None:
        """It does again."""
        self._may_write = True
        self._go_on()

    def send(self, frame: dict[str, Any]) -> None:
        """Send a frame now."""
        self._ws.send(WSMsgType.TEXT, to_json(frame))

    async def expect(self, kind: str) -> dict[str, Any]:
        """The next frame of this type."""
        while not self._arrived.get(kind):
            self._news.clear()
            await self._news.wait()
        return self._arrived[kind].popleft()

    async def all_credited(self) -> None:
        """Wait until the daemon is done with every byte."""
        while self._granted < self.sent_bytes:
            self._news.clear()
            await self._news.wait()

    def stream(self, run_id: str, files: bytes, until: int) -> None:
        """Begin to send data frames, until so many bytes were sent or `stop`."""
        self._run_id, self._body, self._until = run_id, files, until
        self._seq = self.sent_bytes = self._granted = 0
        self._go_on()

    def stop(self) -> None:
        """Send no further data frame."""
        self._until = 0

    async def sent(self) -> int:
        """Wait until the stream was sent; returns the last frame's number."""
        while self.sent_bytes < self._until:
            self._news.clear()
            await self._news.wait()
        return self._seq

    def disconnect(self) -> None:
        """Leave."""
        self._ws.disconnect(graceful=False)

    def _go_on(self) -> None:
        # One frame a turn of the loop: calls are answered between two frames.
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._send_one)

    def _send_one(self) -> None:
        self._scheduled = False
        if self.sent_bytes >= self._until or not self._may_write:
            return
        frame = b'{"type":"agent_data","run_id":"%s","seq":%d,"files":%s}' % (
            self._run_id.encode(),
            self._seq + 1,
            self._body,
        )
        if self._credited:
            if len(frame) > self._credit:
                return
            self._credit -= len(frame)
        self._seq += 1
        self.sent_bytes += len(frame)
        self._ws.send(WSMsgType.TEXT, frame)
        if self.sent_bytes >= self._until:
            self._news.set()
        else:
            self._go_on()
