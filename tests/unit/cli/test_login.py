from __future__ import annotations

import io
import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from noond.cli.exits import ExitCode

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.cli.conftest import Noond, Outcome, ScriptedDaemon

SECRET = "nd_live_" + "s" * 43


@pytest.fixture
def daemon(daemon: ScriptedDaemon, monkeypatch: pytest.MonkeyPatch) -> ScriptedDaemon:
    """One that lets ana in, on a machine that does not know it yet."""
    monkeypatch.delenv("NOOND_URL")
    monkeypatch.delenv("NOOND_API_KEY")
    opened = {"access_token": "a.b.c", "user": {"name": "ana", "role": "user"}}
    daemon.on("POST", "/auth/login", (200, opened))
    made = {"id": "k1", "name": "laptop", "prefix": "nd_live_ssssss", "api_key": SECRET}
    daemon.on("POST", "/api-keys", (201, made))
    daemon.on("DELETE", "/api-keys/k1", (204, None))
    daemon.on("POST", "/auth/logout", (204, None))
    return daemon


@pytest.fixture
def login(noond: Noond, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs `noond login ana` with her password on stdin."""

    def run(*options: str) -> Outcome:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"her password\n")))
        return noond(
            "login", "ana", "--password-stdin", "--data-dir", str(tmp_path / "ana"), *options
        )

    return run


def paths(daemon: ScriptedDaemon) -> list[tuple[str, str]]:
    return [(each.method, each.path.removeprefix("/api/v1")) for each in daemon.requests]


def test_a_password_becomes_a_key_that_is_kept(
    login: Any, daemon: ScriptedDaemon, tmp_path: Path
) -> None:
    outcome = login("--url", f"{daemon.url}/", "--key-name", "laptop")
    assert outcome.code == ExitCode.OK, outcome.err
    file = tmp_path / "ana" / "cli.json"
    assert json.loads(file.read_text()) == {"url": daemon.url, "api_key": SECRET}
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert paths(daemon) == [
        ("POST", "/auth/login"),
        ("POST", "/api-keys"),
        ("POST", "/auth/logout"),
    ]
    sign_in, make, sign_out = daemon.requests
    assert sign_in.authorization is None
    assert sign_in.body == {"name": "ana", "password": "her password"}
    assert make.body == {"name": "laptop", "scopes": ["admin"]}
    assert make.authorization == sign_out.authorization == "Bearer a.b.c"
    for secret in (SECRET, "her password", "a.b.c"):
        assert secret not in outcome.out + outcome.err


def test_json_holds_no_secret(login: Any, daemon: ScriptedDaemon, tmp_path: Path) -> None:
    outcome = login("--url", daemon.url, "--json")
    assert outcome.document["kept_in"] == str(tmp_path / "ana" / "cli.json")
    assert SECRET not in outcome.out


def test_a_key_that_can_not_be_kept_is_revoked(
    login: Any, daemon: ScriptedDaemon, tmp_path: Path
) -> None:
    (tmp_path / "ana" / ".cli.json.new").mkdir(parents=True)
    outcome = login("--url", daemon.url)
    assert outcome.code == ExitCode.FAILED
    assert "can't be written" in outcome.err
    assert paths(daemon)[-2:] == [("DELETE", "/api-keys/k1"), ("POST", "/auth/logout")]


def test_a_wrong_password_is_not_blamed_on_a_key(login: Any, daemon: ScriptedDaemon) -> None:
    problem = {"code": "sign_in_refused", "detail": "The name or the password is wrong."}
    daemon.on("POST", "/auth/login", (401, problem))
    outcome = login("--url", daemon.url)
    assert outcome.code == ExitCode.REFUSED
    assert outcome.err == "noond: The name or the password is wrong.\n"


def test_a_kept_key_is_replaced_only_on_demand(
    login: Any, daemon: ScriptedDaemon, tmp_path: Path
) -> None:
    file = tmp_path / "ana" / "cli.json"
    file.parent.mkdir()
    before = json.dumps({"url": "https://elsewhere", "api_key": "nd_live_old"})
    file.write_text(before)
    outcome = login("--url", daemon.url)
    assert outcome.code == ExitCode.CONFLICT
    assert "https://elsewhere" in outcome.err
    assert "--replace" in outcome.err
    assert file.read_text() == before
    assert daemon.requests == []
    assert login("--url", daemon.url, "--replace").code == ExitCode.OK
    assert json.loads(file.read_text())["api_key"] == SECRET


def test_a_daemons_directory_takes_no_other_daemons_key(
    login: Any, daemon: ScriptedDaemon, tmp_path: Path
) -> None:
    directory = tmp_path / "ana"
    directory.mkdir()
    (directory / "key").write_text("its key")
    outcome = login("--url", daemon.url, "--replace")
    assert outcome.code == ExitCode.CONFLICT
    assert "noond serve" in outcome.err
    kept = json.dumps({"url": "http://127.0.0.1:1", "api_key": "nd_live_x"})
    (directory / "cli.json").write_text(kept)
    outcome = login("--url", daemon.url, "--replace")
    assert outcome.code == ExitCode.CONFLICT
    assert "http://127.0.0.1:1" in outcome.err
    assert (directory / "cli.json").read_text() == kept
    assert daemon.requests == []
    (directory / "cli.json").write_text(json.dumps({"url": daemon.url, "api_key": None}))
    assert login().code == ExitCode.OK  # its own daemon, whose address stands there


@pytest.mark.parametrize("url", ["http://noond.example.org", "http://192.0.2.1:8737"])
def test_no_password_goes_out_in_the_clear(url: str, login: Any) -> None:
    outcome = login("--url", url)
    assert outcome.code == ExitCode.USAGE
    assert "https" in outcome.err
