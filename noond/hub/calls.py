"""Calls to a device: every call ends in exactly one outcome.

One `PendingCalls` per connection. All calls of a hub have the same time to be answered, so the
order of sending is the order of deadlines, and one shared sweep looks at the front only.
"""

from __future__ import annotations

import asyncio
from typing import Any

from noond.errors import NoondError
from noond.hub.frames import ToolCall, ToolResult


class CallError(NoondError):
    """A call to a device did not succeed."""

    code = "call_failed"


class CallRefused(CallError):
    """The device answered with an error."""

    code = "insert_failed"


class CallUnanswered(CallError):
    """The device did not answer in time; it may have executed the call."""

    code = "no_answer"
    retryable = True


class CallDisconnected(CallError):
    """The device went away before it answered."""

    retryable = True

    def __init__(self, *, sent: bool) -> None:
        self.code = "may_have_executed" if sent else "not_sent"
        super().__init__()


class Call:
    """One call waiting for its outcome."""

    __slots__ = ("deadline", "future", "id", "paused_before", "sent")

    def __init__(self, call_id: str, future: asyncio.Future[dict[str, Any]]) -> None:
        self.id = call_id
        self.future = future
        self.sent = False
        self.deadline = 0.0
        self.paused_before = 0.0


class PendingCalls:
    """The calls that one connection owes an answer to."""

    __slots__ = ("_calls", "_seconds")

    def __init__(self, *, seconds: float) -> None:
        self._calls: dict[str, Call] = {}
        self._seconds = seconds

    def __len__(self) -> int:
        return len(self._calls)

    def open(self, frame: ToolCall, *, now: float, paused_seconds: float) -> Call:
        """Expect an answer; raises CallError when one is expected under this id already."""
        if frame.id in self._calls:
            raise CallError(f"call {frame.id} is already on its way")
        call = Call(frame.id, asyncio.get_running_loop().create_future())
        call.deadline = now + self._seconds
        call.paused_before = paused_seconds
        self._calls[frame.id] = call
        return call

    def resolve(self, frame: ToolResult) -> bool:
        """Give a call its answer; False when nobody waits for it: late, repeated, never asked."""
        call = self._calls.pop(frame.id, None)
        if call is None or call.future.done():
            return False
        if frame.error is not None:
            call.future.set_exception(CallRefused(frame.error[:2000]))
        else:
            call.future.set_result(frame.result or {})
        return True

    def forget(self, call: Call) -> None:
        """The caller no longer waits."""
        self._calls.pop(call.id, None)

    def expire(self, *, now: float, paused_seconds: float) -> None:
        """End the calls whose time is over; time in which the socket was not read is not counted.

        `paused_seconds` is that time in all, so far.
        """
        while self._calls:
            call = next(iter(self._calls.values()))
            if now < call.deadline + (paused_seconds - call.paused_before):
                return
            del self._calls[call.id]
            if not call.future.done():
                call.future.set_exception(CallUnanswered())

    def disconnect(self) -> None:
        """The connection is gone: end every call at once."""
        calls, self._calls = self._calls, {}
        for call in calls.values():
            if not call.future.done():
                call.future.set_exception(CallDisconnected(sent=call.sent))
