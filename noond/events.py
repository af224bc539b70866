"""What happens in the daemon, told live to whoever listens: one bounded queue per listener.

Events are for watching (progress bars, the device's notices, apps). The truth is in the store, so
a slow listener may lose the older of two events on one subject, and is told that it did.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

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


class Listener(Protocol):
    """Somebody who is told of one user's events."""

    def wants(self, topic: str, subject: str) -> bool:
        """Whether to be told of this."""
        ...

    def offer(self, event: Event) -> None:
        """Take an event that is wanted; must not wait."""
        ...


@dataclass(slots=True)
class Subscription:
    """A listener's queue: the latest event per (topic, subject) wins, at most `limit` wait.

    It wants one subject or all (None), some topics or all (None).
    """

    subject: str | None
    topics: frozenset[str] | None
    limit: int
    _waiting: OrderedDict[tuple[str, str], Event] = field(default_factory=OrderedDict)
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)
    _gap: bool = False

    def wants(self, topic: str, subject: str) -> bool:
        """See Listener."""
        return self.subject in (None, subject) and (self.topics is None or topic in self.topics)

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
            return replace(event, gap=True)
        return event


class EventBus:
    """Hands each event to the listeners of its user."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        # Tuples that are replaced: a listener may leave while it is told of an event.
        self._listeners: dict[str, tuple[Listener, ...]] = {}

    def publish(self, user_id: str, topic: str, subject: str, data: dict[str, Any]) -> None:
        """Tell every listener of this user who wants to know; never waits."""
        listeners = self._listeners.get(user_id)
        if not listeners:
            return
        event = Event(
            user_id=user_id, topic=topic, subject=subject, data=data, at=self._clock.now()
        )
        for listener in listeners:
            if listener.wants(topic, subject):
                listener.offer(event)

    def has_listener(self, user_id: str, topic: str, subject: str) -> bool:
        """Whether anybody would hear of this."""
        return any(each.wants(topic, subject) for each in self._listeners.get(user_id, ()))

    def add(self, user_id: str, listener: Listener) -> None:
        """Tell the listener of this user's events from now on."""
        self._listeners[user_id] = (*self._listeners.get(user_id, ()), listener)

    def remove(self, user_id: str, listener: Listener) -> None:
        """Tell it no more."""
        rest = tuple(each for each in self._listeners[user_id] if each is not listener)
        if rest:
            self._listeners[user_id] = rest
        else:
            del self._listeners[user_id]

    @contextmanager
    def subscribe(
        self,
        user_id: str,
        *,
        subject: str | None = None,
        topics: frozenset[str] | None = None,
        limit: int = 64,
    ) -> Iterator[Subscription]:
        """Listen to one user's events while the block runs."""
        subscription = Subscription(subject=subject, topics=topics, limit=limit)
        self.add(user_id, subscription)
        try:
            yield subscription
        finally:
            self.remove(user_id, subscription)
