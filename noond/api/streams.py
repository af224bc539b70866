"""Replies that stay open: how many a credential may hold, and what ends them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import web

from noond.errors import RateLimited
from noond.models.account import Principal

STREAMS_PER_KEY = 20

_RETRY_SECONDS = 5.0


class Streams:
    """The open streams of all callers."""

    def __init__(self, *, per_key: int = STREAMS_PER_KEY) -> None:
        self._per_key = per_key
        self._open: Counter[str] = Counter()
        self._tasks: dict[asyncio.Task[object], Principal] = {}

    @contextmanager
    def open(self, caller: Principal) -> Iterator[None]:
        """Hold a stream while the block runs; raises RateLimited when there are too many.

        The block is cancelled when the caller's credential or the server ends.
        """
        key = caller.credential_id
        if self._open[key] >= self._per_key:
            raise RateLimited(
                f"{self._per_key} streams of this credential are open; close one first",
                retry_after_seconds=_RETRY_SECONDS,
            )
        task = asyncio.current_task()
        assert task is not None
        self._open[key] += 1
        self._tasks[task] = caller
        try:
            yield
        finally:
            del self._tasks[task]
            self._open[key] -= 1
            if not self._open[key]:
                del self._open[key]

    def end(self, user_id: str, credential_id: str | None) -> None:
        """End the streams that a credential of this user opened; None stands for all of them."""
        for task, caller in self._tasks.items():
            if caller.user_id == user_id and credential_id in (None, caller.credential_id):
                task.cancel()

    async def close(self, _app: web.Application) -> None:
        """End every stream; called when the server stops."""
        for task in self._tasks:
            task.cancel()
