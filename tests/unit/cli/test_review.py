from __future__ import annotations

import asyncio
import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from noond.cli import review
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


def test_a_person_is_asked_about_each(
    noond: Noond, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Keyboard(io.StringIO):
        def isatty(self) -> bool:
            return True

    # Approve; edit (title, then a wrong date); edit again with a right one; quit.
    typed = ["a", "e", "Buy twine", "", "", "", "", "soon", "e", "Buy twine", "-", "", "high"]
    typed += ["", "2026-11-27", "", "q"]
    monkeypatch.setattr(sys, "stdin", Keyboard("\n".join(typed) + "\n"))
    monkeypatch.setattr(review, "on_terminal", lambda: True)
    outcome = noond("device", "review", "--store", str(store))
    assert outcome.code == ExitCode.OK
    assert "'soon' is not a date" in outcome.err
    assert "\x1b" not in outcome.out
    found = tasks(store)
    assert found.keys() == {"Water\x1b[2J the plants", "Buy twine", "Call Ines"}
    assert found["Water\x1b[2J the plants"].approved
    assert found["Buy twine"].approved
    assert found["Buy twine"].data["priority"] == "high"
    assert local_day(found["Buy twine"].data["dueDate"]) == "2026-11-27"
    assert not found["Call Ines"].approved
