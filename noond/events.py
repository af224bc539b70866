"""What happens in the daemon, told live to whoever listens: one bounded queue per listener.

Events are for watching (progress bars, the device's notices). The truth is in the store, so a
slow listener may lose the older of two events on one subject, and is told that it did.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from noond.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened: `topic` as `run.progress`, `subject` the id it happened to."""

    user_id: str
    topic: str
    subject: str
    data: dict[str, Any]
    at: datetime
    gap: bool = False
    """Whether the listener missed earlier events because it was slow."""


@dataclass(slots=True)
class Subscription:
    """A listener's queue: the latest event per (topic, subject) wins, at most `limit` wait."""

    user_id: str
    subject: str | None
    limit: int
    _waiting: OrderedDict[tuple[str, str], Event] = field(default_factory=OrderedDict)
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)
    _gap: bool = False

    def offer(self, event: Event) -> None:
        """Queue the event in place of an older one on the same topic and subject."""
        key = (event.topic, event.subject)
        if self._waiting.pop(key, None) is not None:
            self._gap = True
        self._waiting[key] = event
        if len(self._waiting) > self.limit:
            self._waiting.popitem(last=False)
            self._gap = True
        self._arrived.set()

    async def next(self) -> Event:
        """The next event; waits for one."""
        while not self._waiting:
            self._arrived.clear()
            await self._arrived.wait()
        _, event = self._waiting.popitem(last=False)
        if self._gap:
            self._gap = False
            return Event(
                user_id=event.user_id,
                topic=event.topic,
                subject=event.subject,
                data=event.data,
                at=event.at,
                gap=True,
            )
        return event


class EventBus:
    """Hands each event to the listeners of its user."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._subscriptions: dict[str, list[Subscription]] = {}

    def publish(self, user_id: str, topic: str, subject: str, data: dict[str, Any]) -> None:
        """Tell every listener of this user; never waits."""
        listeners = self._subscriptions.get(user_id)
        if not listeners:
            return
        event = Event(
            user_id=user_id, topic=topic, subject=subject, data=data, at=self._clock.now()
        )
        for subscription in listeners:
            if subscription.subject in (None, subject):
                subscription.offer(event)

    def has_listener(self, user_id: str, subject: str) -> bool:
        """Whether anybody would hear of this subject."""
        listeners = self._subscriptions.get(user_id, ())
        return any(subscription.subject in (None, subject) for subscription in listeners)

    @contextmanager
    def subscribe(
        self, user_id: str, *, subject: str | None = None, limit: int = 64
    ) -> Iterator[Subscription]:
        """Listen to one user's events, of one subject or of all, while the block runs."""
        subscription = Subscription(user_id=user_id, subject=subject, limit=limit)
        listeners = self._subscriptions.setdefault(user_id, [])
        listeners.append(subscription)
        try:
            yield subscription
        finally:
            listeners.remove(subscription)
            if not listeners:
                self._subscriptions.pop(user_id, None)
