from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from scripted_terminal import scripted_terminal

from noond.cli.exits import ExitCode
from noond.cli.output import local_day
from noond.clock import SystemClock
from noond.device.calls import apply_calls
from noond.device.reviews import StoredRecord, list_records
from noond.device.store import open_store
from noond.hub.frames import Source, ToolCall
from noond.models.document import Table

if TYPE_CHECKING:
    from tests.unit.cli.conftest import Noond


def _call(number: int, title: str, **fields: Any) -> ToolCall:
    return ToolCall(
        id=f"call-{number}",
        action="insert",
        table=Table.TASKS,
        data={"title": title, "isAiSuggested": 1, "isApproved": 0, **fields},
        source=Source(
            agent_id="a", run_id="r", path="n.md", quote=f"- [ ] {title}", sha256="0" * 64
        ),
        deadline_ms=1000,
    )


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A device's store with three suggestions."""
    path = tmp_path / "device.db"
    calls = [_call(1, "Water\x1b[2J the plants"), _call(2, "Buy string"), _call(3, "Call Ines")]

    async def fill() -> None:
        async with open_store(path, clock=SystemClock()) as opened:
            applied = await apply_calls(opened, calls)
        assert all(each.answer.error is None for each in applied)

    asyncio.run(fill())
    return path


def tasks(path: Path) -> dict[str, StoredRecord]:
    """The store's tasks by title."""

    async def read() -> list[StoredRecord]:
        async with open_store(path, clock=SystemClock()) as opened:
            return await list_records(opened, table=Table.TASKS)

    return {record.data["title"]: record for record in asyncio.run(read())}


def test_suggestions_are_listed(noond: Noond, store: Path) -> None:
    outcome = noond("device", "review", "--store", str(store))
    assert outcome.code == ExitCode.OK
    assert [row[2] for row in outcome.rows] == [
        "Water\\x1b[2J the plants", "Buy string", "Call Ines",
    ]  # fmt: skip
    assert outcome.rows[1][4:] == ["n.md", "- [ ] Buy string"]


def test_decisions_are_kept(noond: Noond, store: Path) -> None:
    listed = noond("device", "review", "--store", str(store), "--json").document["items"]
    first, second, third = (item["id"] for item in listed)
    outcome = noond(
        "device", "review", "--store", str(store), "--approve", first, "--reject", second, "--json"
    )
    assert outcome.document == {
        "items": [{"id": first, "decision": "approved"}, {"id": second, "decision": "rejected"}]
    }
    left = noond("device", "review", "--store", str(store), "--json").document["items"]
    assert [item["id"] for item in left] == [third]
    assert "Buy string" not in tasks(store)


def test_the_store_of_the_device_command_is_taken(noond: Noond, store: Path) -> None:
    assert len(noond("device", "--store", str(store), "review").rows) == 3


def test_a_missing_store_is_not_made(noond: Noond, tmp_path: Path) -> None:
    outcome = noond("device", "review", "--store", str(tmp_path / "none.db"))
    assert outcome.code == ExitCode.NOT_FOUND
    assert list(tmp_path.glob("none*")) == []


def test_one_record_can_not_be_approved_and_rejected(noond: Noond, store: Path) -> None:
    outcome = noond("device", "review", "--store", str(store), "--approve", "x", "--reject", "x")
    assert outcome.code == ExitCode.USAGE


def test_an_unknown_suggestion_is_said_so(noond: Noond, store: Path) -> None:
    outcome = noond("device", "review", "--store", str(store), "--approve", "nothing")
    assert outcome.code == ExitCode.NOT_FOUND
    assert "nothing" in outcome.err


PROMPT = "[q]uit: "


def test_one_key_decides(store: Path) -> None:
    with scripted_terminal("device", "review", "--store", str(store)) as person:
        person.answer(PROMPT, "a")
        person.answer("2 of 3 · tasks", "")
        person.answer(PROMPT, "r")
        person.answer(PROMPT, "s")
        assert person.finish() == ExitCode.OK
    found = tasks(store)
    assert found.keys() == {"Water\x1b[2J the plants", "Call Ines"}
    assert found["Water\x1b[2J the plants"].approved
    assert not found["Call Ines"].approved
    assert "Water\\x1b[2J the plants" in person.shown
    assert "\x1b[2J" not in person.raw
    assert "file   n.md" in person.shown
    assert "quote  “- [ ] Buy string”" in person.shown
    assert person.lines[-2] == "1 approved, 1 rejected; 1 left."
    assert max(map(len, person.lines)) <= 80


