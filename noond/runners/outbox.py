"""The outbox: journaled deliveries on their way to their devices, effectively once.

Each device that is online has a lane: up to 32 calls under way, in the order they were journaled.
A delivery leaves the journal's pending state only by the device's answer, or after five sends on
live connections that got none. Extraction never waits for the outbox.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

import structlog

from noond.clock import Clock
from noond.errors import DeviceOffline, StorageError
from noond.hub.calls import CallDisconnected, CallRefused, CallUnanswered
from noond.hub.hub import Hub
from noond.models.delivery import Retracted, Settled
from noond.runners.outgoing import OutgoingCall, list_pending
from noond.runners.progress import Progress
from noond.store.database import Database
from noond.store.rows import Transaction
from noond.tasks import Supervisor

log = structlog.get_logger(__name__)

WINDOW: Final = 32
_PAGE = 256
_STORE_RETRY_SECONDS = 1.0

DeviceKey = tuple[str, str]


class _Lane:
    """One online device's deliveries."""

    def __init__(self) -> None:
        self.stale = True
        """Whether the journal may hold pending deliveries that `waiting` does not."""
        self.waiting: deque[OutgoingCall] = deque()
        self.under_way: dict[str, asyncio.Task[None]] = {}
        self.changed = asyncio.Event()
        self.first_sent = asyncio.Event()
        self.drained = asyncio.Event()


class Outbox:
    """The deliveries of all devices."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        hub: Hub,
        tasks: Supervisor,
        progress: Progress,
        *,
        call_seconds: float,
    ) -> None:
        self._database = database
        self._clock = clock
        self._hub = hub
        self._tasks = tasks
        self._progress = progress
        self._deadline_ms = int(call_seconds * 1000)
        self._lanes: dict[DeviceKey, _Lane] = {}

    async def device_online(self, user_id: str, device_id: str) -> None:
        """Send what is pending; returns when the first of it was handed to the socket."""
        lane = self._open_lane((user_id, device_id))
        lane.stale = True
        lane.first_sent.clear()
        lane.changed.set()
        await lane.first_sent.wait()

    def device_offline(self, user_id: str, device_id: str) -> None:
        """The device is gone: its lane ends."""
        lane = self._lanes.get((user_id, device_id))
        if lane is not None:
            lane.changed.set()

    def journaled(self, user_id: str, device_id: str) -> None:
        """Deliveries were journaled for this device, or made pending again."""
        key = (user_id, device_id)
        lane = self._lanes.get(key)
        if lane is not None:
            lane.stale = True
            lane.drained.clear()
            lane.changed.set()
        elif self._hub.is_online(*key):
            self._open_lane(key)

    async def drained(self, user_id: str, device_id: str) -> None:
        """Wait until the device has settled everything, or has gone away."""
        key = (user_id, device_id)
        if self._hub.is_online(*key):
            await self._open_lane(key).drained.wait()

    def _open_lane(self, key: DeviceKey) -> _Lane:
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = _Lane()
            self._tasks.start(self._drive(key, lane), name=f"outbox-{key[1]}")
        return lane

    async def _drive(self, key: DeviceKey, lane: _Lane) -> None:
        try:
            while self._hub.is_online(*key):
                lane.changed.clear()
                try:
                    await self._fill(key, lane)
                except StorageError as error:
                    log.error("journal_not_read", device=key[1], error=error.message)
                    await asyncio.sleep(_STORE_RETRY_SECONDS)
                    continue
                if not lane.under_way and not lane.waiting and not lane.stale:
                    lane.drained.set()
                # A task that was just started sends at its first step: let it.
                await asyncio.sleep(0)
                lane.first_sent.set()
                await lane.changed.wait()
        finally:
            if self._lanes.get(key) is lane:
                del self._lanes[key]
            lane.first_sent.set()
            lane.drained.set()

    async def _fill(self, key: DeviceKey, lane: _Lane) -> None:
        """Start calls until the window is full or nothing is pending."""
        while len(lane.under_way) < WINDOW:
            if not lane.waiting:
                if not lane.stale:
                    return
                lane.stale = False
                page = await self._database.read(
                    lambda c: list_pending(c, *key, besides=lane.under_way, limit=_PAGE)
                )
                lane.stale = lane.stale or len(page) == _PAGE
                lane.waiting.extend(page)
                if not page:
                    return
            call = lane.waiting.popleft()
            lane.under_way[call.id] = self._tasks.start(
                self._deliver(lane, call, key[1]), name=f"delivery-{call.id}"
            )

    async def _deliver(self, lane: _Lane, call: OutgoingCall, device_id: str) -> None:
        try:
            settle = await self._send(call, device_id)
            outcome = None if settle is None else await self._database.write(settle)
            if outcome is None:
                lane.stale = True
            else:
                self._progress.settled(call.user_id, outcome)
            self._progress.touch(call.user_id, call.run_id)
        except StorageError as error:
            # The device has it or not; it stays pending, and a repeated id is answered as before.
            log.error("delivery_not_stored", call=call.id, error=error.message)
            await asyncio.sleep(_STORE_RETRY_SECONDS)
            lane.stale = True
        finally:
            del lane.under_way[call.id]
            lane.changed.set()

    async def _send(
        self, call: OutgoingCall, device_id: str
    ) -> Callable[[Transaction], Settled | Retracted | None] | None:
        """Call the device. Returns what to store, which tells what came of it; None: later."""
        now = self._clock.now
        try:
            result = await self._hub.call(call.user_id, device_id, call.frame(self._deadline_ms))
        except CallRefused as error:
            refusal = error.message
            return lambda tx: call.on_refusal(tx, refusal, now=now())
        except CallUnanswered:
            return lambda tx: call.on_silence(tx, now=now())
        except (CallDisconnected, DeviceOffline):
            return None
        return lambda tx: call.on_result(tx, result, now=now())
