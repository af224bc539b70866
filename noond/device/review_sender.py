"""Tells the daemon what the person decided, again until it is acknowledged.

Decisions may be written by another process (`noond device review`), which nothing announces: once
a second SQLite is asked whether the data changed, which reads one number from shared memory.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from noond.device.outbox import Outbox
from noond.device.reviews import PendingDecision, acknowledge, pending_decisions
from noond.device.store import DeviceStore
from noond.hub.frames import Decision, Review

_MOST_IN_A_FRAME: Final = 1000
_POLL_SECONDS: Final = 1.0


class ReviewSender:
    """Sends pending decisions on one connection. `run()` until cancelled."""

    def __init__(
        self, *, store: DeviceStore, outbox: Outbox, frame_bytes: int, resend_seconds: float
    ) -> None:
        self._store = store
        self._outbox = outbox
        self._frame_bytes = min(frame_bytes, 262_144)
        self._resend_seconds = resend_seconds
        self._sent: dict[str, tuple[int, float]] = {}
        self._acknowledged: list[str] = []
        self._woken = asyncio.Event()

    def acknowledged(self, ids: Iterable[str]) -> None:
        """The daemon has stored the decisions on these calls."""
        self._acknowledged += ids
        self._woken.set()

    async def run(self) -> None:
        """Send what is pending now and what is decided later."""
        seen: tuple[int, int] | None = None
        while True:
            self._woken.clear()
            await self._keep_acknowledged()
            stamp = await self._store.change_stamp()
            if stamp != seen or self._is_resend_due():
                seen = stamp
                self._send(await pending_decisions(self._store, limit=_MOST_IN_A_FRAME))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_POLL_SECONDS):
                    await self._woken.wait()

    async def _keep_acknowledged(self) -> None:
        ids, self._acknowledged = self._acknowledged, []
        # A decision changed since it was sent has a higher number and stays pending.
        numbers = {id_: self._sent.pop(id_)[0] for id_ in ids if id_ in self._sent}
        if numbers:
            await acknowledge(self._store, numbers)

    def _is_resend_due(self) -> bool:
        due_before = self._store.clock.monotonic() - self._resend_seconds
        return any(sent_at <= due_before for _, sent_at in self._sent.values())

    def _send(self, pending: Sequence[PendingDecision]) -> None:
        """Queue what was not sent yet, or too long ago; a decision in flight is not overtaken."""
        now = self._store.clock.monotonic()
        due = [
            each
            for each in pending
            if each.decision.id not in self._sent
            or now - self._sent[each.decision.id][1] >= self._resend_seconds
        ]
        for each in due:
            self._sent[each.decision.id] = (each.number, now)
        for group in _groups([each.decision for each in due], self._frame_bytes - 64):
            self._outbox.control(Review(deliveries=group))


def _groups(decisions: Iterable[Decision], room: int) -> Iterator[list[Decision]]:
    """The decisions in frames; one whose data alone is larger than a frame goes without it."""
    group: list[Decision] = []
    left = room
    for decision in decisions:
        sent, size = decision, _size(decision)
        if size > room:
            sent = Decision(id=decision.id, decision=decision.decision)
            size = _size(sent)
        if group and (size > left or len(group) == _MOST_IN_A_FRAME):
            yield group
            group, left = [], room
        group.append(sent)
        left -= size
    if group:
        yield group


def _size(decision: Decision) -> int:
    return len(decision.model_dump_json(exclude_none=True).encode()) + 1
