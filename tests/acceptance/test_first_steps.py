"""From nothing to records, step by step as the README says it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.acceptance.conftest import Machine


@pytest.fixture
def cold() -> bool:
    """As a person starts them."""
    return True


def test_from_nothing_to_records_on_the_device(machine: Machine) -> None:
    made = machine.ask("init")
    assert made["data_dir"] == str(machine.data_dir)
    machine.serve()
    machine.connect_device()
    (device,) = machine.ask("devices")["items"]
    assert device["online"] is True

    agent = machine.add_agent("notes", "--cron", "0 8 * * 1-5", "--timezone", "Europe/Berlin")
    assert len(agent["next_fires"]) == 5
    run = machine.ask("run", "notes", "--wait")
    assert (run["status"], run["errors"]) == ("success", [])
    shown = machine.ask("runs", run["id"])
    titles = {record["data"]["title"] for record in shown["records"]}
    assert {"Water the plants", "book the room"} <= titles
    for record in shown["records"]:
        assert record["status"] == "delivered"
        assert record["quote"] in (machine.root / record["path"]).read_text()

    suggestions = machine.ask("device", "review", "--store", str(machine.store))["items"]
    assert {each["data"]["title"] for each in suggestions} == titles
    assert {each["id"] for each in suggestions} == {
        record["device_record_id"] for record in shown["records"]
    }


def test_only_what_changed_is_read_again(machine: Machine) -> None:
    machine.ask("init")
    machine.serve()
    machine.connect_device()
    machine.add_agent("notes")
    first = machine.ask("run", "notes", "--wait")
    again = machine.ask("run", "notes", "--wait")
    assert (again["status"], again["items_created"]) == ("success", 0)
    # The empty file is known by now, too.
    assert (again["coverage"]["read"], again["coverage"]["unchanged"]) == (0, 3)
    meeting = machine.notes / "work" / "meeting.md"
    meeting.write_text(meeting.read_text() + "\nTODO: order tea\n")
    changed = machine.ask("run", "notes", "--wait")
    assert changed["coverage"]["read"] == 1
    records = machine.ask("runs", changed["id"])["records"]
    assert [record["data"]["title"] for record in records] == ["order tea"]
    listed = machine.ask("runs", "--agent", "notes")["items"]
    assert [each["id"] for each in listed] == [changed["id"], again["id"], first["id"]]


def test_everything_is_still_there_after_a_restart(machine: Machine) -> None:
    machine.ask("init")
    daemon = machine.serve()
    first_url = machine.url
    machine.connect_device()
    machine.add_agent("notes")
    run = machine.ask("run", "notes", "--wait")
    daemon.terminate()
    daemon.communicate(timeout=30)
    assert daemon.returncode == 0
    gone = machine.noond("agents")
    assert gone.returncode == 3
    assert "noond serve" in gone.stderr

    machine.serve()
    assert machine.url != first_url
    assert json.loads((machine.data_dir / "cli.json").read_text())["url"] == machine.url
    assert machine.ask("runs", "notes")["id"] == run["id"]
