"""Where devices come in: what is stored of their hello, and the socket that they get."""

from __future__ import annotations

from aiohttp import web

from noond.api.routes.socket import ServeDevice
from noond.clock import Clock
from noond.hub.frames import SUBPROTOCOL, DeviceHello
from noond.hub.hub import Greet, Hub
from noond.models.device import Device
from noond.store import devices, journal
from noond.store.database import Database
from noond.store.rows import Transaction


def greeting(database: Database, clock: Clock) -> Greet:
    """Stores a hello; answers how many records wait for the device, None for one unknown."""

    async def greet(user_id: str, hello: DeviceHello) -> int | None:
        def store(tx: Transaction) -> int | None:
            known = devices.greet(
                tx,
                user_id,
                hello.device_id,
                name=hello.name,
                platform=hello.platform,
                app_version=hello.app_version,
                capabilities=frozenset(hello.capabilities),
                now=clock.now(),
            )
            return journal.count_pending(tx, user_id, hello.device_id) if known else None

        return await database.write(store)

    return greet


def device_server(hub: Hub, frame_bytes: int) -> ServeDevice:
    """Opens the socket and hands it to the hub."""

    async def serve_device(request: web.Request, device: Device) -> web.StreamResponse:
        ws = web.WebSocketResponse(
            protocols=(SUBPROTOCOL,),
            autoping=False,
            compress=False,
            decode_text=False,
            # aiohttp refuses messages that reach the limit.
            max_msg_size=frame_bytes + 1,
        )
        await ws.prepare(request)
        await hub.serve(ws, request.transport, user_id=device.user_id, device_id=device.id)
        return ws

    return serve_device
