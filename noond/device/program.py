"""The headless device's main loop: connect, serve, come back with jitter, until stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final, NoReturn, TypeVar

import aiohttp
import structlog
from aiohttp import (
    ClientWebSocketResponse,
    ClientWSTimeout,
    WSCloseCode,
    WSServerHandshakeError,
)

from noond.clock import Clock, SystemClock
from noond.device.backoff import Backoff
from noond.device.errors import (
    CannotConnect,
    ConnectionRefused,
    ProtocolViolated,
    Replaced,
    TokenRefused,
)
from noond.device.folders import AllowedFolders
from noond.device.notices import Notice
from noond.device.options import DeviceOptions, daemon_url, is_sent_in_clear
from noond.device.session import Session
from noond.device.store import DeviceStore, hold_device, open_store
from noond.hub.frames import CAPABILITIES, SUBPROTOCOL, DeviceHello
from noond.inert import inert

T = TypeVar("T")

log = structlog.get_logger(__name__)

_CONNECT_SECONDS: Final = 20.0
_STABLE_SECONDS: Final = 10.0
_TOO_LARGE_AGAIN_SECONDS: Final = 3600.0
_LARGEST_MESSAGE: Final = 64 * 1024 * 1024

_FINAL_CLOSES: Final = {
    4100: Replaced,
    4101: TokenRefused,
    4102: ProtocolViolated,
    4103: ProtocolViolated,
    4104: ProtocolViolated,
}
_CLOSE_REASONS: Final = {
    1000: "the daemon closed the connection",
    1001: "the daemon stops",
    1006: "the connection was lost",
    1009: "the daemon found a message too large",
    1012: "the daemon restarts",
    4000: "the daemon found this device too slow",
    4001: "the daemon heard nothing from this device",
}
_REFUSALS: Final = {
    400: "the daemon refused the connection (400); use the same version of both",
    403: "the daemon refused the connection (403)",
    404: "there is no device socket at this address (404); is it noond's?",
    421: "the daemon does not answer under this host name; add it to server.allowed_hosts",
}


async def run_device(
    options: DeviceOptions,
    *,
    stop: asyncio.Event,
    on_state: Callable[[str], None],
    on_notice: Callable[[Notice], None] | None = None,
    clock: Clock | None = None,
) -> None:
    """Be the device until `stop` is set; then close cleanly and return.

    `on_state` hears `connecting`, `connected`, `disconnected: <why>; next try in <n> s` and
    `stopped`. What passes by itself is tried again for ever. Raises FolderRefused, StoreLocked,
    SchemaTooNew and other StorageErrors at start, TokenRefused, Replaced, ProtocolViolated or
    ConnectionRefused when trying again is no use.
    """
    clock = clock or SystemClock()
    url = daemon_url(options.url)
    if is_sent_in_clear(url):
        log.warning("token_sent_in_clear", url=str(url), fix="use https")
    folders = await asyncio.to_thread(AllowedFolders, options.allow)
    with hold_device(options.store):
        async with open_store(options.store, clock=clock) as store:
            device_id = await store.settle_device_id(options.device_id)
            hello = DeviceHello(
                device_id=device_id,
                name=options.name or device_id,
                platform=options.platform,
                app_version=options.app_version,
                capabilities=sorted(CAPABILITIES),
            )
            program = _Program(
                options=options, hello=hello, folders=folders, store=store, clock=clock,
                stop=stop, on_state=on_state, on_notice=on_notice or _log_notice,
            )  # fmt: skip
            await program.stay_connected()
    on_state("stopped")


def _log_notice(notice: Notice) -> None:
    log.info("notice", title=notice.title, body=notice.body, url=notice.url)


class _Lost(Exception):
    """The connection ended, or could not be made, in a way that passes."""

    def __init__(self, reason: str, *, wait_seconds: float = 0.0) -> None:
        self.reason = reason
        self.wait_seconds = wait_seconds
        super().__init__(reason)


class _Program:
    def __init__(
        self,
        *,
        options: DeviceOptions,
        hello: DeviceHello,
        folders: AllowedFolders,
        store: DeviceStore,
        clock: Clock,
        stop: asyncio.Event,
        on_state: Callable[[str], None],
        on_notice: Callable[[Notice], None],
    ) -> None:
        self._options = options
        self._hello = hello
        self._folders = folders
        self._store = store
        self._clock = clock
        self._stop = stop
        self._on_state = on_state
        self._on_notice = on_notice
        self._backoff = Backoff()
        self._was_connected = False
        self._too_large_at: float | None = None

    async def stay_connected(self) -> None:
        """Connect and serve until stopped; raises what trying again can't help."""
        async with aiohttp.ClientSession() as http:
            while not self._stop.is_set():
                self._on_state("connecting")
                try:
                    socket = await self._unless_stopped(self._connect(http))
                    if socket is not None:
                        await self._serve(socket)
                except _Lost as lost:
                    wait = max(lost.wait_seconds, self._backoff.next_wait())
                    self._on_state(f"disconnected: {inert(lost.reason)}; next try in {wait:.1f} s")
                    await self._unless_stopped(asyncio.sleep(wait))

    async def _unless_stopped(self, work: Coroutine[Any, Any, T]) -> T | None:
        """The work's result; None when the device is stopped before."""
        working = asyncio.create_task(work)
        stopping = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
            return working.result() if working.done() else None
        finally:
            working.cancel()
            stopping.cancel()
            await asyncio.gather(working, stopping, return_exceptions=True)

    async def _connect(self, http: aiohttp.ClientSession) -> ClientWebSocketResponse:
        """A socket of our protocol. Raises _Lost, or what trying again can't help."""
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                socket = await http.ws_connect(
                    daemon_url(self._options.url) / "ws" / "device",
                    headers={"Authorization": f"Bearer {self._options.token}"},
                    protocols=[SUBPROTOCOL],
                    compress=0,
                    heartbeat=self._options.heartbeat_seconds,
                    max_msg_size=_LARGEST_MESSAGE,
                    timeout=ClientWSTimeout(ws_close=2.0),
                )
        except WSServerHandshakeError as refusal:
            raise self._refused(refusal) from refusal
        except TimeoutError as error:
            raise _Lost("the daemon does not answer") from error
        except (aiohttp.ClientError, OSError) as error:
            raise _Lost(f"the daemon can't be reached: {error}") from error
        if socket.protocol != SUBPROTOCOL:
            await socket.close()
            raise ProtocolViolated(f"the daemon does not speak {SUBPROTOCOL}")
        return socket

    def _refused(self, refusal: WSServerHandshakeError) -> Exception:
        """What a refused upgrade means; a proxy before a daemon that restarts may refuse too."""
        if refusal.status == 401:
            return TokenRefused()
        reason = _REFUSALS.get(refusal.status)
        if reason is not None and not self._was_connected:
            return ConnectionRefused(reason)
        retry_after = refusal.headers.get("Retry-After", "") if refusal.headers else ""
        return _Lost(
            reason or f"the daemon refused the connection ({refusal.status})",
            wait_seconds=min(float(retry_after), 3600.0) if retry_after.isdigit() else 0.0,
        )

    async def _serve(self, socket: ClientWebSocketResponse) -> None:
        """Serve one connection to its end; raises _Lost unless the device was stopped."""
        session = Session(
            socket,
            hello=self._hello,
            folders=self._folders,
            store=self._store,
            on_notice=self._on_notice,
        )
        try:
            welcome = await self._unless_stopped(session.greet())
            if welcome is not None:
                self._was_connected = True
                self._on_state("connected")
                since = self._clock.monotonic()
                await session.serve(welcome, self._stop)
                if self._clock.monotonic() - since >= _STABLE_SECONDS:
                    self._backoff.reset()
        except CannotConnect as error:
            raise _Lost(error.message) from error
        finally:
            await socket.close(code=WSCloseCode.GOING_AWAY, message=b"the device stops")
        if not self._stop.is_set():
            self._judge(socket.close_code or WSCloseCode.ABNORMAL_CLOSURE)

    def _judge(self, code: int) -> NoReturn:
        """Raise what a close code asks of the device (PROTOCOL's table)."""
        if code in _FINAL_CLOSES:
            raise _FINAL_CLOSES[code]()
        if code == WSCloseCode.MESSAGE_TOO_BIG:
            now = self._clock.monotonic()
            before, self._too_large_at = self._too_large_at, now
            if before is not None and now - before < _TOO_LARGE_AGAIN_SECONDS:
                raise ProtocolViolated("a message was too large, twice; look at the daemon's log")
        raise _Lost(_CLOSE_REASONS.get(code, f"the connection was closed ({code})"))
