"""Operations that wait for the engine's next transaction: appended by the loop, stored together.

While one transaction commits the next collects; there is no timer. An operation that fails takes
only itself down: then each of the batch is stored by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from noond.errors import NoondError, StorageError
from noond.jobs.endings import Ending
from noond.models.job import Enqueued
from noond.store import job_endings, jobs
from noond.store.database import Database
from noond.store.rows import Transaction

LIMIT = 512
"""Operations of a kind in one transaction at most."""


_STOPPED = StorageError("the job engine has stopped")


@dataclass(slots=True)
class Work:
    """Somebody waits for it. It must raise a NoondError before it changes anything, if at all."""

    run: Callable[[Transaction], Any]
    future: asyncio.Future[Any]
    result: Any = None
    error: Exception | None = None

    def store(self, tx: Transaction) -> None:
        """Run it; what it refuses is told to who waits, and to nobody else."""
        try:
            self.result = self.run(tx)
        except NoondError as error:
            self.error = error


@dataclass(slots=True)
class Batch:
    """What goes into one transaction."""

    rows: list[tuple[tuple[Any, ...], asyncio.Future[Enqueued]]] = field(default_factory=list)
    works: list[Work] = field(default_factory=list)
    endings: list[Ending] = field(default_factory=list)
    progress: list[Callable[[Transaction], bool]] = field(default_factory=list)
    cancels: bool = False
    """Whether running jobs may have to be stopped after it."""

    def __len__(self) -> int:
        return len(self.rows) + len(self.works) + len(self.endings) + len(self.progress)

    def store(self, tx: Transaction) -> None:
        """Everything, in the writer's thread."""
        if self.rows:
            jobs.insert_rows_all_users(tx, [values for values, _ in self.rows])
        plain = []
        for ending in self.endings:
            if ending.plain is None:
                ending.store(tx)
            else:
                plain.append(ending.plain)
        if plain:
            job_endings.complete_all_users(tx, plain)
        for work in self.works:
            work.error = None
            work.store(tx)
        for store in self.progress:
            store(tx)

    def resolve(self) -> None:
        """It is on the disk: tell who waits."""
        for values, future in self.rows:
            if not future.done():
                future.set_result(Enqueued(values[0], True))
        for work in self.works:
            if work.future.done():
                continue
            if work.error is not None:
                work.future.set_exception(work.error)
            else:
                work.future.set_result(work.result)

    def refuse(self, error: Exception) -> None:
        """Nothing of it was stored: tell who waits. The endings are kept by the caller."""
        for _, future in self.rows:
            if not future.done():
                future.set_exception(error)
        for work in self.works:
            if not work.future.done():
                work.future.set_exception(error)

    async def store_singly(self, database: Database) -> list[tuple[Ending, Exception]]:
        """Each in a savepoint of its own; returns the endings that could not be stored, and why."""
        singles: list[Batch] = [Batch(rows=[row]) for row in self.rows]
        singles += [Batch(works=[work]) for work in self.works]
        singles += [Batch(endings=[ending]) for ending in self.endings]
        singles += [Batch(progress=[store]) for store in self.progress]
        results = await asyncio.gather(
            *(database.write(single.store) for single in singles), return_exceptions=True
        )
        lost: list[tuple[Ending, Exception]] = []
        for single, result in zip(singles, results, strict=True):
            if isinstance(result, Exception):
                single.refuse(result)
                lost += [(ending, result) for ending in single.endings]
            else:
                single.resolve()
        return lost


class Operations:
    """The batch that collects, and the bell that the engine waits for."""

    def __init__(self) -> None:
        self._batch = Batch()
        self._bell = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False
        self._wake = self._bell.set

    def wake(self) -> None:
        """There is something to do."""
        self._bell.set()

    def wake_in(self, seconds: float) -> None:
        """Wake then, unless something earlier does."""
        loop = asyncio.get_running_loop()
        at = loop.time() + seconds
        if self._timer is not None:
            if self._timer.when() <= at:
                return
            self._timer.cancel()
        self._timer = loop.call_at(at, self._ring)

    def _ring(self) -> None:
        self._timer = None
        self._bell.set()

    async def woken(self) -> None:
        """Wait for the bell; from then on it must be rung again."""
        await self._bell.wait()
        self._bell.clear()

    def close(self) -> None:
        """Nothing is stored any more: no timer is left, and who asks is told."""
        self._closed = True
        self._batch.refuse(_STOPPED)
        if self._timer is not None:
            self._timer.cancel()

    def __len__(self) -> int:
        return len(self._batch)

    def insert(self, values: tuple[Any, ...]) -> asyncio.Future[Enqueued]:
        """Queue a job by its row."""
        if self._closed:
            raise _STOPPED
        future: asyncio.Future[Enqueued] = asyncio.get_running_loop().create_future()
        self._batch.rows.append((values, future))
        self._wake()
        return future

    def work(
        self, run: Callable[[Transaction], Any], *, cancels: bool = False
    ) -> asyncio.Future[Any]:
        """Run a unit of work; its NoondErrors must come before its changes."""
        self._batch.cancels |= cancels
        if self._closed:
            raise _STOPPED
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._batch.works.append(Work(run, future))
        self._wake()
        return future

    def end(self, ending: Ending) -> None:
        """Store how an attempt ended, sooner or later."""
        self._batch.endings.append(ending)
        self._batch.cancels |= ending.word == "cancelled"
        self._wake()

    def keep(self, endings: list[Ending]) -> None:
        """These could not be stored: they go first the next time."""
        self._batch.endings[:0] = endings

    def take(self) -> Batch:
        """What goes into the next transaction."""
        batch = self._batch
        rest = Batch(rows=batch.rows[LIMIT:], works=batch.works[LIMIT:], cancels=batch.cancels)
        del batch.rows[LIMIT:], batch.works[LIMIT:]
        self._batch = rest
        if len(rest):
            self._wake()
        return batch
