"""A whole daemon finds what is wrong with its own jobs, and keeps its temporary files apart."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path

import aiohttp
from event_client import event_client
from running_daemon import new_daemon
from scripted_device import scripted_device


async def test_a_clean_up_that_fails_is_found_and_its_success_closes_it(tmp_path: Path) -> None:
    daemon = new_daemon(tmp_path)
    flags = {"findings": {"failures_in_row": 1}, "jobs": {"max_retries": 0}}
    async with (
        daemon.started(**flags) as api,
        aiohttp.ClientSession() as http,
        event_client(http, api.url, key=daemon.api_key) as app,
        scripted_device(api.url, await api.pair()) as device,
    ):
        await device.hello("notify")
        await app.subscribe("findings")
        (daemon.data_dir / "tmp").rmdir()
        await api.post("/api/v1/jobs", {"type": "clean_up_temp_files"})
        opened = await app.expect("event")
        notice = await device.expect("tool_call")
        (found,) = (await api.get("/api/v1/findings"))["items"]
        (daemon.data_dir / "tmp").mkdir()
        await api.post("/api/v1/jobs", {"type": "clean_up_temp_files"})
        closed = await app.expect("event")
        left = (await api.get("/api/v1/findings"))["items"]
    assert (opened["name"], closed["name"]) == ("finding.opened", "finding.closed")
    assert (found["kind"], found["subject"]) == ("job_type_failing", "clean_up_temp_files")
    assert found["daemon_wide"] is True
    assert (notice["action"], notice["title"]) == ("notify", found["title"])
    assert left == []


async def test_temporary_files_have_a_directory_of_their_own(tmp_path: Path) -> None:
    daemon = new_daemon(tmp_path)
    async with daemon.started() as api:
        temporary = daemon.data_dir / "tmp"
        assert stat.S_IMODE(temporary.stat().st_mode) == 0o700
        job = (await api.post("/api/v1/jobs", {"type": "clean_up_temp_files"}))["job_id"]
        async with asyncio.timeout(10):
            while (done := await api.get(f"/api/v1/jobs/{job}"))["status"] != "completed":
                pass
    assert done["result"]["counts"] == {"files": 0, "directories": 0, "bytes": 0, "kept": 0}
