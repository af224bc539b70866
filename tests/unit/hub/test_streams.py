"""A run's frames: none is lost, doubled or moved, and every byte is accounted for."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from noond.hub.connection import Connection
from noond.hub.frames import AgentComplete, AgentCredit, AgentData, AgentManifest, Frame
from noond.hub.streams import (
    UNCREDITED_BYTES,
    CreditExceeded,
    RunFrame,
    RunStream,
    SequenceGap,
    StreamDisconnected,
    StreamError,
    StreamSilent,
)

CREDIT = 1_000_000


class Socket:
    """What a stream uses of its connection."""

    def __init__(self, *capabilities: str) -> None:
        self.capabilities = frozenset(capabilities)
        self.held = False
        self.credit = CREDIT

    def pause(self, _run_id: str) -> None:
        self.held = True

    def resume(self, _run_id: str) -> None:
        self.held = False

    def send(self, frame: Frame) -> None:
        assert isinstance(frame, AgentCredit)
        self.credit += frame.bytes


def stream_on(socket: Socket) -> RunStream:
    return RunStream("r", cast("Connection", socket), credit_bytes=CREDIT)


def data(number: int) -> AgentData:
    return AgentData(run_id="r", seq=number, files=[])


class Streaming(RuleBasedStateMachine):
    """A device that keeps the rules, a run that takes frames, and a disconnect at any time."""

    @initialize(credited=st.booleans())
    def start(self, credited: bool) -> None:
        self.loop = asyncio.new_event_loop()
        self.socket = Socket("credit") if credited else Socket()
        self.credited = credited
        self.stream = stream_on(self.socket)
        self.fed: list[tuple[RunFrame, int]] = []
        self.taken = 0
        self.seq = 0
        self.gone = False

    def teardown(self) -> None:
        if hasattr(self, "loop"):
            self.loop.close()

    def feed(self, frame: RunFrame, size: int) -> None:
        self.stream.feed(frame, size)
        self.fed.append((frame, size))

    @precondition(lambda self: not self.gone and not self.socket.held)
    @rule(size=st.integers(1, CREDIT))
    def send_data(self, size: int) -> None:
        if self.credited:
            if self.socket.credit < size:
                return
            self.socket.credit -= size
        self.seq += 1
        self.feed(data(self.seq), size)

    @precondition(lambda self: not self.gone and not self.socket.held)
    @rule(size=st.integers(1, CREDIT))
    def send_manifest(self, size: int) -> None:
        self.feed(AgentManifest(run_id="r", files=[]), size)

    @precondition(lambda self: not self.gone)
    @rule()
    def disconnect(self) -> None:
        self.stream.fail(StreamDisconnected(1006))
        self.gone = True

    @rule()
    def take(self) -> None:
        if self.taken < len(self.fed):
            frame = self.loop.run_until_complete(self.stream.next(silence_seconds=1))
            assert frame is self.fed[self.taken][0]
            self.taken += 1
            return
        expected = StreamDisconnected if self.gone else StreamSilent
        with pytest.raises(expected):
            self.loop.run_until_complete(self.stream.next(silence_seconds=0))
        if not self.gone:
            assert self.socket.credit == CREDIT, "a device with nothing on its way has all credit"
            assert not self.socket.held
        self.done = len(self.fed)

    done = 0

    @invariant()
    def bytes_are_accounted_for(self) -> None:
        if not hasattr(self, "stream"):
            return
        if self.taken < len(self.fed) or self.done < len(self.fed):
            self.done = max(self.done, self.taken - 1)
        waiting = self.fed[self.done :]
        assert self.stream.waiting_bytes == sum(size for _, size in waiting) >= 0
        uncredited = sum(
            size for frame, size in waiting if not (self.credited and isinstance(frame, AgentData))
        )
        assert self.socket.held == (uncredited > UNCREDITED_BYTES)
        assert 0 <= self.socket.credit <= CREDIT


TestStreaming = Streaming.TestCase
TestStreaming.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


@pytest.mark.parametrize(
    ("frames", "failure"),
    [
        ([(data(1), CREDIT), (data(2), 1)], CreditExceeded),
        ([(data(2), 1)], SequenceGap),
        ([(data(1), 1), (data(3), 1)], SequenceGap),
        ([(data(1), 1), (AgentComplete(run_id="r", last_seq=2), 1)], SequenceGap),
    ],
)
async def test_a_broken_promise_ends_the_stream_at_once(
    frames: list[tuple[RunFrame, int]], failure: type[StreamError]
) -> None:
    stream = stream_on(Socket("credit"))
    for frame, size in frames:
        stream.feed(frame, size)
    stream.feed(data(99), 1)
    for _ in range(2):
        with pytest.raises(failure):
            await stream.next(silence_seconds=1)


async def test_frames_without_numbers_are_taken_as_they_come() -> None:
    stream = stream_on(Socket())
    frames: list[RunFrame] = [AgentData(run_id="r", files=[]) for _ in range(3)]
    frames.append(AgentComplete(run_id="r", last_seq=3))
    for frame in frames:
        stream.feed(frame, 10)
    assert [await stream.next(silence_seconds=1) for _ in frames] == frames


async def test_credit_comes_in_quarters_while_frames_wait() -> None:
    socket = Socket("credit")
    stream = stream_on(socket)
    for number in range(1, 101):
        socket.credit -= CREDIT // 100
        stream.feed(data(number), CREDIT // 100)
    grants = set()
    for _ in range(100):
        await stream.next(silence_seconds=1)
        grants.add(socket.credit)
    assert grants == {0, CREDIT // 4, CREDIT // 2, CREDIT * 3 // 4}
    with pytest.raises(StreamSilent):
        await stream.next(silence_seconds=0)
    assert socket.credit == CREDIT


async def test_a_closed_stream_takes_nothing_and_holds_nothing_back() -> None:
    socket = Socket()
    stream = stream_on(socket)
    stream.feed(data(1), UNCREDITED_BYTES + 1)
    held_before = socket.held
    stream.close()
    stream.feed(data(2), UNCREDITED_BYTES + 1)
    assert (held_before, socket.held) == (True, False)
