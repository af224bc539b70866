"""Decisions go out in frames under the limit, and again when nobody acknowledges them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from noond.device.calls import apply_calls
from noond.device.outbox import Outbox
from noond.device.review_sender import ReviewSender
from noond.device.reviews import decide, list_suggestions, pending_decisions
from noond.device.store import DeviceStore
from noond.hub.frames import ToolCall
from noond.models.document import Table

FRAME_BYTES = 4000


class Wire:
    """Keeps what was sent."""

    def __init__(self) -> None:
        self.frames: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def send(self, message: bytes) -> None:
        assert len(message) <= FRAME_BYTES
        self.frames.put_nowait(json.loads(message))

    async def next_ids(self) -> list[str]:
        frame = await asyncio.wait_for(self.frames.get(), 10)
        return [each["id"] for each in frame["deliveries"]]


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
async def sender(store: DeviceStore, wire: Wire) -> AsyncIterator[ReviewSender]:
    outbox = Outbox()
    sender = ReviewSender(store=store, outbox=outbox, frame_bytes=FRAME_BYTES, resend_seconds=30)
    tasks = [asyncio.create_task(sender.run()), asyncio.create_task(outbox.write_all(wire.send))]
    yield sender
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def decide_on(store: DeviceStore, count: int) -> None:
    calls = [
        ToolCall(
            id=f"call-{n}", action="insert", table=Table.NOTES, data={"title": "n"}, deadline_ms=1
        )
        for n in range(count)
    ]
    await apply_calls(store, calls)
    for suggestion in await list_suggestions(store):
        await decide(store, suggestion.id, "approved")


async def test_what_is_not_acknowledged_is_sent_again(
    store: DeviceStore, sender: ReviewSender, wire: Wire, clock: Any
) -> None:
    await decide_on(store, 2)
    first = await wire.next_ids()
    while len(first) < 2:  # the sender may have looked between the two decisions
        first += await wire.next_ids()
    clock.move(seconds=31)
    assert await wire.next_ids() == ["call-0", "call-1"]
    sender.acknowledged(["call-0"])
    clock.move(seconds=31)
    assert await wire.next_ids() == ["call-1"]
    sender.acknowledged(["call-1"])
    clock.move(seconds=31)
    while await pending_decisions(store):
        await asyncio.sleep(0.01)
    assert wire.frames.empty()


async def test_many_decisions_are_split_and_a_huge_edit_goes_without_its_text(
    store: DeviceStore, wire: Wire
) -> None:
    await decide_on(store, 200)
    (note,) = await store.read("SELECT record_id FROM applied_calls WHERE id = 'call-7'")
    await decide(store, note["record_id"], "edited", {"content": "x" * 10_000})
    outbox = Outbox()
    sender = ReviewSender(store=store, outbox=outbox, frame_bytes=FRAME_BYTES, resend_seconds=30)
    tasks = [asyncio.create_task(sender.run()), asyncio.create_task(outbox.write_all(wire.send))]
    told: dict[str, dict[str, Any]] = {}
    while len(told) < 200:
        frame = await asyncio.wait_for(wire.frames.get(), 10)
        told |= {each["id"]: each for each in frame["deliveries"]}
    assert told["call-7"] == {"id": "call-7", "decision": "edited"}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
