from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.unit.cli.conftest import Noond, ScriptedDaemon

ID = "0199c2d1-0000-7000-8000-0000000000bb"
TALK = "0199c2d1-0000-7000-8000-0000000000cc"


def schedule(**changes: Any) -> dict[str, Any]:
    return {
        "id": ID,
        "name": "morning",
        "cron": "0 7 * * 1-5",
        "timezone": "Europe/Berlin",
        "agent_id": "assistant",
        "message": "How did it go?",
        "session_id": None,
        "metadata": {},
        "missed": "all",
        "most": 3,
        "enabled": True,
        "created_at": "2026-11-20T08:00:00.000Z",
        "next_fires": ["2026-11-23T06:00:00.000Z", "2026-11-24T06:00:00.000Z"],
        **changes,
    }


@pytest.fixture
def schedules(daemon: ScriptedDaemon) -> ScriptedDaemon:
    daemon.items("/schedules", schedule())
    daemon.items("/conversations", {"id": TALK})
    daemon.on("GET", f"/schedules/{ID}", (200, schedule()))
    daemon.on("PATCH", f"/schedules/{ID}", (200, schedule()))
    daemon.on("POST", "/schedules", (201, schedule()))
    return daemon


def test_schedules_are_lines(noond: Noond, schedules: ScriptedDaemon) -> None:
    assert noond("schedules").rows == [
        ["morning", "enabled", "0 7 * * 1-5", "2026-11-23T06:00:00.000Z", "assistant",
         "How did it go?"]
    ]  # fmt: skip


@pytest.mark.parametrize("word", ["morning", ID, ID[-8:]])
def test_one_is_found_by_its_name_or_id(word: str, noond: Noond, schedules: ScriptedDaemon) -> None:
    rows = noond("schedules", "show", word).rows
    assert ["missed", "all, the last 3"] in rows
    assert ["next", "2026-11-24T06:00:00.000Z"] in rows


def test_one_is_made(noond: Noond, schedules: ScriptedDaemon) -> None:
    made = noond(
        "schedules", "add", "morning", "0 7 * * 1-5", "How did it go?", "--zone", "Europe/Berlin",
        "--agent", "other", "--missed", "all", "--most", "3", "--conversation", TALK[-8:],
        "--paused", "--json",
    )  # fmt: skip
    assert made.document == schedule()
    (request,) = schedules.sent("POST", "/schedules")
    assert request.body == {
        "name": "morning", "cron": "0 7 * * 1-5", "message": "How did it go?",
        "timezone": "Europe/Berlin", "agent_id": "other", "missed": "all", "most": 3,
        "session_id": TALK, "enabled": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("options", "body"),
    [
        (("--cron", "30 6 * * *", "--name", "early"), {"cron": "30 6 * * *", "name": "early"}),
        (("--zone", "", "--conversation", ""), {"timezone": None, "session_id": None}),
        (("--paused",), {"enabled": False}),
        (("--resumed",), {"enabled": True}),
    ],
)
def test_only_what_is_named_is_changed(
    options: tuple[str, ...], body: dict[str, Any], noond: Noond, schedules: ScriptedDaemon
) -> None:
    assert noond("schedules", "change", "morning", *options).code == 0
    (request,) = schedules.sent("PATCH", f"/schedules/{ID}")
    assert request.body == body


def test_a_change_of_nothing_is_refused(noond: Noond, schedules: ScriptedDaemon) -> None:
    assert noond("schedules", "change", "morning").code == 2
    assert schedules.requests == []


def test_fires_and_their_tasks(noond: Noond, schedules: ScriptedDaemon) -> None:
    fires = [
        {"fire_at": "2026-11-20T06:00:00.000Z", "task_id": TALK},
        {"fire_at": "2026-11-19T06:00:00.000Z", "task_id": None},
    ]
    schedules.on("GET", f"/schedules/{ID}/fires", (200, {"items": fires}))
    assert noond("schedules", "fires", "morning").rows == [
        ["2026-11-20T06:00:00.000Z", TALK],
        ["2026-11-19T06:00:00.000Z", "passed over"],
    ]
    assert noond("schedules", "fires", "morning", "--json").document == {"items": fires}


def test_one_is_removed(noond: Noond, schedules: ScriptedDaemon) -> None:
    schedules.on("DELETE", f"/schedules/{ID}", (204, None))
    assert noond("schedules", "remove", "morning", "--json").document == {"id": ID, "removed": True}
    assert noond("schedules", "remove", "evening").code == 4
