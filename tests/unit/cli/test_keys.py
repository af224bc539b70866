from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from noond.cli.exits import ExitCode

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.cli.conftest import Noond, ScriptedDaemon

OLD = "nd_live_" + "o" * 43
NEW = "nd_live_" + "n" * 43


def key(key_id: str, name: str, prefix: str, **more: Any) -> dict[str, Any]:
    return {
        "id": key_id,
        "name": name,
        "prefix": prefix,
        "scopes": ["read"],
        "created_at": "2026-11-20T08:00:00.000Z",
        "expires_at": "2099-11-20T08:00:00.000Z",
        "last_used_at": None,
        **more,
    }


def user(role: str = "owner", *, has_password: bool = True) -> dict[str, Any]:
    return {"name": "ines", "role": role, "has_password": has_password}


@pytest.fixture
def daemon(daemon: ScriptedDaemon) -> ScriptedDaemon:
    """One whose caller uses the key k1."""
    daemon.on("GET", "/auth/me", (200, {"user": user(), "credential": {"id": "k1"}}))
    daemon.items(
        "/api-keys", key("k1", "cli", "nd_live_aaaaaa"), key("k2", "dashboard", "nd_live_bbbbbb")
    )
    return daemon


@pytest.fixture
def kept(daemon: ScriptedDaemon, tmp_path: Path) -> Path:
    """A data directory whose cli.json names the daemon."""
    content = {"url": daemon.url, "api_key": OLD}
    (tmp_path / "cli.json").write_text(json.dumps(content))
    return tmp_path


def test_a_secret_is_alone_on_stdout(noond: Noond, daemon: ScriptedDaemon) -> None:
    made = {**key("k3", "importer", "nd_live_nnnnnn"), "api_key": NEW}
    daemon.on("POST", "/api-keys", (201, made))
    daemon.on("POST", "/api-keys/k2/rotate", (201, made))
    options = ("--scope", "write", "--scope", "devices:write", "--days", "7")
    outcome = noond("keys", "create", "importer", *options)
    assert (outcome.code, outcome.out) == (ExitCode.OK, f"{NEW}\n")
    assert daemon.requests[0].body == {
        "name": "importer",
        "scopes": ["write", "devices:write"],
        "expires_in_days": 7,
    }
    assert NEW not in outcome.err
    assert noond("keys", "rotate", "dashboard").out == f"{NEW}\n"
    assert noond("keys", "create", "importer", "--scope", "read", "--json").document == made


def test_a_scope_beyond_the_role_is_said_so(noond: Noond, daemon: ScriptedDaemon) -> None:
    daemon.on("GET", "/auth/me", (200, {"user": user("user"), "credential": {"id": "k1"}}))
    daemon.on("POST", "/api-keys", (201, {**key("k3", "x", "nd_live_nnnnnn"), "api_key": NEW}))
    options = ("--scope", "admin", "--scope", "users:write", "--scope", "keys:write")
    outcome = noond("keys", "create", "x", *options)
    assert "can't users:write either" in outcome.err


def test_the_list_says_which_key_is_in_use_or_over(noond: Noond, daemon: ScriptedDaemon) -> None:
    over = key("k3", "old", "nd_live_cccccc", expires_at="2025-01-01T00:00:00.000Z")
    daemon.items("/api-keys", key("k1", "cli", "nd_live_aaaaaa"), over)
    rows = noond("keys").rows
    assert [(row[1], row[-1]) for row in rows] == [("cli", "in use"), ("old", "expired")]


@pytest.mark.parametrize("word", ["k2", "dashboard", "nd_live_bbbbbb"])
def test_a_key_is_found_by_id_name_or_beginning(
    word: str, noond: Noond, daemon: ScriptedDaemon
) -> None:
    daemon.on("DELETE", "/api-keys/k2", (204, None))
    assert noond("keys", "revoke", word).code == ExitCode.OK
    assert len(daemon.sent("DELETE", "/api-keys/k2")) == 1


