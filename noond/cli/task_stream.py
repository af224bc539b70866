"""What a task tells, each event once, over as many connections as it takes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from http.client import HTTPMessage
from typing import Any, Final

from noond.cli.client import Client, Problem, StreamBroken, segment
from noond.cli.event_lines import SentEvent
from noond.cli.exits import CommandFailed, ExitCode
from noond.models.invocation import TaskEventName

_PATIENCE_SECONDS: Final = 60.0
"""How long a daemon may be away before it is given up."""
_FIRST_PAUSE_SECONDS: Final = 0.2
_LONGEST_PAUSE_SECONDS: Final = 3.0
_PASSES: Final = frozenset({429, 503})
"""Statuses of a daemon that will take the stream up again in a moment."""


class TaskStream:
    """The events of one task. `task_id` is None until the daemon has said it.

    `on_cut` is called when the connection broke and is made again.
    """

    def __init__(
        self,
        client: Client,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        on_cut: Callable[[], None] = lambda: None,
    ) -> None:
        self._client = client
        self._method = method
        self._path = path
        self._body = body
        self.on_cut = on_cut
        self.task_id: str | None = None
        self._was_open = False
        # With it a message that was sent twice is asked once.
        self._headers = {"Idempotency-Key": os.urandom(16).hex()} if body is not None else {}

    def __iter__(self) -> Iterator[SentEvent]:
        """The events up to `run_finished`. Raises CommandFailed."""
        away_since: float | None = None
        pause = _FIRST_PAUSE_SECONDS
        while True:
            cause: BaseException | None = None
            try:
                for event in self._connection():
                    away_since, pause = None, _FIRST_PAUSE_SECONDS
                    self._headers["Last-Event-ID"] = event.id
                    yield event
                    if event.name == TaskEventName.RUN_FINISHED:
                        return
            except StreamBroken as broken:
                cause = broken.__cause__
                if not self._was_open and away_since is None and not _may_have_arrived(cause):
                    raise self._client.unreachable(cause) from None
            except Problem as problem:
                if not self._was_open or problem.status not in _PASSES:
                    raise
            now = time.monotonic()
            if away_since is None:
                away_since = now
                self.on_cut()
            elif now - away_since > _PATIENCE_SECONDS:
                raise self._given_up(cause)
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    def cancel(self) -> None:
        """End the task; one that the daemon has not named yet ends for want of a reader."""
        if self.task_id is not None:
            self._client.post(f"/agents/tasks/{segment(self.task_id)}/cancel")

    def _connection(self) -> Iterator[SentEvent]:
        return self._client.sent_events(
            self._method, self._path, self._body, headers=self._headers, opened=self._opened
        )

    def _opened(self, headers: HTTPMessage) -> None:
        self._was_open = True
        self.task_id = headers.get("X-Task-ID", self.task_id)

    def _given_up(self, cause: BaseException | None) -> CommandFailed:
        refusal = self._client.unreachable(cause)
        if self.task_id is None:
            return refusal
        return CommandFailed(
            f"{refusal.message} See what became of it: `noond tasks show {self.task_id}`.",
            ExitCode.UNREACHABLE,
        )


def ask(client: Client, agent_id: str, message: str, conversation_id: str | None) -> TaskStream:
    """Send a message; the stream of its answer."""
    body: dict[str, Any] = {"message": message}
    if conversation_id is not None:
        body["session_id"] = conversation_id
    return TaskStream(client, "POST", f"/agents/{segment(agent_id)}/stream", body)


def hear(client: Client, task_id: str) -> TaskStream:
    """The stream of a task that is there already, from its beginning."""
    stream = TaskStream(client, "GET", f"/agents/tasks/{segment(task_id)}/events")
    stream.task_id = task_id
    return stream


def _may_have_arrived(cause: BaseException | None) -> bool:
    """Whether the daemon may have taken the request, although its reply did not come."""
    return isinstance(cause, ConnectionError) and not isinstance(cause, ConnectionRefusedError)
