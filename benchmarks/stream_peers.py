"""Servers that receive a device's stream and do nothing else: what noond is compared with.

Each runs in a process of its own on uvloop, reads every message, parses its JSON with pydantic_core
and answers `agent_complete` with `{"type":"done"}`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from multiprocessing.connection import Connection as Pipe
from typing import Any

import picows
import uvloop
import websockets.asyncio.server
from aiohttp import WSMsgType, web
from pydantic_core import from_json

from benchmarks.bench_hub import HOST, application_served, socket_of
from noond.hub.frames import SUBPROTOCOL

LARGEST = 2**24
DONE = b'{"type":"done"}'


def take(message: bytes) -> bytes | None:
    """Parse a message; the answer to the last one of a stream."""
    return DONE if from_json(message)["type"] == "agent_complete" else None


Opened = Callable[[int], None]
"""Tells on which port a server listens."""


async def serve_picows(opened: Opened) -> None:
    """picows, as it is installed."""

    class Listener(picows.WSListener):
        def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
            if frame.msg_type is picows.WSMsgType.TEXT:
                answer = take(frame.get_payload_as_bytes())
                if answer is not None:
                    transport.send(picows.WSMsgType.TEXT, answer)

    server = await picows.ws_create_server(
        lambda _request: Listener(), HOST, 0, max_frame_size=LARGEST
    )
    opened(server.sockets[0].getsockname()[1])
    await server.serve_forever()


async def serve_websockets(opened: Opened) -> None:
    """The `websockets` library with its C extension."""

    async def handle(ws: websockets.asyncio.server.ServerConnection) -> None:
        while True:
            try:
                answer = take(await ws.recv(decode=False))
            except websockets.ConnectionClosed:
                return
            if answer is not None:
                await ws.send(answer, text=True)

    server = await websockets.asyncio.server.serve(
        handle,
        HOST,
        0,
        compression=None,
        max_size=LARGEST,
        subprotocols=[websockets.Subprotocol(SUBPROTOCOL)],
    )
    opened(next(iter(server.sockets)).getsockname()[1])
    await server.serve_forever()


async def serve_aiohttp(opened: Opened) -> None:
    """aiohttp, which noond is built on."""

    async def connect(request: web.Request) -> web.StreamResponse:
        ws = await socket_of(request)
        async for message in ws:
            answer = take(message.data)
            if answer is not None:
                await ws.send_frame(answer, WSMsgType.TEXT)
        return ws

    async with application_served(connect) as port:
        opened(port)
        await asyncio.Event().wait()


PEERS: dict[str, Callable[[Opened], Coroutine[Any, Any, None]]] = {
    "picows": serve_picows,
    "websockets": serve_websockets,
    "aiohttp": serve_aiohttp,
}


def run_peer(name: str, pipe: Pipe) -> None:
    """Tell the port, then serve until killed."""
    logging.getLogger("websockets").setLevel(logging.CRITICAL)
    uvloop.run(PEERS[name](pipe.send))
