"""A call is applied once, wholly or not at all, and its answer never changes."""

from __future__ import annotations

from typing import Any

import aiosqlite
import pytest

from noond.device.calls import apply_calls
from noond.device.reviews import decide, list_records
from noond.device.store import DeviceStore
from noond.hub.frames import Source, ToolCall, ToolResult
from noond.models.document import Table

FLAGS = {"isAiSuggested": 1, "isApproved": 0}


def insert(id_: str, table: str = "tasks", **data: Any) -> ToolCall:
    return ToolCall(
        id=id_, action="insert", table=Table(table), data={**data, **FLAGS}, deadline_ms=1000,
        source=Source(agent_id="a", run_id="r", path="n.md", quote="q", sha256="0" * 64),
    )  # fmt: skip


async def answers(store: DeviceStore, *calls: ToolCall) -> list[ToolResult]:
    return [applied.answer for applied in await apply_calls(store, calls)]


async def test_every_table_takes_its_fields_and_fills_in_defaults(store: DeviceStore) -> None:
    (task,) = await answers(store, insert("t", title="Call Ana", dueDate=1, assignee='["Ana"]'))
    assert task.result is not None
    results = await answers(
        store,
        insert("n", "notes", title="N", content="c", projectId="home"),
        insert("l", "timelines", title="L", projectId="inbox", date=5),
        insert("p", "projects", name="P"),
        insert("c", "taskComments", taskId=task.result["id"], content="c", author=None),
    )
    assert [result.error for result in results] == [None] * 4
    records = {r.table: r for r in await list_records(store) if r.suggested}
    assert records[Table.TASKS].data == {
        "title": "Call Ana", "dueDate": 1, "assignee": '["Ana"]', "status": "todo",
        "priority": "medium",
    }  # fmt: skip
    assert records[Table.TASKS].path == "n.md"
    assert not records[Table.TASKS].approved
    assert set(records) == set(Table)


@pytest.mark.parametrize(
    ("table", "data", "says"),
    [
        ("tasks", {}, "tasks.title is required"),
        ("tasks", {"title": "  "}, "tasks.title can't be empty"),
        ("tasks", {"title": 5}, "tasks.title must be text"),
        ("tasks", {"title": "x", "status": "open"}, "todo, in_progress, done"),
        ("tasks", {"title": "x", "dueDate": True}, "milliseconds"),
        ("tasks", {"title": "x", "dueDate": 10**20}, "milliseconds"),
        ("tasks", {"title": "x", "assignee": "Ana"}, "JSON array"),
        ("tasks", {"title": "x", "projectId": "none"}, "projects has no record 'none'"),
        ("tasks", {"title": "x", "id": "mine"}, "tasks has no field 'id'"),
        ("tasks", {"title": "x", "name); DROP TABLE tasks; --": 1}, "has no field"),
        ("timelines", {"title": "x"}, "timelines.projectId is required"),
        ("taskComments", {"taskId": "none", "content": "c"}, "tasks has no record 'none'"),
    ],
)
async def test_what_does_not_fit_is_refused_and_can_be_sent_again(
    store: DeviceStore, table: str, data: dict[str, Any], says: str
) -> None:
    (wrong,) = await answers(store, insert("same", table, **data))
    assert says in (wrong.error or "")
    assert wrong.result is None
    (right,) = await answers(store, insert("same", title="now right"))
    assert right.error is None


async def test_only_the_person_approves(store: DeviceStore) -> None:
    call = insert("t", title="x").model_copy(update={"data": {"title": "x", "isApproved": 1}})
    (answer,) = await answers(store, call)
    assert "isApproved" in (answer.error or "")


async def test_a_repeated_id_gets_the_first_answer_and_changes_nothing(store: DeviceStore) -> None:
    first, again, other = await answers(
        store, insert("t", title="x"), insert("t", title="x"), insert("u", title="x")
    )
    (later,) = await answers(store, insert("t", title="different now"))
    assert first == again == later
    assert first.result != other.result
    titles = [r.data["title"] for r in await list_records(store, table=Table.TASKS)]
    assert titles == ["x", "x"]


async def test_a_refused_call_costs_its_neighbours_nothing(store: DeviceStore) -> None:
    results = await answers(
        store, insert("a", title="a"), insert("b", title=1), insert("c", title="c")
    )
    assert [result.error is None for result in results] == [True, False, True]
    assert len(await list_records(store, table=Table.TASKS)) == 2


async def test_a_change_that_cannot_be_remembered_is_undone(store: DeviceStore) -> None:
    async def forbid(tx: aiosqlite.Connection) -> None:
        await tx.execute(
            "CREATE TRIGGER forbid BEFORE INSERT ON applied_calls WHEN NEW.id = 'b'"
            " BEGIN SELECT RAISE(ABORT, 'not this one'); END"
        )

    await store.write(forbid)
    results = await answers(store, *(insert(id_, title=id_) for id_ in "abc"))
    assert [result.error for result in results] == [None, "not this one", None]
    titles = [r.data["title"] for r in await list_records(store, table=Table.TASKS)]
    assert titles == ["a", "c"]


def delete(id_: str, record_id: str, table: str = "tasks") -> ToolCall:
    return ToolCall(
        id=id_, action="delete", table=Table(table), record_id=record_id, deadline_ms=1000
    )


async def inserted(store: DeviceStore, id_: str = "t") -> str:
    (answer,) = await answers(store, insert(id_, title="x"))
    assert answer.result is not None
    return str(answer.result["id"])


async def test_delete_takes_back_a_suggestion_once(store: DeviceStore) -> None:
    record_id = await inserted(store)
    (gone,) = await answers(store, delete("d", record_id))
    assert gone.result == {"id": record_id}
    assert await list_records(store, table=Table.TASKS) == []
    assert await answers(store, delete("d", record_id)) == [gone]


@pytest.mark.parametrize(("decision", "data"), [("approved", None), ("edited", {"title": "y"})])
async def test_delete_leaves_what_the_person_decided_on(
    store: DeviceStore, decision: Any, data: dict[str, Any] | None
) -> None:
    record_id = await inserted(store)
    await decide(store, record_id, decision, data)
    (answer,) = await answers(store, delete("d", record_id))
    assert "it stays" in (answer.error or "")
    assert len(await list_records(store, table=Table.TASKS)) == 1


async def test_delete_of_what_others_refer_to_or_of_nothing_is_refused(store: DeviceStore) -> None:
    record_id = await inserted(store)
    await answers(store, insert("c", "taskComments", taskId=record_id, content="c"))
    results = await answers(
        store, delete("d", record_id), delete("e", "none"), delete("f", "inbox", "projects")
    )
    assert "other records refer" in (results[0].error or "")
    assert "no record none" in (results[1].error or "")
    assert "the person's own" in (results[2].error or "")


async def test_delete_of_a_rejected_record_is_done_already(store: DeviceStore) -> None:
    record_id = await inserted(store)
    await decide(store, record_id, "rejected")
    (answer,) = await answers(store, delete("d", record_id))
    assert answer.result == {"id": record_id}


async def test_a_notice_is_shown_once(store: DeviceStore) -> None:
    notify = ToolCall(id="n", action="notify", title="Hi", body="there", deadline_ms=1000)
    first, second = await apply_calls(store, [notify, notify])
    assert (first.fresh, second.fresh) == (True, False)
    assert first.answer == second.answer
