"""Requests to open a WebSocket, as they are looked at before the upgrade."""

from __future__ import annotations

from aiohttp import hdrs, web

from noond.errors import Invalid


def offered_protocols(request: web.Request) -> list[str]:
    """The subprotocols that a request offers."""
    offered = ",".join(request.headers.getall(hdrs.SEC_WEBSOCKET_PROTOCOL, []))
    return [name.strip() for name in offered.split(",")]


def check_upgrade(request: web.Request, subprotocol: str) -> None:
    """Raise Invalid unless the request wants a WebSocket with this subprotocol."""
    if request.headers.get(hdrs.UPGRADE, "").lower() != "websocket":
        raise Invalid("this is a WebSocket: send an upgrade request")
    if subprotocol not in offered_protocols(request):
        raise Invalid.field("Sec-WebSocket-Protocol", f"must offer {subprotocol}")
