"""The log of requests that concern agents, written behind the replies' back."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import structlog

from noond.clock import Clock
from noond.config import LogSettings
from noond.errors import StorageError
from noond.models.request_log import LoggedRequest, RequestFilter
from noond.store import request_logs
from noond.store.database import Database
from noond.tasks import Supervisor

log = structlog.get_logger(__name__)

_MOST_WAITING: Final = 1000
_AT_ONCE: Final = 200
_PURGE_AT_ONCE: Final = 1000


class RequestLog:
    """`async with` it: what waits is written at the end. No reply ever waits for it."""

    def __init__(
        self, database: Database, settings: LogSettings, *, clock: Clock, tasks: Supervisor
    ) -> None:
        self.keeps = settings.requests
        """Which requests are to be put in."""
        self._database = database
        self._clock = clock
        self._tasks = tasks
        self._kept = timedelta(days=settings.request_days)
        self._waiting: deque[Callable[[], LoggedRequest]] = deque()
        self._dropped = 0
        self._writing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> RequestLog:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.flush()

    def put(self, build: Callable[[], LoggedRequest]) -> None:
        """Have a request written soon, built on another thread.

        With a thousand waiting, it is dropped and counted.
        """
        if len(self._waiting) >= _MOST_WAITING:
            self._dropped += 1
            return
        self._waiting.append(build)
        if self._writing is None or self._writing.done():
            self._writing = self._tasks.start(self._write(), name="request-log")

    async def flush(self) -> None:
        """Return once everything that was put in is on the disk, or could not be written."""
        if self._writing is not None:
            await asyncio.gather(self._writing, return_exceptions=True)
        await self._write()

    async def list(
        self, user_id: str, wanted: RequestFilter, *, limit: int, before_id: str | None = None
    ) -> list[LoggedRequest]:
        """The user's requests that match, newest first."""
        return await self._database.read(
            lambda c: request_logs.list_page(c, user_id, wanted, limit=limit, before_id=before_id)
        )

    def oldest_kept(self) -> datetime:
        """Requests from before then are to be deleted."""
        return self._clock.now() - self._kept

    async def purge(self, before: datetime) -> int:
        """Delete the requests from before then; returns how many."""
        purged = 0
        while some := await self._database.write(
            partial(request_logs.purge_all_users, before=before, limit=_PURGE_AT_ONCE)
        ):
            purged += some
        return purged

    async def _write(self) -> None:
        while self._waiting:
            builds = [self._waiting.popleft() for _ in range(min(_AT_ONCE, len(self._waiting)))]
            try:
                await self._store(builds)
            except StorageError as error:
                # They are of use, not of need: nobody waits for them, and memory is finite.
                self._dropped += len(builds)
                log.warning("request_log_failed", error=error.message)
        if self._dropped:
            log.warning("requests_not_logged", requests=self._dropped)
            self._dropped = 0

    async def _store(self, builds: Sequence[Callable[[], LoggedRequest]]) -> None:
        requests = await asyncio.to_thread(lambda: [build() for build in builds])
        await self._database.write(partial(request_logs.insert_many_all_users, requests=requests))
