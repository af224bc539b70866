"""An app's socket: it says what it wants to be told, and is told, until its credential ends."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Final

import structlog
from aiohttp import WSMsgType, web

from noond.api import parsing
from noond.api.event_feed import FellBehind, Reader
from noond.api.event_frames import (
    TOPIC_SCOPES,
    ErrorFrame,
    Gap,
    Subscribe,
    Subscribed,
    Topic,
    encode,
)
from noond.api.streams import StreamEnd
from noond.errors import Forbidden, Invalid
from noond.hub.socket import (
    CLOSE_BAD_FRAMES,
    CLOSE_NO_PONG,
    CLOSE_RESTART,
    CLOSE_SLOW_CONSUMER,
    CLOSE_TOKEN,
    Socket,
)
from noond.models.account import Principal

log = structlog.get_logger(__name__)

CLOSE_EXPIRED: Final = 4105

_ENDINGS: Final = {
    StreamEnd.CREDENTIAL: (CLOSE_TOKEN, "the credential has ended or may do something else now"),
    StreamEnd.STOP: (CLOSE_RESTART, "the daemon stops"),
}
_QUEUE_BYTES: Final = 256 * 1024
_AT_ONCE_BYTES: Final = 64 * 1024
_BAD_FRAMES: Final = 20


class EventSocket(Socket):
    """A socket of a credential that was checked, with its place in the user's feed."""

    __slots__ = ("_bad", "_beating", "_heard", "_place", "_principal")

    def __init__(
        self,
        ws: web.WebSocketResponse,
        transport: asyncio.Transport,
        place: Reader,
        principal: Principal,
    ) -> None:
        super().__init__(ws, transport, queue_bytes=_QUEUE_BYTES, more=self._more)
        self._place = place
        self._principal = principal
        self._bad = 0
        self._heard = True
        self._beating: asyncio.TimerHandle | None = None
        place.wake = self._wake
        place.scopes = frozenset(principal.scopes)

    async def serve(self, *, heartbeat_seconds: float, expires_in: timedelta) -> None:
        """Serve the socket until it has closed."""
        expiry = asyncio.get_running_loop().call_later(
            max(0.0, expires_in.total_seconds()),
            self.close,
            CLOSE_EXPIRED,
            "the credential has expired: renew it and connect again",
        )
        self._beat(heartbeat_seconds)
        try:
            while (message := await self._next_message()) is not None:
                self._heard = True
                if message.type is WSMsgType.TEXT:
                    self._hear(message.data)
                elif message.type is WSMsgType.PING:
                    self._put(bytes(message.data), WSMsgType.PONG)
                elif message.type is WSMsgType.BINARY:
                    self._refuse(Invalid("a frame is a text message, this one was binary"))
        finally:
            expiry.cancel()
            if self._beating is not None:
                self._beating.cancel()
            self.ended()
            log.info("app_gone", credential=self._principal.credential_id, code=self.close_code)
            await self.finish()

    def end(self, ending: StreamEnd) -> None:
        """Close the socket for this reason."""
        self.close(*_ENDINGS[ending])

    # --- what the app says ----------------------------------------------------------------------

    def _hear(self, message: bytes) -> None:
        if not self.open:
            return
        try:
            frame = parsing.parse_body(Subscribe, parsing.canonical_json(message))
            self._check(frame.topics)
        except (Invalid, Forbidden) as error:
            self._refuse(error)
            return
        place = self._place
        after = frame.after
        # In one queue with the events, which are so divided into those before and those after.
        if after is not None and (reason := place.go_to(after)) is not None:
            # First, so that nobody learns of the new number without learning of the gap.
            self._say(encode(Gap(from_=after, to=place.position, reason=reason)))
        place.topics = frozenset(frame.topics)
        self._say(encode(Subscribed(seq=place.position, topics=sorted(place.topics))))
        self._wake()

    def _check(self, topics: list[Topic]) -> None:
        lacking = {TOPIC_SCOPES[topic] for topic in topics} - self._principal.scopes
        if lacking:
            raise Forbidden(f"these topics need the scope {', '.join(sorted(lacking))}")

    def _refuse(self, error: Invalid | Forbidden) -> None:
        self._say(encode(ErrorFrame(code=error.code, message=error.message[:500])))
        self._bad += 1
        if self._bad == _BAD_FRAMES:
            self.close(CLOSE_BAD_FRAMES, "too many invalid frames")

    # --- what it is told ------------------------------------------------------------------------

    def _say(self, message: bytes) -> None:
        self._put(message, WSMsgType.TEXT, bulk=True)

    def _wake(self) -> None:
        if self._place.fell_behind:
            self.close(CLOSE_SLOW_CONSUMER, "events are read too slowly")
        elif self._outgoing.queued_bytes < _AT_ONCE_BYTES:
            for message in self._next_events():
                if not self._outgoing.write_through(message, WSMsgType.TEXT):
                    self._say(message)

    def _more(self) -> bool:
        """All that was queued is sent: queue what follows, and say whether there is any."""
        messages = self._next_events()
        for message in messages:
            self._say(message)
        return bool(messages)

    def _next_events(self) -> list[bytes]:
        if not self.open:
            return []
        try:
            return self._place.take(_AT_ONCE_BYTES)
        except FellBehind:
            self.close(CLOSE_SLOW_CONSUMER, "events are read too slowly")
            return []

    # --- life and death -------------------------------------------------------------------------

    def _beat(self, seconds: float) -> None:
        """Ping; close when nothing was heard since the last time."""
        if not self._heard:
            self.close(CLOSE_NO_PONG, "no sign of life")
            return
        self._heard = False
        self._put(b"", WSMsgType.PING)
        self._beating = asyncio.get_running_loop().call_later(seconds, self._beat, seconds)