def test_the_last_decision_can_be_undone(store: Path) -> None:
    with scripted_terminal("device", "review", "--store", str(store)) as person:
        person.answer(PROMPT, "u")  # there is nothing to undo
        person.answer(PROMPT, "r")
        person.answer("2 of 3", "")
        person.answer(PROMPT, "u")
        person.answer("1 of 3", "")
        person.answer(PROMPT, "a")
        person.answer(PROMPT, "a")
        person.answer(PROMPT, "r")
        person.answer("undoes it: ", "u")
        person.answer("3 of 3", "")
        person.answer(PROMPT, "a")
        person.answer("undoes it: ", "\r")
        assert person.finish() == ExitCode.OK
    assert len(tasks(store)) == 3
    assert all(record.approved for record in tasks(store).values())


def test_fields_are_edited_one_by_one(store: Path) -> None:
    with scripted_terminal("device", "review", "--store", str(store)) as person:
        person.answer(PROMPT, "s")
        person.answer(PROMPT, "e")
        for number, present, typed in [
            (1, "none: Buy string", "\x15Buy twine\r"),  # Ctrl-U clears the line
            (4, "none: medium", "\x15urgent\r"),
            (4, "none: medium", "\x15high\r"),
            (5, "none: ", "Ana, Bert\r"),
            (6, "none: ", "soon\r"),
            (6, "none: ", "2026-11-27\r"),
            (7, "none: ", "nowhere\r"),
            (7, "none: ", "HOME\r"),
        ]:
            person.answer("Field to change", str(number))
            person.answer(present, typed)
        person.answer("Enter keeps it: ", "\r")
        person.answer(PROMPT, "q")
        assert person.finish() == ExitCode.OK
    for complaint in ("must be one of", "'soon' is not a date", "None is named 'nowhere'"):
        assert complaint in person.shown
    (edited,) = [record for record in tasks(store).values() if record.approved]
    assert edited.data | {"dueDate": None} == {
        "title": "Buy twine", "status": "todo", "priority": "high", "projectId": "home",
        "assignee": '["Ana", "Bert"]', "dueDate": None,
    }  # fmt: skip
    assert local_day(edited.data["dueDate"]) == "2026-11-27"


def test_an_edit_without_a_change_decides_nothing(store: Path) -> None:
    with scripted_terminal("device", "review", "--store", str(store)) as person:
        person.answer(PROMPT, "e")
        person.answer("Enter goes back: ", "1")
        person.answer("the plants", "\r")
        person.answer("Enter goes back: ", "\r")
        person.answer(PROMPT, "\x1b[Bxq")  # an arrow and other keys do nothing
        assert person.finish() == ExitCode.OK
    assert "Nothing decided; 3 left." in person.shown
    assert not any(record.approved for record in tasks(store).values())


@pytest.mark.parametrize(("prompt", "before"), [(PROMPT, ""), ("none: Buy string", "e1")])
def test_ctrl_c_ends_it_and_keeps_what_was_decided(prompt: str, before: str, store: Path) -> None:
    with scripted_terminal("device", "review", "--store", str(store)) as person:
        person.answer(PROMPT, "a")
        person.answer("2 of 3", before)
        assert person.interrupt(prompt) == ExitCode.INTERRUPTED
    assert "1 approved; 2 left." in person.shown
    assert [record.approved for record in tasks(store).values()] == [True, False, False]


def test_a_refused_decision_is_asked_for_again(store: Path) -> None:
    async def refer() -> None:
        async with open_store(store, clock=SystemClock()) as opened:
            first = (await list_records(opened, table=Table.TASKS))[0]
            comment = ToolCall(
                id="call-9", action="insert", table=Table.TASK_COMMENTS,
                data={"taskId": first.id, "content": "Not the cactus."}, deadline_ms=1000,
            )  # fmt: skip
            await apply_calls(opened, [comment])

    asyncio.run(refer())
    with scripted_terminal("device", "review", "--store", str(store)) as person:
        person.answer("1 of 4", "")
        person.answer(PROMPT, "r")
        person.answer("2 of 4", "")
        person.answer(PROMPT, "a")
        person.answer("other records refer to this one", "")
        person.answer("1 of 4", "")
        person.answer(PROMPT, "q")
        assert person.finish() == ExitCode.OK
    assert len(tasks(store)) == 3
