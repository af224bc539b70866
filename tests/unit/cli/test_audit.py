from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.unit.cli.conftest import Noond, ScriptedDaemon

ENTRY: dict[str, Any] = {
    "seq": 7,
    "at": "2026-11-20T08:00:00.000Z",
    "actor_id": "0199c2d1-0000-7000-8000-000000000001",
    "actor_name": "ana",
    "actor_kind": "api_key",
    "action": "DELETE",
    "resource": "agent",
    "resource_id": "0199c2d1-0000-7000-8000-000000000002",
    "status": 204,
    "ip": "127.0.0.1",
}
VERIFIED = {
    "ok": True,
    "rows": 2,
    "archived_rows": 10,
    "first_seq": 1,
    "last_seq": 12,
    "since": "2026-08-20T08:00:00.000Z",
    "problems": [],
}


def test_entries_are_listed(daemon: ScriptedDaemon, noond: Noond) -> None:
    unknown = {**ENTRY, "actor_id": None, "actor_name": None, "actor_kind": "anonymous"}
    daemon.items("/audit", ENTRY, {**unknown, "resource_id": None, "action": "FAILED_AUTH"})

    said = noond("audit")

    assert said.code == 0
    assert [row[2:] for row in said.rows] == [
        ["ana", f"DELETE agent {ENTRY['resource_id']}", "204", "127.0.0.1"],
        ["anonymous", "FAILED_AUTH agent", "204", "127.0.0.1"],
    ]


def test_filters_are_passed_on(daemon: ScriptedDaemon, noond: Noond) -> None:
    daemon.items("/audit", ENTRY)
    filters = {
        "actor": "ana", "action": "DELETE", "resource": "agent", "id": "x", "status": "204",
        "ip": "::1", "request": "r", "since": "2026-11-20T08:00:00Z", "limit": "5",
    }  # fmt: skip

    said = noond("audit", "list", "--json", *(f"--{k}={v}" for k, v in filters.items()))

    assert said.document == {"items": [ENTRY]}
    (request,) = daemon.sent("GET", "/audit")
    asked = {name: value for name, (value,) in request.query.items()}
    assert asked == {
        **{k: v for k, v in filters.items() if k not in ("id", "request")},
        "resource_id": "x",
        "request_id": "r",
    }


def test_a_whole_log_is_said_to_be_so(daemon: ScriptedDaemon, noond: Noond) -> None:
    daemon.on("GET", "/audit/verification", (200, VERIFIED))

    said = noond("audit", "verify")

    assert (said.code, said.err) == (0, "")
    assert dict(row[:2] for row in said.rows)["archived rows"] == "10"
    assert noond("audit", "verify", "--json").document == VERIFIED


def test_a_log_that_was_tampered_with_ends_the_command_with_1(
    daemon: ScriptedDaemon, noond: Noond
) -> None:
    problems = ["row 3 was changed", "rows 5 to 6 are missing at the end"]
    daemon.on("GET", "/audit/verification", (200, {**VERIFIED, "ok": False, "problems": problems}))

    said = noond("audit", "verify")

    assert said.code == 1
    assert said.out.splitlines()[-2:] == problems
    assert said.err == "noond: The audit log was tampered with.\n"
    assert noond("audit", "verify", "--json").code == 1
