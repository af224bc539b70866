"""Files that can't be read: each is reported by name, the others are read."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from running_daemon import RunningDaemon
from scripted_device import scripted_device, sha256

TASK = "- [ ] Send the contract\n"


def encoded(raw: bytes) -> dict[str, str]:
    return {"content": base64.b64encode(raw).decode(), "encoding": "base64"}


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ({"error": "permission denied"}, "unreadable"),
        ({}, "invalid_file"),
        ({"content": "%%%", "encoding": "base64"}, "invalid_file"),
        ({"content": "text", "sha256": "0" * 64}, "hash_mismatch"),
        (encoded(b"caf\xe9 - [ ] no"), "invalid_utf8"),
        (encoded(b"\x89PNG\r\n\x00\x01\x02"), "binary_file"),
        ({"content": "x" * 2000}, "too_large"),
        ({"content": "x", "part": 2, "parts": 2}, "invalid_file"),
        ({"content": "x", "part": 1, "parts": 2}, "not_sent"),
    ],
)
async def test_a_bad_file_is_reported_and_the_others_are_read(
    daemon: RunningDaemon, entry: dict[str, Any], code: str
) -> None:
    async with (
        daemon.started(runs={"file_bytes": 1000}) as api,
        scripted_device(api.url, await api.pair()) as device,
    ):
        await device.hello()
        run_id = await api.start_run(await api.add_agent())
        await device.expect("agent_run")
        files = [{"path": "bad.md", **entry}, {"path": "good.md", "content": TASK}]
        await device.send(type="agent_data", run_id=run_id, seq=1, files=files)
        await device.send(type="agent_complete", run_id=run_id, last_seq=1)
        await device.answer_all(1)
        run = await api.until(run_id)
    assert run["status"] == "partial"
    assert [(error["file"], error["code"]) for error in run["errors"]] == [("bad.md", code)]
    assert run["errors"][0]["message"]
    assert run["coverage"]["failed"] == 1


async def test_a_file_in_parts_is_put_together(daemon: RunningDaemon) -> None:
    async with (
        daemon.started() as api,
        scripted_device(api.url, await api.pair()) as device,
    ):
        await device.hello()
        run_id = await api.start_run(await api.add_agent())
        await device.expect("agent_run")
        pieces = [TASK[:5], TASK[5:12], TASK[12:]]
        for number, piece in enumerate(pieces, 1):
            entry = {
                "path": "a.md",
                "content": piece,
                "part": number,
                "parts": 3,
                "sha256": sha256(TASK),
            }
            await device.send(type="agent_data", run_id=run_id, seq=number, files=[entry])
        await device.send(type="agent_complete", run_id=run_id, last_seq=3)
        (call,) = await device.answer_all(1)
        run = await api.until(run_id)
    assert call["source"]["sha256"] == sha256(TASK)
    assert run["status"] == "success"


async def test_a_wanted_file_that_never_comes_is_reported(daemon: RunningDaemon) -> None:
    async with (
        daemon.started() as api,
        scripted_device(api.url, await api.pair()) as device,
    ):
        await device.hello("manifest")
        run_id = await api.start_run(await api.add_agent())
        await device.expect("agent_run")
        await device.send_manifest(run_id, {"a.md": TASK, "b.md": TASK + "more\n"})
        await device.send_files(run_id, {"a.md": TASK, "nobody-asked.md": "- [ ] No\n"})
        await device.answer_all(1)
        run = await api.until(run_id)
    assert [(error["file"], error["code"]) for error in run["errors"]] == [("b.md", "not_sent")]
    assert run["items_created"] == 1


async def test_what_no_manifest_lists_is_reported_all_the_same(daemon: RunningDaemon) -> None:
    async with (
        daemon.started() as api,
        scripted_device(api.url, await api.pair()) as device,
    ):
        await device.hello("manifest")
        run_id = await api.start_run(await api.add_agent())
        await device.expect("agent_run")
        assert await device.send_manifest(run_id, {}) == []
        refused = {"path": "link.md", "error": "the link leaves the allowed folders"}
        await device.send(type="agent_data", run_id=run_id, seq=1, files=[refused])
        await device.send(type="agent_complete", run_id=run_id, last_seq=1)
        run = await api.until(run_id)
    assert [(error["file"], error["code"]) for error in run["errors"]] == [
        ("link.md", "unreadable")
    ]


async def test_a_file_that_failed_is_read_again_and_its_error_goes(daemon: RunningDaemon) -> None:
    async with (
        daemon.started() as api,
        scripted_device(api.url, await api.pair()) as device,
    ):
        await device.hello("manifest")
        agent_id = await api.add_agent()
        first = await api.start_run(agent_id)
        await device.expect("agent_run")
        await device.send_manifest(first, {"a.md": TASK})
        await device.send(
            type="agent_data", run_id=first, seq=1, files=[{"path": "a.md", "error": "locked"}]
        )
        await device.send(type="agent_complete", run_id=first, last_seq=1)
        assert (await api.until(first))["status"] == "error"

        second = await api.start_run(agent_id)
        await device.expect("agent_run")
        assert await device.send_manifest(second, {"a.md": TASK}) == ["a.md"]
        await device.send_files(second, {"a.md": TASK})
        await device.answer_all(1)
        assert (await api.until(second))["status"] == "success"


async def test_empty_files_are_skipped_once(daemon: RunningDaemon) -> None:
    files = {"empty.md": "", "blank.md": " \n\n"}
    async with (
        daemon.started() as api,
        scripted_device(api.url, await api.pair()) as device,
    ):
        await device.hello("manifest")
        agent_id = await api.add_agent()
        first = await api.start_run(agent_id)
        await device.expect("agent_run")
        await device.send_manifest(first, files)
        await device.send_files(first, files)
        run = await api.until(first)
        second = await api.start_run(agent_id)
        await device.expect("agent_run")
        assert await device.send_manifest(second, files) == []
    assert run["status"] == "success"
    assert run["coverage"]["skipped"] == 2
    assert run["items_processed"] == 0


async def test_the_devices_own_error_is_told(daemon: RunningDaemon) -> None:
    async with (
        daemon.started() as api,
        scripted_device(api.url, await api.pair()) as device,
    ):
        await device.hello()
        run_id = await api.start_run(await api.add_agent())
        await device.expect("agent_run")
        await device.send(type="agent_complete", run_id=run_id, error="~/Notes is outside --allow")
        run = await api.until(run_id)
    assert run["status"] == "error"
    assert run["errors"] == [
        {"file": None, "code": "device_error", "message": "~/Notes is outside --allow"}
    ]
