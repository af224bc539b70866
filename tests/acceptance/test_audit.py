"""The audit log of a daemon that runs: what stands in it, and that meddling with it shows."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.acceptance.conftest import Machine


def test_what_was_done_is_listed_and_meddling_is_found(machine: Machine) -> None:
    machine.ask("init")
    machine.serve()
    machine.connect_device()
    agent = machine.add_agent("notes")
    machine.ask("run", "notes", "--wait")
    assert (
        machine.noond("agents", NOOND_URL=machine.url, NOOND_API_KEY="noond_" + "x" * 43).returncode
        == 5
    )

    entries = machine.ask("audit")["items"]
    told = [(e["actor_kind"], e["action"], e["resource"], e["status"]) for e in entries][::-1]
    assert told == [
        ("api_key", "CREATE", "pairing_code", 201),
        ("pairing_code", "CREATE", "device", 201),
        ("device_token", "LOGIN", "device", 101),
        ("api_key", "CREATE", "agent", 201),
        ("api_key", "EXECUTE", "agent", 202),
        ("anonymous", "FAILED_AUTH", "api_key", 401),
    ]
    assert machine.ask("audit", "--action", "EXECUTE")["items"][0]["resource_id"] == agent["id"]
    whole = machine.noond("audit", "verify")
    assert whole.returncode == 0, whole.stdout + whole.stderr

    with contextlib.closing(sqlite3.connect(machine.data_dir / "noond.db")) as database, database:
        database.execute("UPDATE audit_log SET actor_name = 'eve' WHERE seq = 4")
    broken = machine.noond("audit", "verify")
    assert broken.returncode == 1
    assert "row 4 was changed" in broken.stdout
