from __future__ import annotations

import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from noond.cli.exits import ExitCode

if TYPE_CHECKING:
    from tests.unit.cli.conftest import Noond, ScriptedDaemon


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "device.db"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "--url"),
        (["--url", "http://127.0.0.1:1"], "--allow"),
        (["--url", "http://127.0.0.1:1", "--allow", "/not/there"], "is not a folder"),
    ],
)
def test_what_is_missing_is_said(arguments: list[str], said: str, noond: Noond) -> None:
    outcome = noond("device", *arguments)
    assert outcome.code == ExitCode.USAGE
    assert said in outcome.err


def test_a_refused_code_is_told(noond: Noond, daemon: ScriptedDaemon, store: Path) -> None:
    problem = {"code": "invalid", "title": "Invalid", "detail": "this code was used"}
    daemon.on("POST", "/devices/pair", (400, problem))
    outcome = noond(
        "device", "--url", daemon.url, "--code", "AB", "--store", str(store), "--allow", "/tmp"
    )
    assert outcome.code == ExitCode.REFUSED
    assert outcome.err == "noond: this code was used\n"


def test_a_daemon_that_is_away_is_told(noond: Noond, unused_tcp_port: int, store: Path) -> None:
    url = f"http://127.0.0.1:{unused_tcp_port}"
    outcome = noond(
        "device", "--url", url, "--code", "AB", "--store", str(store), "--allow", "/tmp"
    )
    assert outcome.code == ExitCode.UNREACHABLE


def test_the_token_is_kept_and_not_shown(noond: Noond, daemon: ScriptedDaemon, store: Path) -> None:
    made = {"device_token": "t0ken-canary", "device_id": "nas", "ws_url": "ws://h/ws/device"}
    daemon.on("POST", "/devices/pair", (201, made))
    # The scripted daemon has no device socket, which ends the device at once.
    outcome = noond(
        "device", "--url", daemon.url, "--code", "AB", "--store", str(store), "--allow", "/tmp",
        "--id", "nas", "--name", "The NAS",
    )  # fmt: skip
    assert outcome.code == ExitCode.FAILED
    assert "no device socket" in outcome.err
    (sent,) = daemon.sent("POST", "/devices/pair")
    assert sent.body == {"code": "AB", "device_id": "nas", "name": "The NAS"}
    kept = store.with_name("device.db.token")
    assert kept.read_text().strip() == "t0ken-canary"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert "t0ken-canary" not in outcome.out + outcome.err


def test_without_code_or_token_pairing_is_asked_for(noond: Noond, store: Path) -> None:
    outcome = noond(
        "device", "--url", "http://127.0.0.1:1", "--store", str(store), "--allow", "/tmp"
    )
    assert outcome.code == ExitCode.FAILED
    assert "noond pair" in outcome.err
