"""The frames of a run on their way from the socket to the run that reads them.

One `RunStream` per run that is being read. The hub feeds it without ever waiting; the run takes
frames at its own pace and says when it has done with them, which is what gives the device credit
or lets its socket be read again.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

from noond.errors import NoondError
from noond.hub.connection import Connection
from noond.hub.frames import (
    AgentComplete,
    AgentContext,
    AgentCredit,
    AgentData,
    AgentManifest,
    Frame,
)

RunFrame = AgentManifest | AgentContext | AgentData | AgentComplete

UNCREDITED_BYTES: Final = 1_048_576
"""Bytes of a run, beside those that credit was given for, that may wait before the device's socket
is no longer read."""


class StreamError(NoondError):
    """The device's files could not be received."""

    code = "stream"


class StreamDisconnected(StreamError):
    """The device went away while its files were awaited."""

    code = "device_disconnected"
    retryable = True

    def __init__(self, close_code: int | None) -> None:
        self.close_code = close_code
        super().__init__()


class StreamSilent(StreamError):
    """The device sent no files for too long."""

    code = "device_silent"


class SequenceGap(StreamError):
    """The device's data frames are not numbered without a gap."""

    code = "sequence_gap"


class CreditExceeded(StreamError):
    """The device sent more than it was allowed to."""

    code = "credit_exceeded"


class RunStream:
    """The frames of one run from one connection, in order."""

    def __init__(self, run_id: str, connection: Connection, *, credit_bytes: int) -> None:
        self.run_id = run_id
        self.connection = connection
        self.waiting_bytes = 0
        """Bytes of the frames that came and are not done with."""
        self._credited = "credit" in connection.capabilities
        self._credit_left = credit_bytes
        self._owed = 0
        self._grant_bytes = credit_bytes // 4
        self._uncredited = 0
        self._frames: deque[tuple[RunFrame, int]] = deque()
        self._taken: tuple[RunFrame, int] | None = None
        self._next_seq = 1
        self._failure: StreamError | None = None
        self._closed = False
        self._arrived = asyncio.Event()

    def feed(self, frame: RunFrame, size: int) -> None:
        """Take a frame from the socket; never waits."""
        if self._failure is not None or self._closed:
            return
        if isinstance(frame, AgentData) and not self._accept(frame, size):
            return
        if isinstance(frame, AgentComplete) and frame.last_seq not in (None, self._next_seq - 1):
            self.fail(SequenceGap(f"last_seq is {frame.last_seq}, received {self._next_seq - 1}"))
            return
        self._frames.append((frame, size))
        self.waiting_bytes += size
        if not self._by_credit(frame):
            self._uncredited += size
            if self._uncredited > UNCREDITED_BYTES:
                self.connection.pause(self.run_id)
        self._arrived.set()

    def _accept(self, frame: AgentData, size: int) -> bool:
        if frame.seq is not None and frame.seq != self._next_seq:
            self.fail(SequenceGap(f"data frame {frame.seq} came where {self._next_seq} was due"))
            return False
        self._next_seq += 1
        if self._credited:
            if size > self._credit_left:
                self.fail(CreditExceeded(f"{size - self._credit_left} bytes beyond the credit"))
                return False
            self._credit_left -= size
        return True

    def _by_credit(self, frame: RunFrame) -> bool:
        return self._credited and isinstance(frame, AgentData)

    async def next(self, *, silence_seconds: float) -> RunFrame:
        """The next frame, once the one before was dealt with.

        Asking for it says that the one before is done: its bytes are given back. Raises
        StreamSilent after that much silence while nothing waited to be read, SequenceGap or
        CreditExceeded, StreamDisconnected.
        """
        self._release()
        while not self._frames:
            if self._failure is not None:
                raise self._failure
            self._arrived.clear()
            try:
                async with asyncio.timeout(silence_seconds):
                    await self._arrived.wait()
            except TimeoutError:
                raise StreamSilent(f"the device sent nothing for {silence_seconds:g} s") from None
        if self._failure is not None and not isinstance(self._failure, StreamDisconnected):
            raise self._failure
        self._taken = self._frames.popleft()
        return self._taken[0]

    def _release(self) -> None:
        if self._taken is not None:
            (frame, size), self._taken = self._taken, None
            self.waiting_bytes -= size
            if self._by_credit(frame):
                self._owed += size
            else:
                self._uncredited -= size
                if self._uncredited <= UNCREDITED_BYTES:
                    self.connection.resume(self.run_id)
        # Credit is given in quarters, and all of it when the device may be waiting for it.
        if self._owed and (self._owed >= self._grant_bytes or not self._frames):
            self._credit_left += self._owed
            self.send(AgentCredit(run_id=self.run_id, bytes=self._owed))
            self._owed = 0

    def send(self, frame: Frame) -> None:
        """Send a frame to the device on the stream's own connection."""
        self.connection.send(frame)

    def fail(self, error: StreamError) -> None:
        """End the stream; a disconnect ends it after the frames that came before."""
        if self._failure is None:
            self._failure = error
            self._arrived.set()

    def close(self) -> None:
        """Nobody reads on: what still comes is dropped."""
        self._closed = True
        self._frames.clear()
        self.connection.resume(self.run_id)
