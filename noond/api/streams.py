"""Replies that stay open: how many a key may hold, and that the daemon can stop."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import web

from noond.errors import RateLimited

STREAMS_PER_KEY = 20

_RETRY_SECONDS = 5.0


class Streams:
    """The open streams of all callers."""

    def __init__(self, *, per_key: int = STREAMS_PER_KEY) -> None:
        self._per_key = per_key
        self._open: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[object]] = set()

    @contextmanager
    def open(self, key_id: str) -> Iterator[None]:
        """Hold a stream while the block runs; raises RateLimited when the key has too many."""
        if self._open[key_id] >= self._per_key:
            raise RateLimited(
                f"{self._per_key} streams of this key are open; close one first",
                retry_after_seconds=_RETRY_SECONDS,
            )
        task = asyncio.current_task()
        assert task is not None
        self._open[key_id] += 1
        self._tasks.add(task)
        try:
            yield
        finally:
            self._tasks.discard(task)
            self._open[key_id] -= 1
            if not self._open[key_id]:
                del self._open[key_id]

    async def close(self, _app: web.Application) -> None:
        """End every stream; called when the server stops."""
        for task in self._tasks:
            task.cancel()
