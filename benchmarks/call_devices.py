"""The device at the other end of each server in `call_servers`: it answers at once."""

from __future__ import annotations

import asyncio
import struct
from multiprocessing.connection import Connection as Pipe
from typing import cast

import uvloop
from pydantic_core import from_json, to_json

from benchmarks.bench_hub import HOST
from benchmarks.call_servers import DEVICE
from noond.hub.frames import SUBPROTOCOL, DeviceHello

HELLO = DeviceHello(device_id=DEVICE, name="Ana's laptop", platform="linux").to_bytes()


def answer(message: bytes) -> bytes:
    """The device's answer to a call; nothing to other messages."""
    frame = from_json(message)
    if frame["type"] != "tool_call":
        return b""
    return to_json(
        {"type": "tool_result", "id": frame["id"], "result": {"id": "rec-" + frame["id"]}}
    )


class TcpDevice(asyncio.Protocol):
    """Answers lines."""

    rest = b""
    transport: asyncio.WriteTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        *lines, self.rest = (self.rest + data).split(b"\n")
        self.transport.write(b"".join(answer(line) + b"\n" for line in lines))


class WebSocketDevice(asyncio.Protocol):
    """Answers text frames, and pings. Its mask is four zeros, which costs the server the same."""

    rest = b""
    upgraded = False
    transport: asyncio.WriteTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.WriteTransport", transport)
        self.transport.write(
            b"GET /ws/device?device=%s HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: %s\r\n\r\n"
            % (DEVICE.encode(), SUBPROTOCOL.encode())
        )

    def data_received(self, data: bytes) -> None:
        self.rest += data
        if not self.upgraded:
            head, _, rest = self.rest.partition(b"\r\n\r\n")
            if not rest and not self.rest.endswith(b"\r\n\r\n"):
                return
            assert head.startswith(b"HTTP/1.1 101")
            self.upgraded, self.rest = True, rest
            self.transport.write(masked(1, HELLO))
        self.transport.write(b"".join(self._answers()))

    def _answers(self) -> list[bytes]:
        answers, start, data = [], 0, self.rest
        while len(data) - start >= 4:
            length, header = data[start + 1], 2
            if length == 126:
                length, header = struct.unpack_from("!H", data, start + 2)[0], 4
            end = start + header + length
            if len(data) < end:
                break
            payload, kind = data[start + header : end], data[start] & 0xF
            if kind == 9:
                answers.append(masked(10, payload))
            elif kind == 1 and (text := answer(payload)):
                answers.append(masked(1, text))
            start = end
        self.rest = data[start:]
        return answers


def masked(kind: int, payload: bytes) -> bytes:
    """A client's WebSocket frame below 64 KiB."""
    if len(payload) < 126:
        return struct.pack("!BB4x", 0x80 | kind, 0x80 | len(payload)) + payload
    return struct.pack("!BBH4x", 0x80 | kind, 0x80 | 126, len(payload)) + payload


def run_client(ports: dict[str, int], _: Pipe) -> None:
    """Connect to every server and answer until killed."""

    async def play() -> None:
        loop = asyncio.get_running_loop()
        for name, port in ports.items():
            device = TcpDevice if name == "raw uvloop TCP" else WebSocketDevice
            await loop.create_connection(device, HOST, port)
        await asyncio.Event().wait()

    uvloop.run(play())
