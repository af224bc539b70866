"""What apps are told of a user's events: numbered, and kept for a while for those who come back.

The kept events are the buffer of all apps: each has its place among them, so a slow one costs
little memory. A user's events are looked at from the first app that connects until some time
after the last one has gone; without an app an event costs nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

from noond.api.event_frames import EVENTS, EventFrame, GapReason, Topic, encode, scope_beside
from noond.clock import Clock
from noond.events import Event, EventBus
from noond.models.account import Scope

USER_BYTES: Final = 1024 * 1024
"""Events of one user that are kept, at most."""
ALL_BYTES: Final = 16 * 1024 * 1024
"""Events of all users that are kept, at most."""
KEPT_SECONDS: Final = 900.0
"""How long the events of a user without an app are still looked at."""

_OVERHEAD: Final = 200
"""Bytes that a kept event costs besides its message."""


class FellBehind(Exception):
    """The reader is so slow that its next event is not kept any more."""


class EventFeed:
    """The events of all users who have apps. `first` is above all numbers of earlier lives."""

    def __init__(
        self,
        bus: EventBus,
        *,
        clock: Clock,
        first: int,
        user_bytes: int = USER_BYTES,
        all_bytes: int = ALL_BYTES,
    ) -> None:
        self._bus = bus
        self._clock = clock
        self._first = first
        self._user_bytes = user_bytes
        self._all_bytes = all_bytes
        # Never forgotten: a user's numbers must go on where they were.
        self._users: dict[str, _UserFeed] = {}
        self._followed: dict[str, _UserFeed] = {}

    @contextmanager
    def open(self, user_id: str) -> Iterator[Reader]:
        """A place among the user's events, after the last one, while the block runs."""
        self._forget_the_left()
        feed = self._users.get(user_id)
        if feed is None:
            feed = self._users[user_id] = _UserFeed(self._first, clock=self._clock)
        if user_id not in self._followed:
            feed.begin()
            self._followed[user_id] = feed
            self._bus.add(user_id, feed)
            self._share()
        reader = Reader(feed)
        feed.readers.add(reader)
        try:
            yield reader
        finally:
            feed.readers.discard(reader)
            feed.left_at = self._clock.monotonic()

    def _forget_the_left(self) -> None:
        for user_id, feed in list(self._followed.items()):
            if feed.left:
                del self._followed[user_id]
                self._bus.remove(user_id, feed)
                feed.end()

    def _share(self) -> None:
        allowance = min(self._user_bytes, self._all_bytes // len(self._followed))
        for feed in self._followed.values():
            feed.keep(allowance)


class _Kept(NamedTuple):
    topic: Topic
    message: bytes
    scope: Scope | None = None
    """What it needs beside the scope of its topic."""


class _UserFeed:
    """One user's events: those with numbers above `floor` up to `seq` are kept."""

    def __init__(self, first: int, *, clock: Clock) -> None:
        self.first = first
        self.seq = first
        self.floor = first
        self.kept: deque[_Kept] = deque()
        self.readers: set[Reader] = set()
        self.left_at = 0.0
        self._clock = clock
        self._bytes = 0
        self._allowance = 0

    @property
    def left(self) -> bool:
        """Whether nobody has read for so long that nobody is expected back."""
        return not self.readers and self._clock.monotonic() - self.left_at > KEPT_SECONDS

    def begin(self) -> None:
        """Events are looked at again: whoever was here before may have missed some."""
        self.seq += 1
        self.floor = self.seq
        self.left_at = self._clock.monotonic()

    def end(self) -> None:
        """Events are not looked at any more."""
        self.kept.clear()
        self.floor = self.seq
        self._bytes = 0

    def wants(self, topic: str, _subject: str) -> bool:
        """See Listener."""
        return topic in EVENTS and not self.left

    def offer(self, event: Event) -> None:
        """See Listener."""
        self.seq += 1
        topic, model = EVENTS[event.topic]
        message = encode(
            EventFrame(
                seq=self.seq,
                topic=topic,
                name=event.topic,
                subject=event.subject,
                data=model.model_validate(event.data),
                at=event.at,
            )
        )
        self.kept.append(_Kept(topic, message, scope_beside(event)))
        self._bytes += len(message) + _OVERHEAD
        self.keep(self._allowance)
        for reader in tuple(self.readers):
            reader.heard(topic)

    def keep(self, allowance: int) -> None:
        """Keep this many bytes of events at most, and the latest event in any case."""
        self._allowance = allowance
        while self._bytes > allowance and len(self.kept) > 1:
            self._bytes -= len(self.kept.popleft().message) + _OVERHEAD
            self.floor += 1

    def reason_for_gap(self, after: int) -> GapReason | None:
        """Why not all events after this number are kept; None when they are."""
        if after < self.first:
            return "restarted"
        if after < self.floor:
            return "too_old"
        return "unknown" if after > self.seq else None


class Reader:
    """An app's place among its user's events."""

    def __init__(self, feed: _UserFeed) -> None:
        self._feed = feed
        self.topics: frozenset[Topic] = frozenset()
        self.scopes: frozenset[Scope] = frozenset()
        """What the app's credential may do."""
        self.position = feed.seq
        """The number up to which everything that is wanted was taken."""
        self.wake: Callable[[], None] = lambda: None
        """Called when there is something to take; must not wait."""

    @property
    def fell_behind(self) -> bool:
        """Whether the next event is not kept any more."""
        return self.position < self._feed.floor

    def go_to(self, after: int) -> GapReason | None:
        """Go on after this number; returns why that can't be, and then only new events follow."""
        reason = self._feed.reason_for_gap(after)
        self.position = after if reason is None else self._feed.seq
        return reason

    def take(self, limit_bytes: int) -> list[bytes]:
        """The next messages that are wanted, about so many bytes. Raises FellBehind."""
        if self.fell_behind:
            raise FellBehind
        feed = self._feed
        taken: list[bytes] = []
        while self.position < feed.seq and limit_bytes > 0:
            topic, message, scope = feed.kept[self.position - feed.floor]
            self.position += 1
            if topic in self.topics and (scope is None or scope in self.scopes):
                taken.append(message)
                limit_bytes -= len(message)
        return taken

    def heard(self, topic: Topic) -> None:
        """An event of this topic has got the latest number."""
        if topic in self.topics:
            self.wake()
        elif self.position == self._feed.seq - 1:
            self.position += 1
