"""Rate limits, asked before a claim: at most so many starts in any span of that length.

The window slides: each start counts for exactly one span. Starts are counted when their claim is
on the disk; at the daemon's start the last span's are read from there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Final

from noond.models.rate import RateLimit

EVERYTHING: Final = "*"
"""The name under which all jobs together are limited."""


class _Window:
    """The starts of the last span."""

    def __init__(self, limit: RateLimit) -> None:
        self.limit = limit
        self.starts: deque[float] = deque()

    def room(self, now: float) -> int:
        while self.starts and self.starts[0] <= now - self.limit.seconds:
            self.starts.popleft()
        return self.limit.count - len(self.starts)

    def free_at(self) -> float:
        """When the next start may be, if there is no room now."""
        return self.starts[0] + self.limit.seconds


class Admission:
    """How many jobs of a type, queue or key may start now: by rate, and by how many run.

    Asked in the writer's thread while the loop waits for the claim, so nothing is locked.
    """

    def __init__(
        self,
        monotonic: Callable[[], float],
        *,
        queues: Mapping[str, RateLimit],
        types: Mapping[str, RateLimit],
        keys: Mapping[str, RateLimit],
        concurrent: Mapping[str, int],
    ) -> None:
        self._monotonic = monotonic
        self._windows = {("queue", name): _Window(limit) for name, limit in queues.items()}
        self._windows |= {("type", name): _Window(limit) for name, limit in types.items()}
        self._keys = keys
        self._key_windows: dict[tuple[str, str], _Window] = {}
        self._concurrent = concurrent
        self._running: Mapping[str, int] = {}
        self._met: set[tuple[str, str]] = set()
        self._held_keys: set[tuple[str, str]] = set()

    def begin(self, running: Mapping[str, int]) -> None:
        """A claim begins; so many of each type run."""
        self._running = running
        self._met.clear()

    def room(self, kind: str, name: str) -> int | None:
        """Free starts of the type or queue; None without a limit."""
        window = self._windows.get((kind, name))
        room = None
        if window is not None:
            room = window.room(self._monotonic())
            if room <= 0:
                self._met.add((kind, name))
        most = self._concurrent.get(name) if kind == "type" else None
        if most is not None:
            places = most - self._running.get(name, 0)
            room = places if room is None else min(room, places)
        return room

    def key_room(self, job_type: str, key: str) -> int | None:
        """Free starts of the type's rate key; None without a limit."""
        limit = self._keys.get(job_type)
        if limit is None:
            return None
        window = self._key_windows.get((job_type, key))
        return limit.count if window is None else window.room(self._monotonic())

    def key_held(self, job_type: str, key: str) -> None:
        """A claim holds jobs of the key back: it will be one of `released_keys`."""
        self._held_keys.add((job_type, key))

    def released_keys(self) -> list[tuple[str, int]]:
        """Keys with jobs held back that have room again, and how much."""
        found = []
        for job_type, key in list(self._held_keys):
            room = self.key_room(job_type, key)
            if room is None or room > 0:
                self._held_keys.discard((job_type, key))
                found.append((key, room or 1))
        return found

    def started(self, job_type: str, queue: str, key: str | None, at: float) -> None:
        """A job has started."""
        for each in (("queue", EVERYTHING), ("queue", queue), ("type", job_type)):
            window = self._windows.get(each)
            if window is not None:
                window.starts.append(at)
        limit = self._keys.get(job_type)
        if key is not None and limit is not None:
            self._key_windows.setdefault((job_type, key), _Window(limit)).starts.append(at)

    def next_room_in(self) -> float | None:
        """Seconds until a limit that the last claim met has room again; None: it met none."""
        windows = [self._windows[each] for each in self._met]
        windows += [self._key_windows[each] for each in self._held_keys]
        if not windows:
            return None
        return max(0.0, min(window.free_at() for window in windows) - self._monotonic())

    def forget_idle(self) -> None:
        """Drop windows of keys that nothing was started of for a span."""
        now = self._monotonic()
        for name, window in list(self._key_windows.items()):
            window.room(now)
            if not window.starts and name not in self._held_keys:
                del self._key_windows[name]

    def longest_seconds(self) -> float:
        """The longest span of any limit; 0 without limits."""
        limits = [window.limit for window in self._windows.values()]
        return max((limit.seconds for limit in (*limits, *self._keys.values())), default=0.0)