def test_keys_of_one_name_are_told_apart_by_their_beginnings(
    noond: Noond, daemon: ScriptedDaemon
) -> None:
    daemon.items("/api-keys", key("k2", "x", "nd_live_bbbbbb"), key("k3", "x", "nd_live_cccccc"))
    outcome = noond("keys", "revoke", "x")
    assert outcome.code == ExitCode.USAGE
    assert "nd_live_bbbbbb, nd_live_cccccc" in outcome.err


def test_a_secret_typed_as_a_name_is_not_repeated(noond: Noond, daemon: ScriptedDaemon) -> None:
    outcome = noond("keys", "show", OLD)
    assert outcome.code == ExitCode.NOT_FOUND
    assert OLD[:30] not in outcome.err


def test_the_rotated_key_of_the_command_line_is_kept_and_used(
    noond: Noond, daemon: ScriptedDaemon, kept: Path
) -> None:
    made = {**key("k1", "cli", "nd_live_nnnnnn"), "api_key": NEW}
    daemon.on("POST", "/api-keys/k1/rotate", (201, made))
    outcome = noond("keys", "rotate", "cli", "--data-dir", str(kept))
    assert outcome.code == ExitCode.OK
    file = kept / "cli.json"
    assert json.loads(file.read_text()) == {"url": daemon.url, "api_key": NEW}
    assert file.stat().st_mode & 0o777 == 0o600
    assert [request.authorization for request in daemon.requests[-2:]] == [
        f"Bearer {OLD}",
        f"Bearer {NEW}",
    ]
    assert NEW not in outcome.out + outcome.err


def test_a_new_secret_that_can_not_be_kept_is_not_used(
    noond: Noond, daemon: ScriptedDaemon, kept: Path
) -> None:
    daemon.on("POST", "/api-keys/k1/rotate", (201, {**key("k1", "cli", "x"), "api_key": NEW}))
    (kept / ".cli.json.new").mkdir()
    outcome = noond("keys", "rotate", "cli", "--data-dir", str(kept))
    assert outcome.code == ExitCode.FAILED
    assert json.loads((kept / "cli.json").read_text())["api_key"] == OLD
    assert {request.authorization for request in daemon.requests} == {f"Bearer {OLD}"}
    assert NEW not in outcome.out + outcome.err


def test_the_rotated_key_of_the_environment_is_printed(
    noond: Noond, daemon: ScriptedDaemon
) -> None:
    daemon.on("POST", "/api-keys/k1/rotate", (201, {**key("k1", "cli", "x"), "api_key": NEW}))
    outcome = noond("keys", "rotate", "cli")
    assert outcome.out == f"{NEW}\n"
    assert "NOOND_API_KEY" in outcome.err


@pytest.mark.parametrize(
    ("has_password", "advice"), [(True, "noond login ines"), (False, "noond users passwd")]
)
def test_the_key_in_use_is_revoked_only_on_demand(
    has_password: bool, advice: str, noond: Noond, daemon: ScriptedDaemon, kept: Path
) -> None:
    me = {"user": user(has_password=has_password), "credential": {"id": "k1"}}
    daemon.on("GET", "/auth/me", (200, me))
    daemon.on("DELETE", "/api-keys/k1", (204, None))
    outcome = noond("keys", "revoke", "cli", "--data-dir", str(kept))
    assert outcome.code == ExitCode.CONFLICT
    assert advice in outcome.err
    assert daemon.sent("DELETE", "/api-keys/k1") == []

    assert noond("keys", "revoke", "cli", "--yes", "--data-dir", str(kept)).code == ExitCode.OK
    assert len(daemon.sent("DELETE", "/api-keys/k1")) == 1
    assert json.loads((kept / "cli.json").read_text())["api_key"] is None
    outcome = noond("keys", "--data-dir", str(kept))
    assert outcome.code == ExitCode.UNREACHABLE
    assert "noond login" in outcome.err
