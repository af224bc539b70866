"""Replies that stay open: how many a credential may hold, and what ends them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum

from aiohttp import web

from noond.errors import RateLimited
from noond.models.account import Principal

STREAMS_PER_KEY = 20

_RETRY_SECONDS = 5.0


class StreamEnd(Enum):
    """Why a stream is ended."""

    CREDENTIAL = "credential"
    """The caller's credential has ended, or what it may do has changed."""
    STOP = "stop"
    """The server stops."""


class Stream:
    """A stream that is open."""

    def __init__(self, caller: Principal, end: Callable[[StreamEnd], object]) -> None:
        self.caller = caller
        self.end = end
        """Ends it without waiting; its owner may put a politer way in place."""


class Streams:
    """The open streams of all callers."""

    def __init__(self, *, per_key: int = STREAMS_PER_KEY) -> None:
        self._per_key = per_key
        self._open: Counter[str] = Counter()
        self._streams: set[Stream] = set()

    @contextmanager
    def open(self, caller: Principal) -> Iterator[Stream]:
        """Hold a stream while the block runs; raises RateLimited when there are too many.

        The block is cancelled when the caller's credential or the server ends, unless it gives
        the stream another end.
        """
        key = caller.credential_id
        if self._open[key] >= self._per_key:
            raise RateLimited(
                f"{self._per_key} streams of this credential are open; close one first",
                retry_after_seconds=_RETRY_SECONDS,
            )
        task = asyncio.current_task()
        assert task is not None
        stream = Stream(caller, lambda _why: task.cancel())
        self._open[key] += 1
        self._streams.add(stream)
        try:
            yield stream
        finally:
            self._streams.discard(stream)
            self._open[key] -= 1
            if not self._open[key]:
                del self._open[key]

    def count(self, user_id: str) -> int:
        """How many streams of this user are open."""
        return sum(stream.caller.user_id == user_id for stream in self._streams)

    def end(self, user_id: str, credential_id: str | None) -> None:
        """End the streams that a credential of this user opened; None stands for all of them."""
        for stream in tuple(self._streams):
            caller = stream.caller
            if caller.user_id == user_id and credential_id in (None, caller.credential_id):
                stream.end(StreamEnd.CREDENTIAL)

    async def close(self, _app: web.Application) -> None:
        """End every stream; called when the server stops."""
        for stream in tuple(self._streams):
            stream.end(StreamEnd.STOP)
