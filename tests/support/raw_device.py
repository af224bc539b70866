"""A device that a test plays byte by byte: it can be slow, rude or silent."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from scripted_device import WAIT_SECONDS

from noond.hub.frames import SUBPROTOCOL

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class RawDevice:
    """One side of a WebSocket; reads and answers nothing by itself."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, **frame: Any) -> None:
        """Send a frame."""
        await self.send_bytes(message(json.dumps(frame).encode()))

    async def send_bytes(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.writer.write(data)
        await self.writer.drain()

    async def receive(self) -> tuple[int, bytes]:
        """The next WebSocket frame's kind and payload; raises IncompleteReadError at the end."""
        async with asyncio.timeout(WAIT_SECONDS):
            first, length = await self.reader.readexactly(2)
            if length == 126:
                (length,) = struct.unpack("!H", await self.reader.readexactly(2))
            elif length == 127:
                (length,) = struct.unpack("!Q", await self.reader.readexactly(8))
            return first & 0xF, await self.reader.readexactly(length)

    async def expect(self, kind: int) -> bytes:
        """The payload of the next WebSocket frame of this kind; others are passed over."""
        while True:
            received, payload = await self.receive()
            if received == kind:
                return payload

    async def close_code(self) -> int:
        """Read on until the daemon's close frame."""
        return int(struct.unpack_from("!H", await self.expect(CLOSE))[0])

    async def hello(self, *capabilities: str, device_id: str = "laptop") -> dict[str, Any]:
        """Say hello; returns the welcome."""
        await self.send(type="device_hello", device_id=device_id, capabilities=list(capabilities))
        welcome: dict[str, Any] = json.loads(await self.expect(TEXT))
        assert welcome["type"] == "welcome", welcome
        return welcome


def message(payload: bytes, *, kind: int = TEXT, final: bool = True) -> bytes:
    """A client's WebSocket frame; its mask is four zeros."""
    return header(len(payload), kind=kind, final=final) + payload


def header(length: int, *, kind: int = TEXT, final: bool = True) -> bytes:
    """What stands before a payload of this length."""
    first = (0x80 if final else 0) | kind
    if length < 126:
        return struct.pack("!BB4x", first, 0x80 | length)
    if length < 65_536:
        return struct.pack("!BBH4x", first, 0x80 | 126, length)
    return struct.pack("!BBQ4x", first, 0x80 | 127, length)


@asynccontextmanager
async def raw_device(
    url: str, token: str = "laptop", *, path: str = "/ws/device", protocol: str = SUBPROTOCOL
) -> AsyncIterator[RawDevice]:
    """Connect a device with this token; it holds little in memory that it has not read."""
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port, limit=65_536)
    try:
        key = base64.b64encode(os.urandom(16)).decode()
        lines = (
            f"GET {path} HTTP/1.1",
            f"Host: {address.netloc}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Protocol: {protocol}",
            f"Authorization: Bearer {token}",
        )
        writer.write("\r\n".join((*lines, "", "")).encode())
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101"), head
        yield RawDevice(reader, writer)
    finally:
        writer.transport.abort()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
