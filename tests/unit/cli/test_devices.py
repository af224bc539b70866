from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import pytest

from noond.cli.exits import ExitCode

if TYPE_CHECKING:
    from tests.unit.cli.conftest import Noond, ScriptedDaemon


def device(device_id: str, name: str, *, online: bool = True) -> dict[str, Any]:
    return {
        "device_id": device_id,
        "name": name,
        "platform": "linux",
        "app_version": "0.1.0",
        "capabilities": [],
        "online": online,
        "created_at": "2026-11-20T08:00:00.000Z",
        "last_seen_at": None,
    }


def test_pair_gives_a_command_that_can_be_run(noond: Noond, daemon: ScriptedDaemon) -> None:
    made = {"code": "AB CD", "expires_at": "2026-11-20T08:05:00.000Z"}
    daemon.on("POST", "/devices/pairings", (201, made))
    outcome = noond("pair", "--device", "laptop")
    assert outcome.code == ExitCode.OK
    assert daemon.requests[0].body == {"device_id": "laptop"}
    words = shlex.split(outcome.out.splitlines()[-1])
    assert words[:6] == ["noond", "device", "--url", daemon.url, "--code", "AB CD"]
    assert words[words.index("--id") + 1] == "laptop"
    assert noond("pair", "--json").document["code"] == "AB CD"
    assert daemon.requests[-1].body == {}


def test_devices_are_listed_one_a_line(noond: Noond, daemon: ScriptedDaemon) -> None:
    daemon.items("/devices", device("laptop", "Ana's\tlaptop"), device("nas", "NAS", online=False))
    outcome = noond("devices")
    assert [row[:3] for row in outcome.rows] == [
        ["laptop", "Ana's laptop", "online"],
        ["nas", "NAS", "away"],
    ]
    assert noond("devices", "--json").document == noond("devices", "list", "--json").document


def test_no_devices_say_what_to_do(noond: Noond, daemon: ScriptedDaemon) -> None:
    daemon.items("/devices")
    outcome = noond("devices")
    assert (outcome.code, outcome.out) == (ExitCode.OK, "")
    assert "noond pair" in outcome.err


@pytest.mark.parametrize("word", ["a/b:laptop", "Ana's laptop"])
def test_a_device_is_removed_by_id_or_name(word: str, noond: Noond, daemon: ScriptedDaemon) -> None:
    daemon.items("/devices", device("a/b:laptop", "Ana's laptop"), device("nas", "NAS"))
    daemon.on("DELETE", "/devices/a%2Fb%3Alaptop", (204, None))
    assert noond("devices", "rm", word).code == ExitCode.OK
    assert len(daemon.sent("DELETE", "/devices/a%2Fb%3Alaptop")) == 1


def test_a_name_of_two_devices_is_refused_with_their_ids(
    noond: Noond, daemon: ScriptedDaemon
) -> None:
    daemon.items("/devices", device("one", "pc"), device("two", "pc"))
    outcome = noond("devices", "rm", "pc")
    assert outcome.code == ExitCode.USAGE
    assert "one, two" in outcome.err
    assert all(request.method == "GET" for request in daemon.requests)


def test_a_rotated_token_is_shown(noond: Noond, daemon: ScriptedDaemon) -> None:
    daemon.items("/devices", device("laptop", "laptop"))
    made = {"device_token": "t0k", "device_id": "laptop", "ws_url": "ws://h/ws/device"}
    daemon.on("POST", "/devices/laptop/token", (201, made))
    assert ["device_token", "t0k"] in noond("devices", "rotate", "laptop").rows
    assert noond("devices", "rotate", "laptop", "--json").document == made
