"""`noond` with seams where it can be killed: python crashing_daemon.py CALLS serve …

Started like the command line, with one argument before: a file to which the path of every
extraction is appended. On stdin it takes orders, one a line, each answered by a line on stderr:

    kill POINT N              kill -9 at the N-th passage of that named point from now on
    kill any N MICROSECONDS   at the N-th passage of whichever, and that much later
    room BYTES                no file may grow beyond this: the disk is full; -1 ends it

Nothing of this is in the daemon itself: the seams are wrapped from outside.
"""

from __future__ import annotations

import functools
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from types import ModuleType
from typing import Any

from noond.cli.main import main
from noond.hub import hub
from noond.hub.calls import PendingCalls
from noond.hub.frames import AgentComplete
from noond.llm import extractor
from noond.runners import execution
from noond.store import database, job_claims, job_endings, journal, ledger, runs

TRANSACTIONS: dict[str, tuple[ModuleType, str]] = {
    "claim": (job_claims, "claim_all_users"),
    "run begun": (runs, "reset_counts"),
    "manifest": (runs, "set_files"),
    "file": (ledger, "put"),
    "delivered": (journal, "set_delivered"),
    "read": (runs, "set_read"),
    "run finished": (runs, "finish"),
    "job finished": (job_endings, "finish"),
}
"""What is committed, by the function that does it: each is a point before and one after."""

POINTS: dict[str, int] = {
    "claim, before commit": 1,
    "claim, committed": 1,
    "run begun, before commit": 1,
    "run begun, committed": 1,
    "manifest, before commit": 1,
    "manifest, committed": 1,
    "extraction begins": 6,
    "extraction ended": 6,
    "file, before commit": 4,
    "file, committed": 2,
    "call, before it is sent": 10,
    "call, answered": 10,
    "delivered, before commit": 10,
    "delivered, committed": 2,
    "agent_complete received": 1,
    "read, before commit": 1,
    "read, committed": 1,
    "run finished, before commit": 1,
    "run finished, committed": 1,
    "job finished, before commit": 1,
    "job finished, committed": 1,
}
"""The named crash points in the daemon, each with a passage in the middle of a run of 12 files."""


class Fate:
    """When to die."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._point = ""
        self._left = 0
        self._delay = 0.0

    def order(self, line: str) -> None:
        """Take an order from stdin."""
        words = line.split()
        if words[1] == "any":
            point, count, delay = "any", int(words[2]), int(words[3]) / 1e6
        else:
            point, count, delay = " ".join(words[1:-1]), int(words[-1]), 0.0
            assert point in POINTS, point
        with self._lock:
            self._point, self._left, self._delay = point, count, delay

    def passed(self, point: str) -> None:
        """A point is passed; may not return."""
        with self._lock:
            if self._point not in (point, "any"):
                return
            self._left -= 1
            if self._left != 0:
                return
            delay = self._delay
        if delay:
            threading.Thread(target=die, args=(delay,), daemon=True).start()
        else:
            die(0)


def die(delay: float) -> None:
    """As kill -9 does it: nothing is flushed, nothing is closed."""
    time.sleep(delay)
    os.kill(os.getpid(), signal.SIGKILL)


def watch_transactions(fate: Fate) -> None:
    """Points within transactions, and after the commits of those who made a change."""
    made: list[str] = []

    def watch(name: str, module: ModuleType, function_name: str) -> None:
        function: Callable[..., Any] = getattr(module, function_name)

        @functools.wraps(function)
        def watched(*arguments: Any, **more: Any) -> Any:
            result = function(*arguments, **more)
            if result is not False and result != []:
                made.append(name)
                fate.passed(f"{name}, before commit")
            return result

        setattr(module, function_name, watched)

    for name, (module, function_name) in TRANSACTIONS.items():
        watch(name, module, function_name)

    commit = database.Database._commit

    def committed(self: database.Database, batch: list[Any]) -> None:
        made.clear()
        commit(self, batch)
        for name in made:
            fate.passed(f"{name}, committed")

    database.Database._commit = committed  # type: ignore[method-assign]


def watch_calls(fate: Fate) -> None:
    """Points on a call's way to the device and back."""
    call, resolve = hub.Hub.call, PendingCalls.resolve

    @functools.wraps(call)
    def calling(*arguments: Any, **more: Any) -> Any:
        fate.passed("call, before it is sent")
        return call(*arguments, **more)

    @functools.wraps(resolve)
    def resolving(*arguments: Any, **more: Any) -> Any:
        fate.passed("call, answered")
        return resolve(*arguments, **more)

    hub.Hub.call = calling  # type: ignore[method-assign]
    PendingCalls.resolve = resolving  # type: ignore[method-assign]


def watch_frames(fate: Fate) -> None:
    """The point where the device has said its last word and nothing is stored of it."""
    feed = hub.Hub._feed

    @functools.wraps(feed)
    def feeding(*arguments: Any) -> None:
        if any(isinstance(argument, AgentComplete) for argument in arguments):
            fate.passed("agent_complete received")
        feed(*arguments)

    hub.Hub._feed = feeding  # type: ignore[assignment, method-assign]


def watch_extractions(fate: Fate, calls: str) -> None:
    """Points around an extraction, and the account of all of them."""
    record = os.open(calls, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    extract: Callable[..., Awaitable[Any]] = extractor.EmbeddedExtractor.extract

    @functools.wraps(extract)
    async def extracting(self: Any, document: Any, **more: Any) -> Any:
        os.write(record, f"{document.path} {document.sha256}\n".encode())
        fate.passed("extraction begins")
        result = await extract(self, document, **more)
        fate.passed("extraction ended")
        return result

    extractor.EmbeddedExtractor.extract = extracting  # type: ignore[method-assign]


def take_orders(fate: Fate) -> None:
    """Read orders until stdin ends; unbuffered, as the process may end while this waits."""
    while order := os.read(0, 1000).decode():
        if order.startswith("room"):
            hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
            resource.setrlimit(resource.RLIMIT_FSIZE, (int(order.split()[1]), hard))
        else:
            fate.order(order)
        os.write(2, b"ordered\n")


if __name__ == "__main__":
    # A run that could not be stored goes on soon, not after ten seconds.
    execution._STORE_RETRY = timedelta(milliseconds=100)
    the_fate = Fate()
    watch_transactions(the_fate)
    watch_calls(the_fate)
    watch_frames(the_fate)
    watch_extractions(the_fate, sys.argv[1])
    threading.Thread(target=take_orders, args=(the_fate,), daemon=True).start()
    main(sys.argv[2:])
