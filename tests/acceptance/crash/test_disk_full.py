"""A disk that fills up in the middle of a run: said, read on, and gone on with by itself."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest
from crash_site import FILES, RECORDS, CrashSite

FULL = "room 4096"  # below the first frame of a WAL
ROOM_AGAIN = "room -1"


async def status(site: CrashSite, path: str) -> tuple[int, Any]:
    """A GET's status and body."""
    headers = {"Authorization": f"Bearer {site.api_key}"}
    async with (
        aiohttp.ClientSession(headers=headers) as http,
        http.get(site.url + path) as response,
    ):
        return response.status, await response.json()


# When the device has dealt with so many frames: before a file, among the calls, at the end.
@pytest.mark.parametrize("frames", [1, 2, 10, RECORDS + 1])
async def test_a_full_disk_loses_nothing_of_a_run(site: CrashSite, frames: int) -> None:
    expected = site.write_files()
    inserted = len(site.notebook.inserted)
    if not site.alive():
        await asyncio.to_thread(site.start)
    left, full = frames, asyncio.Event()

    def fill() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            site.order(FULL)
            full.set()

    async with site.connected() as (api, device):
        site.on_frame = fill
        run_id = await api.start_run(site.agent_id)
        await full.wait()
        site.on_frame = None
        problem = await api.post("/api/v1/devices/pairings", {}, expect=507)
        assert problem["code"] == "storage_full"
        code, readiness = await status(site, "/health/ready")
        assert (code, readiness["status"]) == (503, "unavailable")
        assert (await status(site, "/health/live"))[0] == 200
        assert (await api.run(run_id))["status"] not in ("success", "error", "partial")
        assert not device.done(), "the device stays connected"

        await asyncio.to_thread(site.order, ROOM_AGAIN)
        # Nothing else has to happen: asking is enough to see it.
        assert (await status(site, "/health/ready"))[0] == 200
        run = await api.until(run_id)
        assert not device.done()

    assert (run["status"], run["errors"]) == ("success", [])
    assert (run["items_processed"], run["items_created"]) == (FILES, RECORDS)
    assert len(site.notebook.inserted) - inserted == RECORDS
    found = {key: times for key, times in site.notebook.titles().items() if key in expected}
    assert found == expected


async def test_a_stop_on_a_full_disk_is_in_time_and_loses_nothing(site: CrashSite) -> None:
    expected = site.write_files()
    if not site.alive():
        await asyncio.to_thread(site.start)
    full = asyncio.Event()

    def fill() -> None:
        site.on_frame = None
        site.order(FULL)
        full.set()

    async with site.connected() as (api, _):
        site.on_frame = fill
        run_id = await api.start_run(site.agent_id)
        await full.wait()
        await asyncio.to_thread(site.close)
    assert site.daemon is not None
    assert site.daemon.returncode == 0
    await asyncio.to_thread(site.start)
    async with site.connected() as (api, _):
        run = await api.until(run_id)
    assert (run["status"], run["errors"]) == ("success", [])
    found = {key: times for key, times in site.notebook.titles().items() if key in expected}
    assert found == expected
