"""The device socket: every check comes before the upgrade."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from noond.api.authentication import Authentication
from noond.api.routing import Access, Call, Rate, Route
from noond.api.upgrades import check_upgrade
from noond.errors import Invalid, RateLimited, Unauthenticated
from noond.hub.frames import SUBPROTOCOL
from noond.models.device import Device

DeviceLetIn = Callable[[Call, Device], Awaitable[None]]
"""Told of a device before it is connected."""

ServeDevice = Callable[[web.Request, Device], Awaitable[web.StreamResponse]]
"""Upgrades a request that was checked, and serves the device until its socket closes."""


def routes(
    authentication: Authentication, let_in: DeviceLetIn, serve_device: ServeDevice
) -> tuple[Route, ...]:
    """The route of the device socket."""

    async def connect(call: Call) -> web.StreamResponse:
        request = call.request
        check_upgrade(request, SUBPROTOCOL)
        device = await authentication.device(request, call.client)
        await let_in(call, device)
        return await serve_device(request, device)

    return (
        Route(
            method="GET",
            path="/ws/device",
            resource="device",
            tag="Devices",
            summary="The device's WebSocket",
            description=f"Subprotocol `{SUBPROTOCOL}`, `Authorization: Bearer <device token>`. "
            "Frames are described in the protocol reference.",
            access=Access.DEVICE,
            rate=Rate.NONE,
            handler=connect,
            status=101,
            operation_id="connect_device",
            errors=(Invalid, Unauthenticated, RateLimited),
        ),
    )
