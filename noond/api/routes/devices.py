"""Devices: list, remove, and give a new token."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from noond.accounts.devices import Devices
from noond.api.fields import DeviceId, Moment
from noond.api.idempotency import Idempotency, Made
from noond.api.paging import Page, PageQuery, page_of
from noond.api.routing import Answer, Call, Rate, Reply, Route
from noond.clock import from_ms, to_ms
from noond.errors import AlreadyCreated, IdempotencyConflict, NotFound
from noond.models.account import Scope
from noond.models.audit import Action
from noond.models.device import Device
from noond.store.rows import Transaction

IsOnline = Callable[[str, str], bool]
"""Whether the device of this user and id is connected."""

_EARLIEST, _LATEST = 0, 253_402_300_799_999


class DeviceReply(Reply):
    """A paired device."""

    device_id: DeviceId
    name: str
    platform: str | None
    app_version: str | None
    capabilities: list[str]
    online: bool
    created_at: Moment
    last_seen_at: Moment | None


class DeviceTokenReply(Reply):
    """A device's token, shown once, and where to connect with it."""

    device_token: str
    device_id: DeviceId
    ws_url: str


def token_reply(call: Call, device_id: str, secret: str) -> DeviceTokenReply:
    """The token, with the socket's address under the host that was asked."""
    scheme = "wss" if call.client.secure else "ws"
    return DeviceTokenReply(
        device_token=secret,
        device_id=device_id,
        ws_url=f"{scheme}://{call.request.headers['Host']}/ws/device",
    )


def routes(devices: Devices, idempotency: Idempotency, *, is_online: IsOnline) -> tuple[Route, ...]:
    """The routes of paired devices."""

    def show(device: Device) -> DeviceReply:
        return DeviceReply(
            device_id=device.id,
            name=device.name,
            platform=device.platform,
            app_version=device.app_version,
            capabilities=sorted(device.capabilities),
            online=is_online(device.user_id, device.id),
            created_at=device.created_at,
            last_seen_at=device.last_seen_at,
        )

    async def list_devices(call: Call) -> Answer:
        query = call.query(PageQuery)
        found = await devices.list_page(call.user_id, limit=query.limit + 1, before=_before(query))
        return page_of(
            Page[DeviceReply],
            found,
            limit=query.limit,
            show=show,
            place=lambda device: f"{to_ms(device.created_at)} {device.id}",
        )

    async def remove(call: Call) -> Answer:
        await devices.revoke(call.user_id, call.path["device_id"])
        return None

    async def rotate(call: Call) -> Answer:
        device_id = call.path["device_id"]

        def work(tx: Transaction) -> Made:
            token = devices.rotate_token(tx, call.user_id, device_id)
            reply = token_reply(call, device_id, token.secret)
            return Made(status=201, reply=reply, object_id=device_id, secret=True)

        return await idempotency.run(call, work)

    return (
        Route(
            method="GET",
            path="/api/v1/devices",
            tag="Devices",
            summary="List the paired devices",
            description="Newest first; `online` says whether the device is connected now.",
            access=Scope.DEVICES_READ,
            rate=Rate.READ,
            handler=list_devices,
            query=PageQuery,
            reply=Page[DeviceReply],
        ),
        Route(
            method="DELETE",
            path="/api/v1/devices/{device_id}",
            tag="Devices",
            summary="Remove a device",
            description="Ends its token, closes its socket, pauses its agents and gives up what "
            "it was still to get. Its history stays.",
            access=Scope.DEVICES_WRITE,
            rate=Rate.WRITE,
            handler=remove,
            status=204,
            errors=(NotFound,),
        ),
        Route(
            method="POST",
            path="/api/v1/devices/{device_id}/token",
            tag="Devices",
            summary="Give a device a new token",
            description="The old token works until the new one was used.",
            access=Scope.DEVICES_WRITE,
            rate=Rate.WRITE,
            handler=rotate,
            action=Action.UPDATE,
            reply=DeviceTokenReply,
            status=201,
            errors=(NotFound, IdempotencyConflict, AlreadyCreated),
            idempotent=True,
            operation_id="create_device_token",
        ),
    )


def _before(query: PageQuery) -> tuple[datetime, str] | None:
    place = query.after()
    if place is None:
        return None
    milliseconds, _, device_id = place.partition(" ")
    if not milliseconds.isdecimal() or not device_id:
        raise query.invalid()
    if not _EARLIEST <= int(milliseconds) <= _LATEST:
        raise query.invalid()
    return from_ms(int(milliseconds)), device_id
