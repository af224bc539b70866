"""How often: token buckets for requests, and a strict count of failed credentials.

Both go by the monotonic clock, so a clock that jumps neither opens nor shuts the door.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from noond.api.routing import Rate
from noond.clock import Clock
from noond.config import LimitSettings
from noond.errors import RateLimited

_MINUTE = 60.0
_SWEEP_EVERY = 1024


def per_minute(rate: Rate, limits: LimitSettings) -> int:
    """How many requests of this kind a key may send in a minute."""
    return {
        Rate.READ: limits.reads_per_minute,
        Rate.WRITE: limits.writes_per_minute,
        Rate.INVOKE: limits.invokes_per_minute,
        Rate.STREAM: limits.streams_per_minute,
    }[rate]


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What is left of a limit: `reset_seconds` until it is whole again."""

    limit: int
    remaining: int
    reset_seconds: int


@dataclass(slots=True)
class _Bucket:
    per_minute: int
    tokens: float
    filled_at: float

    def refill(self, now: float) -> None:
        grown = self.tokens + (now - self.filled_at) * self.per_minute / _MINUTE
        self.tokens, self.filled_at = min(self.per_minute, grown), now


class RequestRates:
    """A token bucket per key (a caller and kind of request); the burst is a minute's limit."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}
        self._until_sweep = _SWEEP_EVERY

    def take(self, key: str, *, per_minute: int) -> tuple[bool, Allowance]:
        """Count a request; False when the bucket is empty."""
        now = self._clock.monotonic()
        self._sweep(now)
        bucket = self._buckets.setdefault(key, _Bucket(per_minute, per_minute, now))
        bucket.refill(now)
        taken = bucket.tokens >= 1
        if taken:
            bucket.tokens -= 1
        return taken, Allowance(
            limit=per_minute,
            remaining=int(bucket.tokens),
            reset_seconds=math.ceil((per_minute - bucket.tokens) * _MINUTE / per_minute),
        )

    def _sweep(self, now: float) -> None:
        """Forget the buckets that are full again."""
        self._until_sweep -= 1
        if self._until_sweep > 0:
            return
        self._until_sweep = max(_SWEEP_EVERY, len(self._buckets))
        for key, bucket in list(self._buckets.items()):
            bucket.refill(now)
            if bucket.tokens >= bucket.per_minute:
                del self._buckets[key]


class OncePerMinute:
    """Says of repeated things whether to tell of them again."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._told: dict[str, float] = {}
        self._until_sweep = _SWEEP_EVERY

    def take(self, key: str) -> bool:
        """Whether this was not said within the last minute."""
        now = self._clock.monotonic()
        self._until_sweep -= 1
        if self._until_sweep <= 0:
            self._told = {key: at for key, at in self._told.items() if now - at < _MINUTE}
            self._until_sweep = max(_SWEEP_EVERY, len(self._told))
        if key in self._told and now - self._told[key] < _MINUTE:
            return False
        self._told[key] = now
        return True


class FailureThrottle:
    """At most so many wrong credentials a minute, per kind and address, are looked at."""

    def __init__(self, per_minute: int, *, clock: Clock) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._failures: dict[tuple[str, str], deque[float]] = {}
        self._until_sweep = _SWEEP_EVERY

    def check(self, kind: str, address: str) -> None:
        """Raise RateLimited when the address has used its failures of this kind up."""
        now = self._clock.monotonic()
        recent = self._failures.get((kind, address))
        if recent is not None and len(recent) >= self._per_minute and now - recent[0] < _MINUTE:
            raise RateLimited(
                "too many wrong credentials; wait and try again",
                retry_after_seconds=_MINUTE - (now - recent[0]),
                unevaluated=kind,
            )

    def count(self, kind: str, address: str) -> None:
        """Count a failure; raises RateLimited when it is one too many."""
        self.check(kind, address)
        now = self._clock.monotonic()
        self._sweep(now)
        key = (kind, address)
        self._failures.setdefault(key, deque(maxlen=self._per_minute)).append(now)

    def forgive(self, kind: str, address: str) -> None:
        """Take a failure back that was counted before it was known to be none."""
        recent = self._failures.get((kind, address))
        if recent:
            recent.pop()

    def _sweep(self, now: float) -> None:
        """Forget the addresses whose last failure is over a minute old."""
        self._until_sweep -= 1
        if self._until_sweep > 0:
            return
        self._until_sweep = max(_SWEEP_EVERY, len(self._failures))
        self._failures = {
            key: recent
            for key, recent in self._failures.items()
            if recent and now - recent[-1] < _MINUTE
        }
