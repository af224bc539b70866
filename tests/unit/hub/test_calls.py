"""Calls: whatever comes in whatever order, each ends in exactly one outcome."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noond.hub.calls import (
    Call,
    CallDisconnected,
    CallError,
    CallRefused,
    CallUnanswered,
    PendingCalls,
)
from noond.hub.frames import ToolCall, ToolResult

STEPS = st.lists(
    st.sampled_from(["answer", "refuse", "expire", "disconnect", "answer_other"]), max_size=8
)


def a_call(call_id: str = "c1") -> ToolCall:
    return ToolCall(id=call_id, action="notify", title="t", body="b", deadline_ms=1000)


def opened(pending: PendingCalls, call_id: str = "c1", *, now: float = 0.0) -> Call:
    return pending.open(a_call(call_id), now=now, paused_seconds=0.0)


@given(STEPS)
def test_exactly_one_outcome(steps: list[str]) -> None:
    async def play() -> None:
        pending = PendingCalls(seconds=10)
        call = opened(pending)
        first: str | None = None
        late = expected_late = 0
        for step in steps:
            if step == "answer":
                late += not pending.resolve(ToolResult(id="c1", result={"id": "r"}))
            elif step == "refuse":
                late += not pending.resolve(ToolResult(id="c1", error="no"))
            elif step == "answer_other":
                late += not pending.resolve(ToolResult(id="c2", result={}))
            elif step == "expire":
                pending.expire(now=11, paused_seconds=0)
            else:
                pending.disconnect()
            expected_late += step == "answer_other" or (
                step in ("answer", "refuse") and first is not None
            )
            if first is None and step != "answer_other":
                first = step
        assert late == expected_late
        if first is None:
            assert not call.future.done()
            assert len(pending) == 1
            return
        assert len(pending) == 0
        expected: dict[str, type[CallError]] = {
            "refuse": CallRefused,
            "expire": CallUnanswered,
            "disconnect": CallDisconnected,
        }
        if first == "answer":
            assert call.future.result() == {"id": "r"}
        else:
            assert type(call.future.exception()) is expected[first]

    asyncio.run(play())


async def test_a_disconnect_says_whether_the_call_was_sent() -> None:
    pending = PendingCalls(seconds=10)
    sent, waiting = opened(pending, "sent"), opened(pending, "waiting")
    sent.sent = True

    pending.disconnect()

    outcomes = [call.future.exception() for call in (sent, waiting)]
    assert [outcome.code for outcome in outcomes if isinstance(outcome, CallError)] == [
        "may_have_executed",
        "not_sent",
    ]


async def test_time_in_which_the_socket_was_not_read_does_not_count() -> None:
    pending = PendingCalls(seconds=10)
    call = opened(pending)

    pending.expire(now=25, paused_seconds=20)
    assert not call.future.done()

    pending.expire(now=31, paused_seconds=20)
    assert isinstance(call.future.exception(), CallUnanswered)


async def test_calls_expire_in_the_order_they_were_made() -> None:
    pending = PendingCalls(seconds=10)
    early, late = opened(pending, "early", now=0), opened(pending, "late", now=5)

    pending.expire(now=12, paused_seconds=0)

    assert isinstance(early.future.exception(), CallUnanswered)
    assert not late.future.done()


async def test_an_id_that_is_under_way_is_not_sent_twice() -> None:
    pending = PendingCalls(seconds=10)
    opened(pending)
    with pytest.raises(CallError, match="already"):
        opened(pending)
