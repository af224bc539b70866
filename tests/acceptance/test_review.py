"""A person decides about suggestions on the bundled device, and the daemon remembers it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from scripted_terminal import scripted_terminal

from noond.clock import SystemClock
from noond.device.reviews import StoredRecord, list_records
from noond.device.store import open_store
from noond.models.document import Table

if TYPE_CHECKING:
    from tests.acceptance.conftest import Machine

PROMPT = "[q]uit: "


@pytest.fixture
def suggested(machine: Machine) -> Machine:
    """A machine whose agent `notes` has suggested four tasks."""
    machine.ask("init")
    machine.serve()
    machine.connect_device()
    machine.add_agent("notes")
    assert machine.ask("run", "notes", "--wait")["deliveries"]["delivered"] == 4
    return machine


def tasks(machine: Machine) -> dict[str, StoredRecord]:
    """The device's tasks by title."""

    async def read() -> list[StoredRecord]:
        async with open_store(machine.store, clock=SystemClock(), create=False) as opened:
            return await list_records(opened, table=Table.TASKS)

    return {record.data["title"]: record for record in asyncio.run(read())}


def review(machine: Machine, keys: dict[str, str]) -> str:
    """Go through all suggestions on a terminal; press the keys for each title. The screen."""
    with scripted_terminal(
        "device", "review", environment=machine.environment(), cwd=machine.root
    ) as person:
        for _ in keys:
            card = person.expect(PROMPT)
            (pressed,) = [keys[title] for title in keys if title in card]
            if pressed != "e":
                person.press(pressed)
                continue
            person.press("e")
            person.answer("Field to change", "1")
            person.answer("none: Send the contract", "\x15Send the signed contract\r")
            person.answer("Enter keeps it: ", "\r")
        # Enter also ends it after a last decision, which could be undone.
        person.press("\r")
        assert person.finish() == 0
    assert max(map(len, person.lines)) <= 80
    return person.shown


def until_told(machine: Machine, **counts: int) -> dict[str, Any]:
    """The agent's statistics once the daemon has heard of so many decisions."""
    while True:
        stats: dict[str, Any] = machine.ask("agent", "stats", "notes")
        if counts.items() <= stats.items():
            return stats


def test_decisions_are_kept_told_and_remembered(suggested: Machine) -> None:
    first = suggested.ask("runs", "notes")
    screen = review(
        suggested,
        {
            "Water the plants": "a",
            "Send the contract": "e",
            "book the room": "r",
            "Buy string": "a",
        },
    )
    assert "4 of 4 · tasks" in screen
    assert "due " in screen
    assert "2026-12-01 (Tue)" in screen
    assert "assignee  ines" in screen
    assert "“Ana will send the contract by 2026-11-27.”" in screen
    assert "2 approved" in screen
    found = tasks(suggested)
    assert found.keys() == {"Water the plants", "Send the signed contract", "Buy string"}
    assert all(record.approved for record in found.values())

    stats = until_told(suggested, suggested=4, approved=2, edited=1, rejected=1)
    assert stats["precision"] == 0.75
    (week,) = stats["weeks"]
    assert week["rejected"] == 1
    table = suggested.noond("agent", "stats", "notes").stdout.splitlines()
    assert table[-1] == "total\t4\t2\t1\t1\t0.75"
    records = suggested.ask("runs", first["id"])["records"]
    assert {each["data"]["title"]: each["decision"] for each in records} == {
        "Water the plants": "approved",
        "Send the contract": "edited",
        "book the room": "rejected",
        "Buy string": "approved",
    }

    # The prompt is changed, so every file is read again: what was rejected stays away.
    suggested.ask("agent", "edit", "notes", "--prompt", "Only what is mine.")
    dry = suggested.ask("run", "notes", "--dry-run")
    novelty = {each["data"]["title"]: each["novelty"] for each in dry["proposals"]}
    assert novelty["book the room"] == "rejected"
    assert "new" not in novelty.values()
    full = suggested.ask("run", "notes", "--wait")
    assert full["items_processed"] == 2
    assert full["items_created"] == 0
    assert tasks(suggested).keys() == found.keys()


def test_undoing_a_run_leaves_what_was_approved_or_edited(suggested: Machine) -> None:
    review(
        suggested,
        {
            "Water the plants": "a",
            "Send the contract": "e",
            "book the room": "s",
            "Buy string": "s",
        },
    )
    until_told(suggested, approved=1, edited=1)
    done = suggested.noond("run", "revert", "notes", "--wait")
    assert done.returncode == 0, done.stderr
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert ["deleted", "2"] in rows
    assert ["kept", "2"] in rows
    kept = {row[2]: row[-1] for row in rows if row[0] == "record"}
    assert kept == {"Water the plants": "approved", "Send the contract": "edited"}
    assert tasks(suggested).keys() == {"Water the plants", "Send the signed contract"}


def test_what_was_decided_while_the_device_was_off_is_kept_too(suggested: Machine) -> None:
    device = suggested.programs[-1]
    device.terminate()
    device.communicate(timeout=30)
    listed = suggested.ask("device", "review")["items"]
    (plants,) = [each["id"] for each in listed if each["data"]["title"] == "Water the plants"]
    suggested.ask("device", "review", "--approve", plants)
    begun = suggested.ask("run", "revert", "notes")
    assert (begun["deleting"], begun["kept"]) == (4, 0)
    suggested.start("device", "--url", suggested.url, "--allow", str(suggested.notes))
    undone = suggested.ask("run", "revert", "notes", "--wait")
    assert (undone["deleted"], undone["kept"]) == (3, 1)
    assert tasks(suggested).keys() == {"Water the plants"}
    until_told(suggested, approved=1)
