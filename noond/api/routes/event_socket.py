"""The event socket of apps; every check comes before the upgrade."""

from __future__ import annotations

from aiohttp import web

from noond.api.authentication import Authentication
from noond.api.event_feed import EventFeed
from noond.api.event_frames import FRAME_BYTES, SUBPROTOCOL
from noond.api.event_socket import EventSocket
from noond.api.routing import Call, Rate, Route
from noond.api.streams import Streams
from noond.api.upgrades import check_upgrade
from noond.clock import Clock
from noond.errors import Invalid, RateLimited
from noond.models.account import Scope


def routes(
    authentication: Authentication,
    feed: EventFeed,
    streams: Streams,
    clock: Clock,
    *,
    heartbeat_seconds: float,
) -> tuple[Route, ...]:
    """The route of the event socket."""

    async def connect(call: Call) -> web.StreamResponse:
        request = call.request
        check_upgrade(request, SUBPROTOCOL)
        ws = web.WebSocketResponse(
            protocols=(SUBPROTOCOL,),
            autoping=False,
            compress=False,
            decode_text=False,
            # aiohttp refuses messages that reach the limit.
            max_msg_size=FRAME_BYTES + 1,
        )
        with streams.open(call.principal) as stream:
            # Again: from here on the end of the credential ends the stream, but not before.
            principal = await authentication.confirm(call.principal)
            with feed.open(principal.user_id) as place:
                await ws.prepare(request)
                if request.transport is None:
                    return ws  # the app left while it was let in
                socket = EventSocket(ws, request.transport, place, principal)
                stream.end = socket.end
                await socket.serve(
                    heartbeat_seconds=heartbeat_seconds,
                    expires_in=principal.expires_at - clock.now(),
                )
        return ws

    return (
        Route(
            method="GET",
            path="/ws/events",
            tag="Events",
            summary="Be told what happens",
            description=f"A WebSocket with the subprotocol `{SUBPROTOCOL}`. Browsers, which can't "
            "send a credential in a header, offer `ticket.<ticket>` as a second subprotocol. The "
            "frames: docs/events.md.",
            access=Scope.EVENTS_READ,
            rate=Rate.READ,
            handler=connect,
            status=101,
            errors=(Invalid, RateLimited),
            takes_ticket=True,
            operation_id="follow_events",
        ),
    )
