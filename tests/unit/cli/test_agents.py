from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from noond.cli.exits import ExitCode

if TYPE_CHECKING:
    from tests.unit.cli.conftest import Noond, ScriptedDaemon

ADD = ("agent", "add", "local", "notes", "--path", "~/Notes", "--ext", ".md", "--type", "tasks")
LAPTOP = {"device_id": "laptop", "name": "Ana's laptop"}


def test_every_option_becomes_its_field(
    noond: Noond, daemon: ScriptedDaemon, agent: dict[str, Any]
) -> None:
    daemon.items("/devices", LAPTOP)
    daemon.on("POST", "/agents", (201, agent))
    outcome = noond(
        *ADD, "--device", "Ana's laptop", "--path", "/srv/Mail", "--ext", "eml", "--type", "notes",
        "--cron", "0 8 * * 1-5", "--timezone", "Europe/Berlin", "--prompt", "Only mine",
        "--missed", "skip", "--max-age-hours", "6", "--quiet-hours", "22:00-07:00",
        "--default-project", "inbox", "--json",
    )  # fmt: skip
    assert outcome.code == ExitCode.OK
    assert outcome.document == agent
    (sent,) = daemon.sent("POST", "/agents")
    assert sent.body == {
        "kind": "local",
        "name": "notes",
        "device_id": "laptop",
        "directory_paths": ["~/Notes", "/srv/Mail"],
        "file_extensions": [".md", "eml"],
        "data_types": ["tasks", "notes"],
        "schedule_cron": "0 8 * * 1-5",
        "timezone": "Europe/Berlin",
        "prompt_template": "Only mine",
        "missed": "skip",
        "max_age_hours": 6,
        "quiet_hours": "22:00-07:00",
        "default_project_id": "inbox",
    }


def test_what_is_not_given_is_left_to_the_daemon(
    noond: Noond, daemon: ScriptedDaemon, agent: dict[str, Any]
) -> None:
    daemon.items("/devices", LAPTOP)
    daemon.on("POST", "/agents", (201, agent))
    assert noond(*ADD).code == ExitCode.OK
    (sent,) = daemon.sent("POST", "/agents")
    assert sent.body.keys() == {
        "kind", "name", "device_id", "directory_paths", "file_extensions", "data_types",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("devices", "said"),
    [((), "noond pair"), ((LAPTOP, {"device_id": "nas", "name": "NAS"}), "--device")],
)
def test_the_device_must_be_clear(
    devices: tuple[dict[str, Any], ...], said: str, noond: Noond, daemon: ScriptedDaemon
) -> None:
    daemon.items("/devices", *devices)
    outcome = noond(*ADD)
    assert outcome.code == ExitCode.USAGE
    assert said in outcome.err
    assert daemon.sent("POST", "/agents") == []


def test_missing_options_are_named_together(noond: Noond, daemon: ScriptedDaemon) -> None:
    outcome = noond("agent", "add", "local", "notes", "--ext", ".md")
    assert outcome.code == ExitCode.USAGE
    assert "Missing --path, --type." in outcome.err


def test_an_unknown_type_is_refused_here(noond: Noond, daemon: ScriptedDaemon) -> None:
    assert noond(*ADD, "--type", "recipes").code == ExitCode.USAGE
    assert daemon.requests == []


def test_a_refused_field_is_named_by_its_option(noond: Noond, daemon: ScriptedDaemon) -> None:
    daemon.items("/devices", LAPTOP)
    errors = [{"field": "schedule_cron", "message": "'8' has 1 fields"}]
    daemon.on("POST", "/agents", (400, {"code": "invalid", "title": "Invalid", "errors": errors}))
    outcome = noond(*ADD, "--cron", "8")
    assert (outcome.code, outcome.err) == (ExitCode.USAGE, "noond: --cron: '8' has 1 fields.\n")


def test_agents_are_listed(noond: Noond, daemon: ScriptedDaemon, agent: dict[str, Any]) -> None:
    paused = {**agent, "id": "2", "name": "mail", "enabled": False, "schedule_cron": None}
    daemon.items("/agents", agent, {**paused, "next_fires": []})
    outcome = noond("agents")
    assert outcome.rows[0][:5] == [
        "notes", "laptop", "enabled", "0 8 * * 1-5", "2026-11-23T07:00:00.000Z",
    ]  # fmt: skip
    assert outcome.rows[1][:5] == ["mail", "laptop", "paused", "by hand", ""]


@pytest.mark.parametrize(
    ("arguments", "body"),
    [
        (("pause", "notes"), {"enabled": False}),
        (("resume", "notes"), {"enabled": True}),
        (("edit", "notes", "--name", "letters"), {"name": "letters"}),
        (("edit", "notes", "--cron", ""), {"schedule_cron": None}),
        (("edit", "notes", "--quiet-hours", ""), {"quiet_hours": None}),
        (("edit", "notes", "--default-project", ""), {"default_project_id": None}),
        (("edit", "notes", "--prompt", ""), {"prompt_template": ""}),
        (("edit", "notes", "--path", "a", "--path", "b"), {"directory_paths": ["a", "b"]}),
    ],
)
def test_changes_say_only_what_changes(
    arguments: tuple[str, ...],
    body: dict[str, Any],
    noond: Noond,
    daemon: ScriptedDaemon,
    agent: dict[str, Any],
) -> None:
    daemon.items("/agents", agent)
    daemon.on("PATCH", f"/agents/{agent['id']}", (200, agent))
    assert noond("agent", *arguments).code == ExitCode.OK
    (sent,) = daemon.sent("PATCH", f"/agents/{agent['id']}")
    assert sent.body == body


def test_an_edit_of_nothing_is_refused(noond: Noond, daemon: ScriptedDaemon) -> None:
    outcome = noond("agent", "edit", "notes")
    assert outcome.code == ExitCode.USAGE
    assert daemon.requests == []


def test_an_agent_is_shown_by_name_or_id(
    noond: Noond, daemon: ScriptedDaemon, agent: dict[str, Any]
) -> None:
    daemon.items("/agents", agent)
    by_name = noond("agent", "show", "notes")
    assert ["paths", "/home/ana/Notes"] in by_name.rows
    assert by_name.out == noond("agent", "show", agent["id"]).out


def test_an_unknown_agent_is_said_so(noond: Noond, daemon: ScriptedDaemon) -> None:
    daemon.items("/agents")
    outcome = noond("agent", "show", "nobody\x1b[2J")
    assert outcome.code == ExitCode.NOT_FOUND
    assert "noond agents" in outcome.err
    assert "\x1b" not in outcome.err


def test_an_agent_is_removed(noond: Noond, daemon: ScriptedDaemon, agent: dict[str, Any]) -> None:
    daemon.items("/agents", agent)
    daemon.on("DELETE", f"/agents/{agent['id']}", (204, None))
    assert noond("agent", "rm", "notes", "--json").document == {"id": agent["id"], "removed": True}
    assert len(daemon.sent("DELETE", f"/agents/{agent['id']}")) == 1


def test_next_tells_the_fires_and_the_note(
    noond: Noond, daemon: ScriptedDaemon, agent: dict[str, Any]
) -> None:
    daemon.items("/agents", {**agent, "schedule_note": "A run of Monday was dropped: too old."})
    outcome = noond("agent", "next", "notes")
    assert [row[0] for row in outcome.rows] == agent["next_fires"]
    assert "too old" in outcome.err
