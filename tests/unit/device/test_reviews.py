"""The person's decisions change the record and stay to be told until they are acknowledged."""

from __future__ import annotations

from pathlib import Path

import pytest

from noond.device.calls import apply_calls
from noond.device.errors import RecordRefused
from noond.device.reviews import (
    acknowledge,
    decide,
    list_records,
    list_suggestions,
    pending_decisions,
)
from noond.device.store import DeviceStore, open_store
from noond.errors import NotFound
from noond.hub.frames import Decision, Source, ToolCall
from noond.models.document import Table


async def suggest(store: DeviceStore, id_: str) -> str:
    call = ToolCall(
        id=id_, action="insert", table=Table.TASKS, data={"title": id_}, deadline_ms=1000,
        source=Source(agent_id="a", run_id="r", path="n.md", quote="the quote", sha256="0" * 64),
    )  # fmt: skip
    (applied,) = await apply_calls(store, [call])
    assert applied.answer.result is not None
    return str(applied.answer.result["id"])


async def test_suggestions_come_with_their_source_until_decided(store: DeviceStore) -> None:
    ids = [await suggest(store, id_) for id_ in "abc"]
    suggestions = await list_suggestions(store)
    assert [(s.id, s.path, s.quote, s.call_id) for s in suggestions] == [
        (id_, "n.md", "the quote", call) for id_, call in zip(ids, "abc", strict=True)
    ]
    await decide(store, ids[0], "approved")
    await decide(store, ids[1], "rejected")
    await decide(store, ids[2], "edited", {"title": "better", "description": "d"})
    assert await list_suggestions(store) == []
    tasks = await list_records(store, table=Table.TASKS)
    assert [(t.data["title"], t.approved) for t in tasks] == [("a", True), ("better", True)]


async def test_decisions_are_pending_until_acknowledged(store: DeviceStore) -> None:
    approved, edited = await suggest(store, "a"), await suggest(store, "b")
    await decide(store, approved, "approved")
    await decide(store, edited, "edited", {"priority": "high"})
    pending = await pending_decisions(store)
    fields = {"title": "b", "status": "todo", "priority": "high"}
    assert [each.decision for each in pending] == [
        Decision(id="a", decision="approved"),
        Decision(id="b", decision="edited", data=fields),
    ]
    await acknowledge(store, {"a": pending[0].number})
    assert [each.decision.id for each in await pending_decisions(store)] == ["b"]


async def test_a_decision_changed_after_it_was_sent_is_sent_too(store: DeviceStore) -> None:
    record_id = await suggest(store, "a")
    await decide(store, record_id, "approved")
    (sent,) = await pending_decisions(store)
    await decide(store, record_id, "rejected")
    await acknowledge(store, {"a": sent.number})
    (left,) = await pending_decisions(store)
    assert left.decision.decision == "rejected"


async def test_approving_again_is_no_new_decision(store: DeviceStore) -> None:
    record_id = await suggest(store, "a")
    await decide(store, record_id, "edited", {"title": "b"})
    await decide(store, record_id, "approved")
    (pending,) = await pending_decisions(store)
    assert pending.decision.decision == "edited"


async def test_wrong_decisions_change_nothing(store: DeviceStore) -> None:
    record_id = await suggest(store, "a")
    for data in ({}, {"title": None}, {"title": 5}, {"isApproved": 1}, {"projectId": "none"}, None):
        with pytest.raises(RecordRefused):
            await decide(store, record_id, "edited", data)
    with pytest.raises(RecordRefused):
        await decide(store, record_id, "approved", {"title": "x"})
    with pytest.raises(NotFound):
        await decide(store, "inbox", "approved")
    await decide(store, record_id, "rejected")
    with pytest.raises(NotFound):
        await decide(store, record_id, "approved")
    (pending,) = await pending_decisions(store)
    assert pending.decision == Decision(id="a", decision="rejected")


async def test_an_emptied_field_is_gone(store: DeviceStore) -> None:
    record_id = await suggest(store, "a")
    await decide(store, record_id, "edited", {"description": "d"})
    await decide(store, record_id, "edited", {"description": None})
    (task,) = await list_records(store, table=Table.TASKS)
    assert "description" not in task.data


async def test_a_second_opening_decides_and_the_first_notices(
    store: DeviceStore, store_path: Path
) -> None:
    record_id = await suggest(store, "a")
    before = await store.change_stamp()
    assert await store.change_stamp() == before
    async with open_store(store_path, clock=store.clock, create=False) as other:
        await decide(other, record_id, "approved")
    assert await store.change_stamp() != before
    assert len(await pending_decisions(store)) == 1
